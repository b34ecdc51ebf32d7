#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/evaluator.h"
#include "evaluators/metrics/evaluator_spec.h"

namespace assay {

// `embedding_norm` of the output column `embedding`: what a run can say of embeddings that no
// reference judges, so that two models can still be set side by side.
// INVALID_ARGUMENT for an option other than its metric.
absl::StatusOr<std::unique_ptr<const Evaluator>> MakeEmbeddingNorm(const EvaluatorSpec& spec);

// Its metric when there are embeddings; else empty.
std::vector<std::string> EmbeddingNormOptions(const ColumnTypes& columns);

}  // namespace assay
