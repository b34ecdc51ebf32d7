#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/columns.h"

namespace assay::v1 {
class Batch;
}

namespace assay::api {

// Columns of a batch that came in. Checks what has to hold before the buffers can be read: names,
// row count, size, buffers that the type uses and whole items in them; whether the values are in
// order is left to FindFault. INVALID_ARGUMENT names the field: `batch.columns[2].values: ...`.
absl::StatusOr<std::vector<Column>> ColumnsFromBatch(const v1::Batch& batch);

// Writes columns of equal length into `batch`, which is empty.
void ColumnsToBatch(const std::vector<Column>& columns, std::int64_t num_rows, v1::Batch& batch);

}  // namespace assay::api
