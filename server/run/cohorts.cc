#include "server/run/cohorts.h"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <iterator>
#include <numeric>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/run/parallel_for.h"
#include "server/run/run_inputs.h"
#include "server/run/score_columns.h"

namespace assay::run {
namespace {

constexpr std::string_view kCohortPrefix = "cohort.";
constexpr std::size_t kMaxPairValues = 1000;

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

// The pairs of values of two columns that occur, in the order of both.
absl::StatusOr<CohortColumn> Crossed(const std::string& text, const CohortColumn& first,
                                     const CohortColumn& second) {
  const std::size_t num_second = second.values.size();
  std::vector<std::int32_t> number(first.values.size() * num_second, -1);
  const auto cell_of = [&](std::size_t row) -> std::ptrdiff_t {
    const std::int32_t a = first.value_of[row];
    const std::int32_t b = second.value_of[row];
    return a < 0 || b < 0 ? -1 : a * static_cast<std::ptrdiff_t>(num_second) + b;
  };
  for (std::size_t row = 0; row < first.value_of.size(); ++row) {
    if (const std::ptrdiff_t cell = cell_of(row); cell >= 0) {
      number[static_cast<std::size_t>(cell)] = 0;
    }
  }
  CohortColumn crossed;
  for (std::size_t cell = 0; cell < number.size(); ++cell) {
    if (number[cell] >= 0) {
      number[cell] = static_cast<std::int32_t>(crossed.values.size());
      crossed.values.push_back(absl::StrFormat("%s,%s", CohortName(first, cell / num_second),
                                               CohortName(second, cell % num_second)));
    }
  }
  if (crossed.values.size() > kMaxPairValues) {
    return absl::FailedPreconditionError(
        absl::StrFormat("cohort_pairs: '%s' has %d pairs of values, at most %d are compared", text,
                        crossed.values.size(), kMaxPairValues));
  }
  crossed.value_of.reserve(first.value_of.size());
  for (std::size_t row = 0; row < first.value_of.size(); ++row) {
    const std::ptrdiff_t cell = cell_of(row);
    crossed.value_of.push_back(cell < 0 ? -1 : number[static_cast<std::size_t>(cell)]);
  }
  return crossed;
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

absl::StatusOr<std::vector<std::int32_t>> LoadClusters(store::Store& store, store::Id project,
                                                       const store::DatasetVersionRecord& dataset) {
  ASSAY_ASSIGN_OR_RETURN(const std::vector<store::ColumnRecord> columns,
                         ListRowColumns(store, project, dataset.id));
  std::vector<std::int32_t> cluster_of;
  const store::ColumnRecord* const group = FindColumn(columns, "group");
  if (group == nullptr || group->type != ColumnType::kText) {
    return cluster_of;
  }
  cluster_of.reserve(static_cast<std::size_t>(dataset.num_rows));
  ValueNumbers numbers;
  for (std::int64_t number = 0; number * store::kChunkRows < dataset.num_rows; ++number) {
    ASSAY_ASSIGN_OR_RETURN(const Column chunk,
                           store.columns().ReadChunk(project, dataset.id, *group, number));
    ASSAY_RETURN_IF_ERROR(CheckChunk(chunk, *group, number, dataset.num_rows));
    AppendCodes(chunk, numbers, cluster_of);
  }
  return cluster_of;
}

absl::StatusOr<CohortPair> ParseCohortPair(std::string_view text) {
  const std::size_t star = text.find('*');
  CohortPair pair;
  if (star != std::string_view::npos) {
    pair.first = text.substr(0, star);
    pair.second = text.substr(star + 1);
  }
  if (pair.first.empty() || pair.second.empty() || pair.first == pair.second) {
    return absl::InvalidArgumentError(
        absl::StrFormat("cohort_pairs: want COLUMN*COLUMN of two columns, not '%s'", text));
  }
  return pair;
}

absl::Status AddCohortPairs(std::span<const std::string> pairs,
                            std::vector<CohortColumn>& cohorts) {
  const std::size_t num_columns = cohorts.size();
  std::vector<CohortColumn> added;
  for (const std::string& text : pairs) {
    ASSAY_ASSIGN_OR_RETURN(const CohortPair pair, ParseCohortPair(text));
    const CohortColumn* sides[2] = {nullptr, nullptr};
    for (std::size_t i = 0; i < num_columns; ++i) {
      sides[0] = cohorts[i].name == pair.first ? &cohorts[i] : sides[0];
      sides[1] = cohorts[i].name == pair.second ? &cohorts[i] : sides[1];
    }
    if (sides[0] == nullptr || sides[1] == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrFormat("cohort_pairs: no such cohort column: '%s'",
                          sides[0] == nullptr ? pair.first : pair.second));
    }
    ASSAY_ASSIGN_OR_RETURN(CohortColumn column, Crossed(text, *sides[0], *sides[1]));
    added.push_back(std::move(column));
  }
  std::ranges::move(added, std::back_inserter(cohorts));
  return absl::OkStatus();
}

}  // namespace assay::run
