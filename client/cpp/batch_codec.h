#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/columns.h"

namespace assay::v1 {
class Batch;
}

namespace assay::client {

// Columns as the API carries them. The buffers are the same bytes on both sides, little-endian.

// Fills `batch` from `columns`, all of which have the same number of rows.
void EncodeBatch(std::span<const Column> columns, v1::Batch& batch);

// The columns of `batch`. INTERNAL when a buffer's length does not fit, because batches that are
// decoded here come from our own server.
absl::StatusOr<std::vector<Column>> DecodeBatch(const v1::Batch& batch);

// Bytes that `columns` take on the wire, without the framing.
std::int64_t EncodedBytes(std::span<const Column> columns);

// `column` with a dictionary of only the entries that its codes use, in order of first use. Other
// columns come back as they are.
Column WithUsedDictionary(Column column);

}  // namespace assay::client
