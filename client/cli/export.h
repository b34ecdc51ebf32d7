#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/context.h"
#include "evaluators/columns.h"

namespace assay::v1 {
class Batch;
}

namespace assay::cli {

enum class ExportFormat { kJsonl, kCsv, kNpy };

// `jsonl`, `csv`, `npy`.
absl::StatusOr<ExportFormat> ParseExportFormat(std::string_view name);

// Reads rows from `start_row` on; an empty batch at the end.
using ReadBatch = std::function<absl::StatusOr<v1::Batch>(std::int64_t start_row)>;

// Writes `num_rows` rows to standard output as they come. NPY takes exactly one column. With
// `guards_formulas`, CSV cells that a spreadsheet would run get an apostrophe.
absl::Status ExportRows(const Context& context, ExportFormat format, std::int64_t num_rows,
                        bool guards_formulas, const ReadBatch& read);

}  // namespace assay::cli
