#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/evaluator.h"
#include "server/store/store.h"

namespace assay::run {

// Hashes of what every example of a dataset version is, whatever its key and the groups that it is
// put in: all columns but `key`, `cohort.*` and `group`. A column without a value and one that the
// version lacks are the same. Takes 8 bytes a row.
absl::StatusOr<std::vector<std::uint64_t>> HashContents(store::Store& store, store::Id project,
                                                        const store::DatasetVersionRecord& dataset,
                                                        const ParallelFor& parallel_for);

}  // namespace assay::run
