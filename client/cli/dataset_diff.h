#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "evaluators/columns.h"

namespace assay::cli {

// What differs between two versions of a dataset, paired by key.
struct DatasetDiff {
  enum class Kind : std::uint8_t { kChanged, kAdded, kRemoved };
  struct Row {
    std::string key;
    Kind kind = Kind::kChanged;
    std::vector<std::string> columns;  // of kChanged: those that differ
  };

  std::int64_t num_equal = 0;
  std::int64_t num_changed = 0;
  std::int64_t num_added = 0;
  std::int64_t num_removed = 0;
  std::vector<std::int64_t> num_changed_by_column;  // as the columns that were compared
  // The first of them: changed and added ones in the order of the second version, then removed ones
  // in the order of the first.
  std::vector<Row> rows;
};

// "changed", "added", "removed".
std::string_view KindText(DatasetDiff::Kind kind);

// Compares two versions batch by batch: first all batches of one, then all of the other. Keeps of
// the first a hash of 64 bits for each value, so two values are taken for equal wrongly once in
// 10^19 times. Owned by one thread.
class DatasetDiffer {
 public:
  // Compares these columns, which both versions have with equal types; `key` is not among them.
  // Lists at most `max_rows` rows.
  DatasetDiffer(std::vector<std::string> columns, std::size_t max_rows);

  // Batches hold `key` and every compared column, in any order and coding. INTERNAL when one is
  // missing.
  absl::Status AddBefore(const std::vector<Column>& batch);
  absl::Status AddAfter(const std::vector<Column>& batch);
  // After the last batch; called once.
  DatasetDiff Finish();

 private:
  void List(DatasetDiff::Row row);

  const std::vector<std::string> columns_;
  const std::size_t max_rows_;
  std::deque<std::string> keys_;       // of the first version, in order; they stay where they are
  std::vector<std::uint64_t> hashes_;  // of its values, row by row
  std::vector<bool> is_met_;           // its rows that the second version has too
  std::unordered_map<std::string_view, std::size_t> row_of_key_;
  DatasetDiff diff_;
};

}  // namespace assay::cli
