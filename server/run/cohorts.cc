#include "server/run/cohorts.h"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <numeric>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/run/parallel_for.h"
#include "server/run/run_inputs.h"
#include "server/run/score_columns.h"

namespace assay::run {
namespace {

constexpr std::string_view kCohortPrefix = "cohort.";

// Numbers values in the order of their first appearance.
class ValueNumbers {
 public:
  std::int32_t NumberOf(std::string_view value) {
    const auto found = numbers_.find(value);
    if (found != numbers_.end()) {
      return found->second;
    }
    const auto number = static_cast<std::int32_t>(values_.size());
    values_.emplace_back(value);
    numbers_.emplace(values_.back(), number);
    return number;
  }
  std::vector<std::string> values() const { return {values_.begin(), values_.end()}; }

 private:
  std::deque<std::string> values_;
  absl::flat_hash_map<std::string_view, std::int32_t> numbers_;  // Views of values_.
};

void AppendCodes(const Column& chunk, ValueNumbers& numbers, std::vector<std::int32_t>& value_of) {
  if (!chunk.is_coded) {
    for (std::int64_t row = 0; row < chunk.num_rows; ++row) {
      value_of.push_back(chunk.IsValid(row) ? numbers.NumberOf(chunk.Text(row)) : -1);
    }
    return;
  }
  // One look-up an entry that is used, not one a row.
  constexpr std::int32_t kUnknown = -2;
  std::vector<std::int32_t> number_of_code(chunk.text_offsets.size(), kUnknown);
  for (std::int64_t row = 0; row < chunk.num_rows; ++row) {
    if (!chunk.IsValid(row)) {
      value_of.push_back(-1);
      continue;
    }
    const auto code = static_cast<std::size_t>(chunk.codes[static_cast<std::size_t>(row)]);
    if (number_of_code[code] == kUnknown) {
      number_of_code[code] = numbers.NumberOf(chunk.Text(row));
    }
    value_of.push_back(number_of_code[code]);
  }
}

// Puts the values in the order of their bytes.
void SortValues(CohortColumn& cohort) {
  std::vector<std::size_t> order(cohort.values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {},
                    [&](std::size_t i) -> const std::string& { return cohort.values[i]; });
  std::vector<std::int32_t> place(order.size());
  std::vector<std::string> sorted;
  for (std::size_t i = 0; i < order.size(); ++i) {
    place[order[i]] = static_cast<std::int32_t>(i);
    sorted.push_back(std::move(cohort.values[order[i]]));
  }
  cohort.values = std::move(sorted);
  for (std::int32_t& value : cohort.value_of) {
    value = value < 0 ? -1 : place[static_cast<std::size_t>(value)];
  }
}

}  // namespace

absl::StatusOr<std::vector<CohortColumn>> LoadCohorts(store::Store& store, store::Id project,
                                                      const store::DatasetVersionRecord& dataset,
                                                      const ParallelFor& parallel_for) {
  ASSAY_ASSIGN_OR_RETURN(std::vector<store::ColumnRecord> columns,
                         ListRowColumns(store, project, dataset.id));
  std::erase_if(columns, [](const store::ColumnRecord& column) {
    return !column.name.starts_with(kCohortPrefix) || column.type != ColumnType::kText;
  });
  std::ranges::sort(columns, {}, &store::ColumnRecord::name);
  std::vector<CohortColumn> cohorts(columns.size());
  const auto load = [&](std::int64_t i) -> absl::Status {
    const store::ColumnRecord& column = columns[static_cast<std::size_t>(i)];
    CohortColumn& cohort = cohorts[static_cast<std::size_t>(i)];
    cohort.name = column.name.substr(kCohortPrefix.size());
    cohort.value_of.reserve(static_cast<std::size_t>(dataset.num_rows));
    ValueNumbers numbers;
    for (std::int64_t number = 0; number * store::kChunkRows < dataset.num_rows; ++number) {
      ASSAY_ASSIGN_OR_RETURN(const Column chunk,
                             store.columns().ReadChunk(project, dataset.id, column, number));
      ASSAY_RETURN_IF_ERROR(CheckChunk(chunk, column, number, dataset.num_rows));
      AppendCodes(chunk, numbers, cohort.value_of);
    }
    cohort.values = numbers.values();
    SortValues(cohort);
    return absl::OkStatus();
  };
  ASSAY_RETURN_IF_ERROR(ForEach(parallel_for, std::ssize(columns), load));
  return cohorts;
}

std::string CohortName(const CohortColumn& column, std::size_t value) {
  return absl::StrFormat("%s=%s", column.name, column.values[value]);
}

}  // namespace assay::run
