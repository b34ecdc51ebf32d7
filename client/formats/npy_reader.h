#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "client/formats/input_file.h"
#include "client/formats/row_reader.h"

namespace assay::formats {

// What the header of a NumPy file says (numpy.lib.format, versions 1.0 to 3.0).
struct NpyHeaderInfo {
  bool is_float64 = false;  // else float32
  std::int64_t num_rows = 0;
  std::int64_t dimension = 0;
  std::size_t data_begin = 0;  // offset of the first number
};

// INVALID_ARGUMENT, as a problem without its place, unless `bytes` is a whole little-endian f4 or
// f8 matrix in C order of at least one row and 1 to 65,536 columns.
absl::StatusOr<NpyHeaderInfo> ParseNpyHeader(std::string_view bytes);

// The rows of the matrix as the one column `options.npy_column`, of the file's own precision except
// that `features` are float32, rounded to nearest. NaN and infinity are errors. There is no key.
absl::StatusOr<std::unique_ptr<RowReader>> OpenNpy(const InputFile& file,
                                                   const ReaderOptions& options);

}  // namespace assay::formats
