#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "client/formats/row_writer.h"
#include "evaluators/columns.h"
#include "tests/fuzz/read_rows.h"

namespace {

// The rows as text. Columns go by name, because a file has them in the order in which its lines
// bring them, which leaving out null rows may change.
std::string Written(assay::formats::Rows rows) {
  std::sort(rows.columns.begin(), rows.columns.end(),
            [](const assay::Column& a, const assay::Column& b) { return a.name < b.name; });
  std::string text;
  assay::formats::AppendJsonl(rows.columns, text);
  return text;
}

}  // namespace

// What was read and written once is read again as the same rows.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace assay::formats;
  ReaderOptions options;
  options.format = Format::kJsonl;
  options.requires_key = size % 2 == 0;
  const std::optional<Rows> rows = ReadRows({reinterpret_cast<const char*>(data), size}, options);
  if (!rows.has_value() || rows->columns.empty()) {
    return 0;
  }
  const std::string text = Written(*rows);
  const std::optional<Rows> again = ReadRows(text, options);
  Require(again.has_value(), "what was written can be read");
  Require(Written(*again) == text, "rows survive being written");
  return 0;
}
