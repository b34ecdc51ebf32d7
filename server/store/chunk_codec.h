#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/columns.h"
#include "server/store/records.h"

namespace assay::store {

// The storage form of a chunk and its canonical hash.
//
// Canonical form 1, hashed with SHA-256: type, dimension and row count, then the validity bitmap
// (always present, padding bits 0), then per type: list offsets from 0; text as offsets from 0 and
// bytes, dictionaries resolved; numbers little-endian, -0 kept, every NaN 0x7ff8000000000000
// (floats 0x7fc00000). Null rows hold empty or zero values. It does not depend on how a column was
// coded or cut on its way here.

// Encodes rows [begin, end) of `column`, at most kChunkRows of them.
EncodedChunk EncodeChunk(const Column& column, std::int64_t begin, std::int64_t end);

// Reads the storage form back. DATA_LOSS when it is malformed; never reads outside `bytes`.
absl::StatusOr<Column> DecodeChunk(std::string_view bytes);

// Digest of a column from its chunks' hashes, in order: name, type, dimension, row count, hashes.
Digest ColumnDigest(const ColumnRecord& column, std::int64_t num_rows,
                    std::span<const Digest> chunk_hashes);

// Digest of a dataset version: its tables' row counts and its columns' digests by table and name.
// Hidden columns (`$...`) do not count.
Digest ContentDigest(std::int64_t num_rows, std::int64_t num_documents,
                     std::vector<ColumnRecord> columns);

}  // namespace assay::store
