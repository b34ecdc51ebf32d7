#include "client/cli/dataset_diff.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "client/cpp/status_macros.h"

namespace assay::cli {
namespace {

template <typename T>
std::string_view BytesOf(const std::vector<T>& values, std::int64_t begin, std::int64_t end) {
  return {reinterpret_cast<const char*>(values.data() + begin),
          static_cast<std::size_t>(end - begin) * sizeof(T)};
}

std::uint64_t Mix(std::uint64_t sum, std::string_view bytes) {
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15;
  const std::uint64_t hash = std::hash<std::string_view>()(bytes);
  return (sum ^ (hash + kOdd + (sum << 6) + (sum >> 2))) * kOdd;
}

// Of the value itself, however the column is coded. A null is like nothing else.
std::uint64_t HashOf(const Column& column, std::int64_t row) {
  if (!column.IsValid(row)) {
    return 0;
  }
  const bool is_list = IsList(column.type);
  const std::int64_t begin = is_list ? column.ListBegin(row) : row;
  const std::int64_t end = is_list ? column.ListEnd(row) : row + 1;
  std::uint64_t hash = Mix(1, is_list ? absl::StrFormat("%d", end - begin) : std::string("value"));
  if (HasText(column.type)) {
    for (std::int64_t item = begin; item < end; ++item) {
      hash = Mix(hash, column.Text(item));
    }
  }
  const std::int64_t values_begin = begin * std::max(column.dimension, 1);
  const std::int64_t values_end = end * std::max(column.dimension, 1);
  hash = column.int32s.empty() ? hash : Mix(hash, BytesOf(column.int32s, begin, end));
  hash = column.int64s.empty() ? hash : Mix(hash, BytesOf(column.int64s, begin, end));
  hash = column.floats.empty() ? hash : Mix(hash, BytesOf(column.floats, values_begin, values_end));
  return column.doubles.empty() ? hash
                                : Mix(hash, BytesOf(column.doubles, values_begin, values_end));
}

absl::StatusOr<const Column*> Find(const std::vector<Column>& batch, std::string_view name) {
  for (const Column& column : batch) {
    if (column.name == name) {
      return &column;
    }
  }
  return absl::InternalError(absl::StrFormat("the server left out column '%s'", name));
}

struct Batch {
  const Column* keys = nullptr;
  std::vector<const Column*> columns;
};

absl::StatusOr<Batch> Arrange(const std::vector<Column>& batch,
                              const std::vector<std::string>& names) {
  Batch arranged;
  ASSAY_ASSIGN_OR_RETURN(arranged.keys, Find(batch, "key"));
  for (const std::string& name : names) {
    ASSAY_ASSIGN_OR_RETURN(arranged.columns.emplace_back(), Find(batch, name));
  }
  return arranged;
}

}  // namespace

std::string_view KindText(DatasetDiff::Kind kind) {
  switch (kind) {
    case DatasetDiff::Kind::kChanged:
      return "changed";
    case DatasetDiff::Kind::kAdded:
      return "added";
    case DatasetDiff::Kind::kRemoved:
      return "removed";
  }
  return "";
}

DatasetDiffer::DatasetDiffer(std::vector<std::string> columns, std::size_t max_rows)
    : columns_(std::move(columns)), max_rows_(max_rows) {
  diff_.num_changed_by_column.resize(columns_.size());
}

absl::Status DatasetDiffer::AddBefore(const std::vector<Column>& batch) {
  ASSAY_ASSIGN_OR_RETURN(const Batch arranged, Arrange(batch, columns_));
  for (std::int64_t row = 0; row < arranged.keys->num_rows; ++row) {
    keys_.emplace_back(arranged.keys->Text(row));
    row_of_key_.emplace(keys_.back(), keys_.size() - 1);
    for (const Column* column : arranged.columns) {
      hashes_.push_back(HashOf(*column, row));
    }
  }
  is_met_.resize(keys_.size());
  return absl::OkStatus();
}

absl::Status DatasetDiffer::AddAfter(const std::vector<Column>& batch) {
  ASSAY_ASSIGN_OR_RETURN(const Batch arranged, Arrange(batch, columns_));
  for (std::int64_t row = 0; row < arranged.keys->num_rows; ++row) {
    DatasetDiff::Row found{.key = std::string(arranged.keys->Text(row)), .columns = {}};
    const auto before = row_of_key_.find(found.key);
    if (before == row_of_key_.end()) {
      ++diff_.num_added;
      found.kind = DatasetDiff::Kind::kAdded;
      List(std::move(found));
      continue;
    }
    is_met_[before->second] = true;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (HashOf(*arranged.columns[i], row) != hashes_[before->second * columns_.size() + i]) {
        ++diff_.num_changed_by_column[i];
        found.columns.push_back(columns_[i]);
      }
    }
    if (found.columns.empty()) {
      ++diff_.num_equal;
    } else {
      ++diff_.num_changed;
      List(std::move(found));
    }
  }
  return absl::OkStatus();
}

DatasetDiff DatasetDiffer::Finish() {
  for (std::size_t row = 0; row < keys_.size(); ++row) {
    if (!is_met_[row]) {
      ++diff_.num_removed;
      List({.key = keys_[row], .kind = DatasetDiff::Kind::kRemoved, .columns = {}});
    }
  }
  return std::move(diff_);
}

void DatasetDiffer::List(DatasetDiff::Row row) {
  if (diff_.rows.size() < max_rows_) {
    diff_.rows.push_back(std::move(row));
  }
}

}  // namespace assay::cli
