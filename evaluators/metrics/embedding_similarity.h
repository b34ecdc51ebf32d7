#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/evaluator.h"
#include "evaluators/metrics/evaluator_spec.h"

namespace assay {

// `embedding_similarity`: the output `embedding` against the example's `reference_embedding`, each
// of float32 or float64. Its metrics and options: `cosine`, `l2`, `norm_ratio`; without options all
// of them, from one pass. INVALID_ARGUMENT for another.
absl::StatusOr<std::unique_ptr<const Evaluator>> MakeEmbeddingSimilarity(const EvaluatorSpec& spec);

// Options that fit the columns; empty when the evaluator does not.
std::vector<std::string> EmbeddingSimilarityOptions(const ColumnTypes& columns);

}  // namespace assay
