#include "evaluators/metrics/evaluator_spec.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace assay {
namespace {

// Cuts at commas; `\\,` is a comma inside an option.
std::vector<std::string> SplitOptions(std::string_view text) {
  std::vector<std::string> options(1);
  for (const char c : text) {
    std::string& option = options.back();
    if (c != ',') {
      option.push_back(c);
    } else if (option.ends_with('\\')) {
      option.back() = ',';
    } else {
      options.emplace_back();
    }
  }
  return options;
}

bool IsInstanceName(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.';
  });
}

}  // namespace

absl::StatusOr<EvaluatorSpec> ParseEvaluatorSpec(std::string_view text) {
  const std::size_t colon = text.find(':');
  std::string_view name = text.substr(0, colon);
  EvaluatorSpec spec;
  if (const std::size_t equals = name.find('='); equals != std::string_view::npos) {
    spec.instance = name.substr(0, equals);
    name.remove_prefix(equals + 1);
    if (!IsInstanceName(spec.instance)) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "evaluator '%s': an instance name is made of letters, digits, '_', '-' and '.'", text));
    }
  }
  if (name.empty()) {
    return absl::InvalidArgumentError(absl::StrFormat("evaluator '%s': name missing", text));
  }
  spec.name = name;
  if (colon == std::string_view::npos) {
    return spec;
  }
  spec.options = SplitOptions(text.substr(colon + 1));
  if (std::find(spec.options.begin(), spec.options.end(), "") != spec.options.end()) {
    return absl::InvalidArgumentError(absl::StrFormat("evaluator '%s': empty option", text));
  }
  if (spec.options.back().ends_with('\\')) {
    return absl::InvalidArgumentError(
        absl::StrFormat("evaluator '%s': an option may not end in a backslash", text));
  }
  return spec;
}

std::string FormatEvaluatorSpec(const EvaluatorSpec& spec) {
  std::vector<std::string> options;
  for (const std::string& option : spec.options) {
    options.push_back(absl::StrReplaceAll(option, {{",", "\\,"}}));
  }
  return absl::StrFormat("%s%s%s%s%s", spec.instance, spec.instance.empty() ? "" : "=", spec.name,
                         options.empty() ? "" : ":", absl::StrJoin(options, ","));
}

void AddInstance(const EvaluatorSpec& spec, std::vector<MetricDescriptor>& metrics) {
  for (MetricDescriptor& metric : metrics) {
    if (!spec.instance.empty()) {
      metric.id = absl::StrFormat("%s/%s", spec.instance, metric.id);
    }
  }
}

absl::Status MissingColumn(std::string_view side, std::string_view column) {
  return absl::FailedPreconditionError(absl::StrFormat("%s column '%s': missing", side, column));
}

absl::Status WrongColumnType(std::string_view side, std::string_view column, ColumnType type,
                             std::string_view wanted) {
  return absl::FailedPreconditionError(absl::StrFormat("%s column '%s': is %s, must be %s", side,
                                                       column, ColumnTypeName(type), wanted));
}

}  // namespace assay
