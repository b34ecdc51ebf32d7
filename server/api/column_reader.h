#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "evaluators/columns.h"
#include "server/store/column_store.h"
#include "server/store/records.h"

namespace assay::api {

// A stored column to read and how it is called in messages.
struct ColumnSource {
  store::Id owner = 0;
  store::ColumnRecord column;
  std::string owner_text;  // `dataset digits@1`, `output set outputSets/7`
};

// Sources for `names` among the columns of an owner, in the order asked for; all of them for no
// names. Hidden columns (`$...`) and those of another table are left out. INVALID_ARGUMENT
// `columns: dataset digits@1 has no column 'x'`.
absl::StatusOr<std::vector<ColumnSource>> SelectColumns(
    store::Id owner, const std::string& owner_text, const std::vector<store::ColumnRecord>& columns,
    store::Table table, const std::vector<std::string>& names);

// Names of the cohort columns among `columns`, `cohort.*`, in byte order.
std::vector<std::string> CohortColumns(const std::vector<store::ColumnRecord>& columns);

// What a caller wants to see of a table of `num_rows` rows.
struct RowRange {
  std::int64_t start_row = 0;
  std::int64_t max_rows = 0;
};
// Checks and bounds a range that came in: `max_rows` 0 means 4,096, more than 65,536 is lowered.
// INVALID_ARGUMENT when either is negative.
absl::StatusOr<RowRange> MakeRowRange(std::int64_t start_row, std::int32_t max_rows);

struct RowBlock {
  std::vector<Column> columns;
  std::int64_t num_rows = 0;
};

// Rows of `range`, as many as fit into `max_bytes`, at least one unless the range is empty or past
// the end. Dictionaries hold only entries that are used. DATA_LOSS names owner, column and chunk.
// `check_alive` is asked before every chunk; its error ends the work.
absl::StatusOr<RowBlock> ReadRows(const store::ColumnStore& columns, store::Id project,
                                  const std::vector<ColumnSource>& sources, std::int64_t num_rows,
                                  RowRange range, std::int64_t max_bytes,
                                  const std::function<absl::Status()>& check_alive);

// Bytes of the buffers of a column.
std::int64_t BufferBytes(const Column& column);

// How often each value of a text column occurs.
struct ValueCounts {
  std::vector<std::pair<std::string, std::int64_t>> values;  // most frequent first, then by bytes
  std::int64_t null_count = 0;
};
absl::StatusOr<ValueCounts> CountValues(const store::ColumnStore& columns, store::Id project,
                                        const ColumnSource& source, std::int64_t num_rows,
                                        const std::function<absl::Status()>& check_alive);

}  // namespace assay::api
