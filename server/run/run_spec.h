#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/evaluator.h"
#include "server/store/records.h"

namespace assay::run {

// An example takes part when its cohort column holds this value.
struct RowCondition {
  std::string column;  // with "cohort."
  std::string value;
  bool operator==(const RowCondition&) const = default;
};

// Which examples take part: those for which every condition holds.
struct RowFilter {
  std::vector<RowCondition> conditions;  // by column, each once; empty: every example
};

// Reads `cohort.COLUMN=VALUE`, several joined by `,`. The column ends at the first `=`; `\,` and
// `\\` stand for themselves in names and values. INVALID_ARGUMENT names what is wrong.
absl::StatusOr<RowFilter> ParseRowFilter(std::string_view text);

// Canonical text: ParseRowFilter of it gives an equal filter, and equal filters give equal text.
std::string RowFilterText(const RowFilter& filter);

// Digest of what goes into a run: contents of dataset and outputs, filter, evaluators and the
// definition of every metric.
store::Digest RunSpecDigest(const store::Digest& dataset, const store::Digest& outputs,
                            std::string_view row_filter, std::span<const std::string> evaluators,
                            std::span<const MetricDescriptor> metrics);

// What a comparison depends on beside what was asked for.
struct ComparisonFacts {
  std::int64_t baseline_days = 0;     // age of the baseline
  std::int64_t traces_us = 0;         // when the traces were looked at; 0: no gate needs them
  std::int64_t num_spans = 0;         // that the store has of the traces that the outputs name
  std::string baseline_machine = {};  // that measured the outputs
  std::string candidate_machine = {};
};

// Digest of what a comparison was asked for: runs, policy and options, and these facts.
store::Digest ComparisonSpecDigest(const store::ComparisonRecord& comparison,
                                   const ComparisonFacts& facts = {});

}  // namespace assay::run
