#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assay/v1/comparison_service.pb.h"
#include "client/cli/numbers.h"
#include "client/cli/terminal.h"

namespace assay::cli {

// What the reports of a comparison share: its parts in words.

// Optional numbers of the API's messages.
template <class Message, class Has, class Get>
std::optional<double> Optional(const Message& message, Has has, Get get) {
  return (message.*has)() ? std::optional<double>((message.*get)()) : std::nullopt;
}
template <class Message>
std::optional<double> Delta(const Message& message) {
  return Optional(message, &Message::has_delta, &Message::delta);
}
template <class Message>
std::optional<double> Lower(const Message& message) {
  return Optional(message, &Message::has_lower, &Message::lower);
}
template <class Message>
std::optional<double> Upper(const Message& message) {
  return Optional(message, &Message::has_upper, &Message::upper);
}
std::optional<double> P(const v1::Cell& cell);
std::optional<double> Q(const v1::Cell& cell);
std::optional<double> Baseline(const v1::Cell& cell);
std::optional<double> Candidate(const v1::Cell& cell);
std::optional<double> AdjustedP(const v1::GateResult& result);

// How the metric's values are written.
MetricStyle StyleOf(const v1::Metric& metric);
// The metric of that id; nullptr when there is none.
const v1::MetricComparison* FindMetric(const v1::Comparison& comparison, std::string_view id);
// `delta` signed so that worse is negative; 0 for a metric without direction.
double Signed(const v1::Metric& metric, double delta);

// `pass`, `regressed`, `inconclusive`, `refused`; `none` without gates.
std::string_view VerdictWord(v1::Verdict verdict);
// `✗ regressed`: sign and word, so that colour is never alone.
std::string MarkedVerdict(v1::Verdict verdict, bool uses_unicode);
std::optional<Ink> InkOf(v1::Verdict verdict);
// `REGRESSED`; `NO GATE` without gates; `FAILED`.
std::string Headline(const v1::Comparison& comparison);
// The verdict as one sentence, or why there is none.
const std::string& Sentence(const v1::Comparison& comparison);
// `mlp@1 → mlp@2`.
std::string Sides(const v1::Comparison& comparison, bool uses_unicode);
// `digits@1 · 597 paired rows`; the dataset alone where nothing was paired.
std::string DataText(const v1::Comparison& comparison, bool uses_unicode);
// `activation relu → silu; config.seed 1 → 2`.
std::string JoinedDifferences(
    const google::protobuf::RepeatedPtrField<v1::FieldDifference>& differences, bool uses_unicode);

// `clean`, `confounded`, `unproven`.
std::string FairnessWord(const v1::Comparison& comparison);
// Whether the sides may be compared, in words for that check alone: `clean: ...`, `confounded,
// compared nevertheless: ...`, or why not.
std::string FairnessSentence(const v1::Comparison& comparison);
// True when the comparison ended before anything was compared.
bool IsRefusedAtOnce(const v1::Comparison& comparison);
// `weights, dtype`.
std::string JoinedFields(
    const google::protobuf::RepeatedPtrField<v1::FieldDifference>& differences);
// `baseline @main, set 6 days before by ann@ci: release 1.4`, and when it expires.
std::string BaselineText(const v1::BaselineUse& baseline);
// `at least 99 %` for coverage, `at most 1 %` for errors.
std::string BudgetLimit(const v1::BudgetResult& budget);
// How many answers differ: `12 of 10,000 labels differ`, `0.12 %`, ...
std::vector<std::string> BehaviorFacts(const v1::Behavior& behavior);

// The gate on all rows of a metric, of several the one with the worst outcome; nullptr when there
// is none.
const v1::GateResult* OverallGate(const v1::Comparison& comparison, const std::string& metric);
// The metric of a gate; an empty one when the comparison lacks it.
const v1::Metric& MetricOf(const v1::Comparison& comparison, const v1::Gate& gate);
// `critical`, `supporting`, `advisory`.
std::string TierWord(v1::Gate::Tier tier);
// `✗ regressed`, and the tier where it is not critical: `✗ regressed (advisory)`.
std::string MarkedOutcome(const v1::GateResult& result, bool uses_unicode);
// `accuracy` or `accuracy, digit=8`.
std::string GateName(const v1::Gate& gate);
// The largest worsening that a gate accepts, in the metric's unit: `-1.00 pp`, or `+5.0 µs` where
// larger is worse.
std::string LimitText(const v1::Gate& gate, const v1::Metric& metric);
// `90 % CI` at alpha 0.05: the interval whose ends are the gates' one-sided bounds.
std::string GateIntervalTitle(const v1::Comparison& comparison);

// What stands behind the interval and p of each metric over all rows, a line for each that has
// something to say: `accuracy: effect size -0.18, 80 % power for 1.61 pp; permutation p = 0.0098 ±
// 0.00099 (Monte-Carlo error, 10,000 draws); 20 clusters are fewer than 30: ...`. What several
// metrics all say comes once, at the end.
std::vector<std::string> EvidenceLines(const v1::Comparison& comparison, bool uses_unicode);

// The metric whose cohorts are worth showing: of the worst gate, else the one rows are counted by,
// else the first with cohorts; nullptr when there are none.
const v1::MetricComparison* CohortMetric(const v1::Comparison& comparison);

// The metric that rows are counted by; empty when there is none.
std::string RowMetric(const v1::Comparison& comparison);
// How rows fared by that metric: `broken 14`, `fixed 0`, ...
std::vector<std::string> RowFacts(const v1::Comparison& comparison);

}  // namespace assay::cli
