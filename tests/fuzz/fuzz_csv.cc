#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "client/formats/row_writer.h"
#include "tests/fuzz/read_rows.h"

// The first line maps columns: `KEY;LABEL;INPUT;FEATURES;COHORT`. What was read and written once is
// read again as the same rows.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace assay::formats;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) {
    return 0;
  }
  std::string_view names = text.substr(0, end);
  text.remove_prefix(end + 1);
  const auto next = [&names] {
    const std::size_t semicolon = names.find(';');
    std::string name(names.substr(0, semicolon));
    names = semicolon == std::string_view::npos ? "" : names.substr(semicolon + 1);
    return name;
  };
  ReaderOptions options;
  options.format = Format::kCsv;
  options.requires_key = size % 2 == 0;
  options.mapping.key = next();
  options.mapping.label = next();
  options.mapping.input = next();
  options.mapping.features = next();
  while (!names.empty()) {
    options.mapping.cohorts.push_back(next());
  }
  const std::optional<Rows> rows = ReadRows(text, options);
  if (!rows.has_value() || rows->columns.empty()) {
    return 0;
  }
  const CsvOptions exact = {.guards_formulas = false};
  std::string written;
  AppendCsvHeader(rows->columns, exact, written);
  AppendCsv(rows->columns, exact, written);
  options.mapping = {};
  const std::optional<Rows> again = ReadRows(written, options);
  Require(again.has_value(), "what was written can be read");
  std::string written_again;
  AppendCsvHeader(again->columns, exact, written_again);
  AppendCsv(again->columns, exact, written_again);
  Require(written_again == written, "rows survive being written");
  return 0;
}
