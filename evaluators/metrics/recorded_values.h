#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/evaluator.h"
#include "evaluators/metrics/evaluator_spec.h"

namespace assay {

// Metrics that outputs bring with them as float64 or int64 columns. A row without a value, and NaN
// or infinity, is undefined.

// `latency`: metric `latency_us`, microseconds, lower is better. `cost`: metric `cost`, lower is
// better. The option is the metric.
absl::StatusOr<std::unique_ptr<const Evaluator>> MakeLatency(const EvaluatorSpec& spec);
absl::StatusOr<std::unique_ptr<const Evaluator>> MakeCost(const EvaluatorSpec& spec);

// `score`: each option `NAME`, `NAME:higher` or `NAME:lower` is a metric `score.NAME` from the
// output column of that name; higher is better unless said. INVALID_ARGUMENT without options, or
// when one column is to be both.
absl::StatusOr<std::unique_ptr<const Evaluator>> MakeScore(const EvaluatorSpec& spec);

// Options that fit the columns; empty when the evaluator does not. A column whose name holds `,` or
// `:` cannot be named in a specification and is left out.
std::vector<std::string> LatencyOptions(const ColumnTypes& columns);
std::vector<std::string> CostOptions(const ColumnTypes& columns);
std::vector<std::string> ScoreOptions(const ColumnTypes& columns);

}  // namespace assay
