#include <cstddef>
#include <cstdint>
#include <optional>

#include "tests/fuzz/read_rows.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace assay::formats;
  ReaderOptions options;
  options.format = Format::kTrecRun;
  const std::optional<Rows> rows = ReadRows({reinterpret_cast<const char*>(data), size}, options);
  if (rows.has_value()) {
    Require(rows->num_rows > 0, "a file without rows is an error");
    for (std::int64_t row = 0; row < rows->num_rows; ++row) {
      Require(rows->columns[1].ListBegin(row) < rows->columns[1].ListEnd(row),
              "every query has a document");
    }
  }
  return 0;
}
