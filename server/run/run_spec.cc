#include "server/run/run_spec.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/run/field_digest.h"

namespace assay::run {
namespace {

constexpr std::string_view kCohortPrefix = "cohort.";

// Cuts at commas that no backslash precedes. The parts keep their backslashes.
std::vector<std::string_view> SplitConditions(std::string_view text) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == ',') {
      parts.push_back(text.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  parts.push_back(text.substr(begin));
  return parts;
}

absl::StatusOr<std::string> Unescape(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
      if (i == text.size() || (text[i] != ',' && text[i] != '\\')) {
        return absl::InvalidArgumentError(absl::StrFormat(
            "row_filter: a backslash stands before ',' or '\\' only, in '%s'", text));
      }
    }
    plain.push_back(text[i]);
  }
  return plain;
}

std::string Escape(std::string_view plain) {
  std::string text;
  for (const char c : plain) {
    if (c == ',' || c == '\\') {
      text.push_back('\\');
    }
    text.push_back(c);
  }
  return text;
}

absl::StatusOr<RowCondition> ParseCondition(std::string_view part) {
  const std::size_t equals = part.find('=');
  if (equals == std::string_view::npos || !part.starts_with(kCohortPrefix) ||
      equals == kCohortPrefix.size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("row_filter: want cohort.COLUMN=VALUE, not '%s'", part));
  }
  RowCondition condition;
  ASSAY_ASSIGN_OR_RETURN(condition.column, Unescape(part.substr(0, equals)));
  ASSAY_ASSIGN_OR_RETURN(condition.value, Unescape(part.substr(equals + 1)));
  return condition;
}

}  // namespace

absl::StatusOr<RowFilter> ParseRowFilter(std::string_view text) {
  RowFilter filter;
  if (text.empty()) {
    return filter;
  }
  for (const std::string_view part : SplitConditions(text)) {
    ASSAY_ASSIGN_OR_RETURN(RowCondition condition, ParseCondition(part));
    const auto same_column = [&](const RowCondition& other) {
      return other.column == condition.column;
    };
    const auto earlier = std::ranges::find_if(filter.conditions, same_column);
    if (earlier == filter.conditions.end()) {
      filter.conditions.push_back(std::move(condition));
    } else if (earlier->value != condition.value) {
      return absl::InvalidArgumentError(
          absl::StrFormat("row_filter: no row has both %s=%s and %s=%s", earlier->column,
                          earlier->value, condition.column, condition.value));
    }
  }
  std::ranges::sort(filter.conditions, {}, &RowCondition::column);
  return filter;
}

std::string RowFilterText(const RowFilter& filter) {
  std::string text;
  for (const RowCondition& condition : filter.conditions) {
    text.append(text.empty() ? "" : ",");
    text.append(absl::StrFormat("%s=%s", Escape(condition.column), Escape(condition.value)));
  }
  return text;
}

store::Digest RunSpecDigest(const store::Digest& dataset, const store::Digest& outputs,
                            std::string_view row_filter, std::span<const std::string> evaluators,
                            std::span<const MetricDescriptor> metrics) {
  FieldDigest digest("assay.run/1");
  digest.AddDigest(dataset);
  digest.AddDigest(outputs);
  digest.AddText(row_filter);
  digest.AddNumber(std::ssize(evaluators));
  for (const std::string& evaluator : evaluators) {
    digest.AddText(evaluator);
  }
  digest.AddNumber(std::ssize(metrics));
  for (const MetricDescriptor& metric : metrics) {
    digest.AddText(metric.id);
    digest.AddText(metric.definition_id);
  }
  return digest.Finish();
}

store::Digest ComparisonSpecDigest(const store::ComparisonRecord& comparison,
                                   const ComparisonFacts& facts) {
  const Policy& policy = comparison.policy;
  FieldDigest digest("assay.comparison/4");
  digest.AddNumber(comparison.baseline_run_id);
  digest.AddNumber(comparison.candidate_run_id);
  digest.AddText(policy.source);
  digest.AddReal(policy.alpha);
  digest.AddNumber(static_cast<std::int64_t>(policy.correction));
  digest.AddNumber(policy.min_rows);
  digest.AddReal(policy.min_coverage);
  digest.AddReal(policy.max_error_rate);
  digest.AddNumber(comparison.allow_confounded ? 1 : 0);
  digest.AddNumber(comparison.find_slices ? 1 : 0);
  digest.AddNumber(comparison.baseline_id);
  digest.AddNumber(facts.baseline_days);
  digest.AddNumber(facts.traces_us);
  digest.AddNumber(facts.num_spans);
  digest.AddText(facts.baseline_machine);
  digest.AddText(facts.candidate_machine);
  digest.AddNumber(policy.warmup_rows.value_or(-1));
  for (const std::vector<std::string>* const texts :
       {&policy.allow_changed, &comparison.cohort_pairs}) {
    digest.AddNumber(std::ssize(*texts));
    for (const std::string& text : *texts) {
      digest.AddText(text);
    }
  }
  digest.AddNumber(std::ssize(policy.gates));
  for (const Gate& gate : policy.gates) {
    digest.AddText(gate.metric);
    digest.AddText(gate.cohort);
    digest.AddNumber(static_cast<std::int64_t>(gate.kind));
    digest.AddReal(gate.limit);
    digest.AddNumber(static_cast<std::int64_t>(gate.tier));
    digest.AddReal(gate.alpha);
    digest.AddNumber(gate.min_rows.value_or(0));
  }
  return digest.Finish();
}

}  // namespace assay::run
