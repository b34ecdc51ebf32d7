#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "client/formats/row_writer.h"
#include "tests/fuzz/read_rows.h"

// What was read and written once is read again as the same rows.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace assay::formats;
  ReaderOptions options;
  options.format = Format::kJsonl;
  options.requires_key = size % 2 == 0;
  const std::optional<Rows> rows = ReadRows({reinterpret_cast<const char*>(data), size}, options);
  if (!rows.has_value()) {
    return 0;
  }
  std::string text;
  AppendJsonl(rows->columns, text);
  if (rows->columns.empty()) {
    return 0;
  }
  const std::optional<Rows> again = ReadRows(text, options);
  Require(again.has_value(), "what was written can be read");
  Require(again->columns.size() == rows->columns.size(), "no column is lost");
  std::string text_again;
  AppendJsonl(again->columns, text_again);
  // Columns come in the order in which lines have them, which null rows may change.
  Require(text_again.size() == text.size(), "rows survive being written");
  return 0;
}
