#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/evaluator.h"
#include "server/run/run_inputs.h"
#include "server/store/store.h"

namespace assay::run {

// The column that holds the answers of two output sets: "label", else "ranking", else "text"; the
// first that both have. Empty: none.
std::string AnswerColumn(const RunInputs& baseline, const RunInputs& candidate);

// One answer an example, as a hash; 0 where there is none: no output, only errors, an empty
// ranking. The answer of a ranking is its first document, by score and then by document id as
// rankings are scored. Of several outputs the most frequent answer counts, the earlier of two that
// are equally frequent. Takes 8 bytes an example and 8 an output.
absl::StatusOr<std::vector<std::uint64_t>> LoadAnswers(store::Store& store, const RunInputs& inputs,
                                                       const std::string& column,
                                                       const ParallelFor& parallel_for);

}  // namespace assay::run
