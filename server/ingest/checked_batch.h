#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "evaluators/columns.h"
#include "server/ingest/standard_columns.h"
#include "server/store/records.h"

namespace assay::ingest {

// A batch has at most this many rows.
inline constexpr std::int64_t kMaxBatchRows = 65'536;
// A table has at most this many columns.
inline constexpr std::size_t kMaxColumns = 1024;

// What is wrong with a batch.
struct BatchFault {
  std::string column{};   // empty: the batch as a whole
  std::int64_t row = -1;  // within the batch; -1: the column as a whole
  std::string problem{};
};

// A batch after everything that can be checked and computed without knowing the rows before it.
struct CheckedBatch {
  store::Table table = store::Table::kRows;
  std::int64_t num_rows = 0;
  std::vector<Column> columns;
  // Tells a repeat of a batch from another batch: XXH3-128 of table, columns and buffers as they
  // came in the first 16 bytes, zeros after. Not for content that must resist forgery.
  store::Digest content{};
  std::vector<std::uint64_t> key_hashes;  // KeyHash of column `key`, a row each; empty with a fault
  std::optional<BatchFault> fault;        // the first one; absent when all is well
};

// Checks rows of `kind`: row and column counts, names, standard types, buffers, keys present,
// numbers finite where they must be.
CheckedBatch CheckBatch(RowKind kind, store::Table table, std::vector<Column> columns,
                        std::int64_t num_rows);

// Appends KeyHash of every row of a well-formed text column.
void AppendKeyHashes(const Column& keys, std::vector<std::uint64_t>& hashes);

// Memory that the values of `columns` take, bytes.
std::int64_t SizeBytes(const std::vector<Column>& columns);

}  // namespace assay::ingest
