#include "evaluators/compare/self_test.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "evaluators/compare/gate_evidence.h"
#include "evaluators/compare/paired_summary.h"
#include "evaluators/statistics/multiplicity.h"
#include "evaluators/statistics/philox.h"

namespace assay {
namespace {

void RunSerially(std::int64_t n, const std::function<void(std::int64_t)>& body) {
  for (std::int64_t i = 0; i < n; ++i) {
    body(i);
  }
}

struct Alarms {
  bool uncorrected = false;
  bool holm = false;
  bool overall = false;
};

// Swaps the sides of rows where the bit of the row, or of its cluster, is set.
void Swap(const RandomSource& source, std::uint32_t pair, std::span<const std::int32_t> cluster_of,
          std::vector<double>& baseline, std::vector<double>& candidate) {
  // Rows have the first half of the block numbers, clusters the second.
  const auto is_set = [&](std::uint32_t number, std::uint32_t first_block) {
    const PhiloxCounter words =
        Philox(source.Counter(pair, first_block + number / 128), source.Key());
    return (words[number / 32 % 4] >> (number % 32) & 1U) != 0;
  };
  if (cluster_of.empty()) {
    for (std::uint32_t row = 0; row < baseline.size(); row += 128) {
      const PhiloxCounter words = Philox(source.Counter(pair, row / 128), source.Key());
      for (std::uint32_t i = row; i < std::min<std::size_t>(row + 128, baseline.size()); ++i) {
        if ((words[i / 32 % 4] >> (i % 32) & 1U) != 0) {
          std::swap(baseline[i], candidate[i]);
        }
      }
    }
    return;
  }
  for (std::uint32_t row = 0; row < baseline.size(); ++row) {
    const std::int32_t cluster = cluster_of[row];
    if (cluster >= 0 ? is_set(static_cast<std::uint32_t>(cluster), std::uint32_t{1} << 31)
                     : is_set(row, 0)) {
      std::swap(baseline[row], candidate[row]);
    }
  }
}

// Rows that are paired, close together; swapping moves values, and both sides are defined.
struct PairedRows {
  std::vector<double> baseline;
  std::vector<double> candidate;
  std::vector<std::uint8_t> defined;
  std::vector<CohortColumn> cohorts;
  std::vector<std::int32_t> cluster_of;
};

PairedRows Collect(const PairedScores& scores, std::span<const CohortColumn> cohorts,
                   std::span<const std::int32_t> cluster_of) {
  PairedRows paired;
  for (const CohortColumn& cohort : cohorts) {
    paired.cohorts.push_back({.name = cohort.name, .values = cohort.values, .value_of = {}});
  }
  for (std::size_t row = 0; row < scores.baseline.size(); ++row) {
    if ((scores.baseline_defined[row] & scores.candidate_defined[row]) == 0) {
      continue;
    }
    paired.baseline.push_back(scores.baseline[row]);
    paired.candidate.push_back(scores.candidate[row]);
    for (std::size_t i = 0; i < cohorts.size(); ++i) {
      paired.cohorts[i].value_of.push_back(cohorts[i].value_of[row]);
    }
    if (!cluster_of.empty()) {
      paired.cluster_of.push_back(cluster_of[row]);
    }
  }
  paired.defined.assign(paired.baseline.size(), 1);
  return paired;
}

Alarms Judge(const MetricDescriptor& metric, std::span<const PairedSummary> summaries, double alpha,
             std::int64_t min_rows) {
  std::vector<double> p;
  for (const PairedSummary& summary : summaries) {
    if (ByCluster(summary).num_rows < min_rows) {
      continue;
    }
    const std::optional<GateBounds> bounds = BoundsOf(MakeGateEvidence(summary, metric), 0, alpha);
    p.push_back(bounds.has_value() ? bounds->p : 1);
  }
  const auto is_alarm = [alpha](double value) { return value <= alpha; };
  const std::vector<double> adjusted = HolmAdjusted(p);
  return {.uncorrected = std::any_of(p.begin(), p.end(), is_alarm),
          .holm = std::any_of(adjusted.begin(), adjusted.end(), is_alarm),
          .overall = !p.empty() && ByCluster(summaries[0]).num_rows >= min_rows && is_alarm(p[0])};
}

FalseAlarms Rate(std::int64_t num_pairs, std::int64_t num_alarms, double alpha) {
  return {.num_pairs = num_pairs,
          .num_alarms = num_alarms,
          .rate = static_cast<double>(num_alarms) / static_cast<double>(num_pairs),
          .interval = {ClopperPearsonLower(num_alarms, num_pairs, alpha),
                       ClopperPearsonUpper(num_alarms, num_pairs, alpha)}};
}

}  // namespace

absl::StatusOr<SelfTest> RunSelfTest(const PairedScores& scores,
                                     std::span<const CohortColumn> cohorts,
                                     const ParallelFor& parallel_for, std::int64_t num_pairs,
                                     double alpha, const TestOptions& options,
                                     std::int64_t min_rows) {
  if (!(alpha > 0 && alpha < 0.5)) {
    return absl::InvalidArgumentError(absl::StrFormat("alpha: must be in (0, 0.5): %g", alpha));
  }
  if (num_pairs < 1) {
    return absl::InvalidArgumentError(absl::StrFormat("pairs: must be positive: %d", num_pairs));
  }
  if (scores.metric.direction == Direction::kNone) {
    return absl::InvalidArgumentError(
        absl::StrFormat("metric: has no better or worse: '%s'", scores.metric.id));
  }
  const PairedRows paired = Collect(scores, cohorts, options.cluster_of);
  const auto summarize = [&](std::span<const double> baseline, std::span<const double> candidate) {
    const PairedScores pairs{.metric = scores.metric,
                             .baseline = baseline,
                             .candidate = candidate,
                             .baseline_defined = paired.defined,
                             .candidate_defined = paired.defined};
    return SummarizePairs(pairs, paired.cohorts, RunSerially, paired.cluster_of);
  };
  const auto can_be_judged = [min_rows](const PairedSummary& summary) {
    return ByCluster(summary).num_rows >= min_rows;
  };
  if (const PairedSummary whole = summarize(paired.baseline, paired.candidate)[0];
      !can_be_judged(whole)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s: %d with a score on both sides are fewer than %d",
        whole.num_clusters > 0 ? "groups" : "rows", ByCluster(whole).num_rows, min_rows));
  }
  const RandomSource source{.seed = options.seed, .stream = StreamOf("aa/" + scores.metric.id)};
  std::vector<Alarms> alarms(static_cast<std::size_t>(num_pairs));
  std::vector<std::int64_t> num_gates(alarms.size());
  parallel_for(num_pairs, [&](std::int64_t pair) {
    std::vector<double> baseline = paired.baseline;
    std::vector<double> candidate = paired.candidate;
    Swap(source, static_cast<std::uint32_t>(pair), paired.cluster_of, baseline, candidate);
    const std::vector<PairedSummary> summaries = summarize(baseline, candidate);
    const auto at = static_cast<std::size_t>(pair);
    alarms[at] = Judge(scores.metric, summaries, alpha, min_rows);
    num_gates[at] = std::count_if(summaries.begin(), summaries.end(), can_be_judged);
  });
  const auto count = [&](bool Alarms::*kind) {
    return std::count_if(alarms.begin(), alarms.end(),
                         [kind](const Alarms& each) { return each.*kind; });
  };
  return SelfTest{.num_rows = static_cast<std::int64_t>(paired.baseline.size()),
                  .num_gates = num_gates[0],
                  .alpha = alpha,
                  .seed = options.seed,
                  .uncorrected = Rate(num_pairs, count(&Alarms::uncorrected), alpha),
                  .holm = Rate(num_pairs, count(&Alarms::holm), alpha),
                  .overall = Rate(num_pairs, count(&Alarms::overall), alpha)};
}

}  // namespace assay
