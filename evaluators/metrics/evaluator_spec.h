#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/evaluator.h"

namespace assay {

// A specification `[INSTANCE=]NAME[:OPTION,...]`, taken apart. A comma in an option is written
// `\,`; no option ends in a backslash.
struct EvaluatorSpec {
  std::string instance;  // empty: none
  std::string name;
  std::vector<std::string> options;
};

// INVALID_ARGUMENT when an instance is not made of letters, digits, `_`, `-` and `.`, or when the
// name or an option is empty or an option ends in a backslash.
absl::StatusOr<EvaluatorSpec> ParseEvaluatorSpec(std::string_view text);
std::string FormatEvaluatorSpec(const EvaluatorSpec& spec);

// Puts `INSTANCE/` before the id of every metric, when there is an instance.
void AddInstance(const EvaluatorSpec& spec, std::vector<MetricDescriptor>& metrics);

// FAILED_PRECONDITION for an example or output column (`side` says which) that is missing or has a
// type that an evaluator cannot read; `wanted` names those that it can.
absl::Status MissingColumn(std::string_view side, std::string_view column);
absl::Status WrongColumnType(std::string_view side, std::string_view column, ColumnType type,
                             std::string_view wanted);

}  // namespace assay
