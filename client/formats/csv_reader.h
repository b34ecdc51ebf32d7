#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "client/formats/input_file.h"
#include "client/formats/row_reader.h"

namespace assay::formats {

// Rows of a table with a header, RFC 4180 (csv_records.h), columns as csv_mapping.h maps them. An
// empty cell without quotes is null. Cells are text and kept as they are, save for standard columns
// of another type: numbers are decimal; vectors, tokens, references, ranking and relevance are JSON
// in their cell, as jsonl_reader.h has them, and left out when no row has one.
absl::StatusOr<std::unique_ptr<RowReader>> OpenCsv(const InputFile& file,
                                                   const ReaderOptions& options, char delimiter);

}  // namespace assay::formats
