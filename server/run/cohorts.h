#pragma once

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

// "COLUMN=VALUE", as summaries and cells name a cohort.
std::string CohortName(const CohortColumn& column, std::size_t value);

}  // namespace assay::run
