#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/compare/comparison.h"
#include "evaluators/evaluator.h"
#include "server/store/store.h"

namespace assay::run {

// The cohort columns of a dataset version over all of its rows, by name; the values of each in the
// order of their bytes. Takes 4 bytes a row and column.
absl::StatusOr<std::vector<CohortColumn>> LoadCohorts(store::Store& store, store::Id project,
                                                      const store::DatasetVersionRecord& dataset,
                                                      const ParallelFor& parallel_for);

// The cluster of every row by the column `group`: a number, -1 for a row without a value. Empty
// when the version has no such column.
absl::StatusOr<std::vector<std::int32_t>> LoadClusters(store::Store& store, store::Id project,
                                                       const store::DatasetVersionRecord& dataset);

// Columns of a pair `COLUMN*COLUMN`, without "cohort.". INVALID_ARGUMENT for anything else and for
// a column with itself.
struct CohortPair {
  std::string first;
  std::string second;
};
absl::StatusOr<CohortPair> ParseCohortPair(std::string_view text);

// Adds a column for every pair, whose values are the pairs of values that occur, named
// "FIRST=VALUE,SECOND=VALUE". INVALID_ARGUMENT for an unknown column; FAILED_PRECONDITION for a
// pair of more than 1,000 values.
absl::Status AddCohortPairs(std::span<const std::string> pairs, std::vector<CohortColumn>& cohorts);

}  // namespace assay::run
