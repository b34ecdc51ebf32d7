#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/evaluator.h"
#include "evaluators/metrics/calibration.h"
#include "evaluators/metrics/normalized_text.h"

namespace assay {

// What ground_truth_match computes, in canonical order: metrics with row scores first.
enum class MatchKind : std::uint8_t {
  kAccuracy,
  kAccuracyAtK,
  kExactMatch,
  kNormalizedMatch,
  kSquadExactMatch,
  kSquadF1,
  kContains,
  kRegexMatch,
  kNumericMatch,
  kJsonMatch,
  kLevenshteinRatio,
  kNll,
  kBrier,
  kBrierTop1,
  kMacroF1,  // the first corpus metric
  kMicroF1,
  kWeightedF1,
  kBalancedAccuracy,
  kMcc,
  kPrecision,
  kRecall,
  kF1,
  kSupport,
  kEce,
  kEceMass,
  kAuc,
  kAucOvr,
  kAucOfClass,
};

struct MatchMetric {
  MatchKind kind = MatchKind::kAccuracy;
  int k = 0;          // kAccuracyAtK
  std::string label;  // metrics of one class

  bool operator==(const MatchMetric&) const = default;
};

inline bool IsCorpus(MatchKind kind) { return kind >= MatchKind::kMacroF1; }
// Computed from labels: from counts of (label, predicted label).
inline bool CountsLabels(MatchKind kind) {
  return kind >= MatchKind::kMacroF1 && kind <= MatchKind::kSupport;
}
// Reads an output's text.
inline bool ReadsText(MatchKind kind) {
  return kind >= MatchKind::kExactMatch && kind <= MatchKind::kLevenshteinRatio;
}
// Reads an output's probabilities or logits.
inline bool ReadsScores(MatchKind kind) {
  return kind == MatchKind::kAccuracyAtK ||
         (kind >= MatchKind::kNll && kind <= MatchKind::kBrierTop1) || kind >= MatchKind::kEce;
}

// The metrics of one ground_truth_match and their settings.
struct MatchPlan {
  std::vector<MatchMetric> metrics;  // in canonical order, each once
  bool has_every_class = false;      // `per_class`: metrics holds those of every label
  std::vector<std::string> labels;   // declared; the components of probabilities, in order
  std::string positive;              // of `auc`
  NormalizationSteps steps = kDefaultSteps;
  double absolute_tolerance = 0;
  double relative_tolerance = 0;
  std::string pattern;  // empty: the accepted answers are the patterns
  double clip = 1e-15;
  int num_bins = 15;
  BinEdges edges = BinEdges::kRightClosed;
};

// INVALID_ARGUMENT names the option that is unknown, malformed, missing or of no use.
absl::StatusOr<MatchPlan> ParseMatchPlan(const std::vector<std::string>& options);
// Options that ParseMatchPlan makes the same plan of, in canonical order.
std::vector<std::string> MatchOptions(const MatchPlan& plan);

MetricDescriptor DescribeMatch(const MatchMetric& metric, const MatchPlan& plan);

// Options that together give every metric, with settings as an example.
std::vector<std::string> EveryMatchOption();

}  // namespace assay
