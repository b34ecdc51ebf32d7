#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "client/formats/row_writer.h"
#include "tests/fuzz/read_rows.h"

// A matrix that was read is written as the same numbers.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace assay::formats;
  ReaderOptions options;
  options.format = Format::kNpy;
  options.npy_column = "embedding";
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::optional<Rows> rows = ReadRows(bytes, options);
  if (!rows.has_value()) {
    return 0;
  }
  std::string numbers;
  Require(AppendNpy(rows->columns[0], numbers).ok(), "a matrix can be written");
  Require(bytes.ends_with(numbers), "numbers survive being written");
  absl::StatusOr<std::string> file = NpyHeader(rows->columns[0], rows->num_rows);
  Require(file.ok(), "a matrix can be written");
  Require(ReadRows(*file + numbers, options).has_value(), "what was written can be read");
  return 0;
}
