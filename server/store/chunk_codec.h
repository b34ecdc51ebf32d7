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
// Canonical form 1, hashed with SHA-256: type (u8), dimension (u32) and row count (u64), then the
// validity bitmap (always present, padding bits 0), then per type: list offsets (u32) from 0; text
// as offsets from 0 (u32, modulo 2^32) and bytes, dictionaries resolved; numbers, -0 kept, every
// NaN 0x7ff8000000000000 (floats 0x7fc00000). All little-endian. Null rows hold empty or zero
// values. It does not depend on how a column was coded or cut on its way here.

// Encodes rows [begin, end) of `column`, at most kChunkRows of them.
EncodedChunk EncodeChunk(const Column& column, std::int64_t begin, std::int64_t end);

// Reads the storage form back. DATA_LOSS when it is malformed; never reads outside `bytes`.
absl::StatusOr<Column> DecodeChunk(std::string_view bytes);

// Digest of a column from its chunks' hashes, in order. SHA-256 of "assay.column/1", the name
// behind its length (u64), type (u8), dimension (u32), row count (u64), number of hashes (u64),
// hashes.
Digest ColumnDigest(const ColumnRecord& column, std::int64_t num_rows,
                    std::span<const Digest> chunk_hashes);

// Digest of a dataset version. SHA-256 of "assay.content/1", rows, documents and number of columns
// (u64 each), then, by table and name: table (u8), the name behind its length (u64), digest. Hidden
// columns (`$...`) do not count.
Digest ContentDigest(std::int64_t num_rows, std::int64_t num_documents,
                     std::vector<ColumnRecord> columns);

}  // namespace assay::store
