#include "evaluators/compare/gate_target.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "evaluators/compare/paired_summary.h"

namespace assay {
namespace {

absl::Status CheckLimit(const Gate& gate, std::size_t index) {
  if (!std::isfinite(gate.limit) || gate.limit < 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("gates[%d].%s: must be finite and not "
                        "negative: %g",
                        index, LimitName(gate.kind), gate.limit));
  }
  const bool is_share = gate.kind == LimitKind::kMaxFlips || gate.kind == LimitKind::kMaxChanged;
  if (is_share && gate.limit > 1) {
    return absl::InvalidArgumentError(absl::StrFormat("gates[%d].%s: is a share, at most 1: %g",
                                                      index, LimitName(gate.kind), gate.limit));
  }
  if (gate.kind == LimitKind::kMaxRelativeDrop && gate.limit >= 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("gates[%d].max_relative_drop: is a share below 1: %g", index, gate.limit));
  }
  return absl::OkStatus();
}

// The cell of a cohort in the order of SummarizePairs.
absl::StatusOr<std::size_t> FindCell(const Gate& gate, std::size_t index,
                                     std::span<const CohortColumn> cohorts) {
  if (gate.cohort.empty()) {
    return 0;
  }
  std::size_t cell = 1;
  for (const CohortColumn& cohort : cohorts) {
    for (std::size_t value = 0; value < cohort.values.size(); ++value, ++cell) {
      if (CohortName(cohort, value) == gate.cohort) {
        return cell;
      }
    }
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "gates[%d].cohort: no such cohort, want COLUMN=VALUE: '%s'", index, gate.cohort));
}

absl::StatusOr<GateTarget> FindTarget(const Gate& gate, std::size_t index,
                                      const GateInputs& inputs) {
  GateTarget target;
  const auto scores = std::ranges::find_if(
      inputs.scores, [&](const PairedScores& each) { return each.metric.id == gate.metric; });
  if (scores != inputs.scores.end() && scores->metric.kind != MetricKind::kCorpus) {
    target.scores = &*scores;
    target.metric = &scores->metric;
    const absl::StatusOr<std::size_t> cell = FindCell(gate, index, inputs.cohorts);
    if (!cell.ok()) {
      return cell.status();
    }
    target.cell = *cell;
    return target;
  }
  const auto draws = std::ranges::find_if(inputs.draws, [&](const CorpusDraws& each) {
    return each.metric.id == gate.metric && each.cohort == gate.cohort &&
           each.factor == FactorOf(gate);
  });
  if (draws != inputs.draws.end()) {
    target.draws = &*draws;
    target.metric = &draws->metric;
    return target;
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "gates[%d].metric: %s: '%s'", index,
      scores == inputs.scores.end() ? "no such metric" : "has no row scores", gate.metric));
}

// A pass over the rows that several gates share.
struct Pass {
  const PairedScores* scores = nullptr;
  LimitKind kind = LimitKind::kMaxDrop;
  double factor = 1;  // of the baseline's scores, for relative limits
  bool needs_cohorts = false;
  std::vector<std::size_t> gates;
};

bool IsRight(double score, Direction direction) {
  return (score > 0.5) == (direction != Direction::kLower);
}

// 1 as the candidate's score where a row was right before and is wrong now, by the majority of its
// outputs; a tie on either side is no flip.
std::vector<double> BrokenRows(const PairedScores& scores) {
  std::vector<double> broken(scores.baseline.size());
  for (std::size_t row = 0; row < broken.size(); ++row) {
    const double before = scores.baseline[row];
    const double after = scores.candidate[row];
    const bool is_broken = before != 0.5 && after != 0.5 &&
                           IsRight(before, scores.metric.direction) &&
                           !IsRight(after, scores.metric.direction);
    broken[row] = is_broken ? 1 : 0;
  }
  return broken;
}

std::vector<PairedSummary> Summarize(const Pass& pass, const GateInputs& inputs,
                                     const ParallelFor& parallel_for) {
  PairedScores scores = *pass.scores;
  std::vector<double> baseline;
  std::vector<double> candidate;
  if (pass.kind == LimitKind::kMaxFlips) {
    baseline.resize(scores.baseline.size());
    candidate = BrokenRows(scores);
    scores.baseline = baseline;
    scores.candidate = candidate;
    scores.metric.kind = MetricKind::kBinaryMean;
  } else if (pass.factor != 1) {
    baseline.assign(scores.baseline.begin(), scores.baseline.end());
    for (double& score : baseline) {
      score *= pass.factor;
    }
    scores.baseline = baseline;
    scores.metric.kind = MetricKind::kMean;
  }
  return SummarizePairs(scores,
                        pass.needs_cohorts ? inputs.cohorts : std::span<const CohortColumn>(),
                        parallel_for, inputs.cluster_of);
}

// Gates on shares of flips need a pass of their own, relative ones one for each factor.
std::vector<Pass> PlanPasses(std::span<const Gate> gates, std::span<const GateTarget> targets) {
  std::vector<Pass> passes;
  for (std::size_t i = 0; i < gates.size(); ++i) {
    if (targets[i].scores == nullptr) {
      continue;
    }
    const LimitKind kind =
        gates[i].kind == LimitKind::kMaxFlips ? LimitKind::kMaxFlips : LimitKind::kMaxDrop;
    const double factor = FactorOf(gates[i]);
    auto pass = std::ranges::find_if(passes, [&](const Pass& each) {
      return each.scores == targets[i].scores && each.kind == kind && each.factor == factor;
    });
    if (pass == passes.end()) {
      passes.push_back({.scores = targets[i].scores,
                        .kind = kind,
                        .factor = factor,
                        .needs_cohorts = false,
                        .gates = {}});
      pass = passes.end() - 1;
    }
    pass->gates.push_back(i);
    pass->needs_cohorts |= targets[i].cell > 0;
  }
  return passes;
}

// Rows that something bad happened to. Rows of one cluster share their luck: then the share is the
// mean of 0 and 1, with the error of clusters.
GateEvidence ShareEvidence(const PairedSummary& summary) {
  if (summary.num_clusters == 0) {
    return MakeShareEvidence(summary.num_higher, summary.num_rows);
  }
  MetricDescriptor metric;
  metric.direction = Direction::kLower;
  metric.kind = MetricKind::kBinaryMean;
  return MakeGateEvidence(summary, metric);
}

// Where hardly a row changed, the spread of candidate - factor * baseline is that of the baseline
// alone and says nothing of how rows may change. The limit is then the absolute one of its share of
// the baseline as observed, with the exact bound that goes with it.
bool HasFewChanges(const PairedSummary& as_scored, MetricKind kind) {
  const std::int64_t num_changed = as_scored.num_higher + as_scored.num_lower;
  return num_changed == 0 || (kind == MetricKind::kBinaryMean && num_changed < kFewDiscordantRows);
}

// `summary` is that of candidate and factor * baseline, `as_scored` that without the factor.
GateFinding FromSummary(const Gate& gate, const PairedScores& scores, double factor,
                        const PairedSummary& summary, const PairedSummary& as_scored) {
  GateFinding finding;
  finding.num_rows = summary.num_rows;
  if (IsShare(gate)) {
    finding.evidence = ShareEvidence(summary);
    finding.is_share = true;
    finding.margin = gate.limit;
    if (summary.num_rows > 0) {
      finding.candidate = summary.candidate;
    }
    return finding;
  }
  const double allowance = std::fabs(1 - factor) * as_scored.baseline;
  if (summary.num_rows > 0) {
    finding.baseline = as_scored.baseline;
    finding.candidate = summary.candidate;
  }
  if (factor == 1 || HasFewChanges(as_scored, scores.metric.kind)) {
    finding.evidence = MakeGateEvidence(as_scored, scores.metric);
    finding.margin = factor == 1 ? gate.limit : allowance;
    return finding;
  }
  MetricDescriptor metric = scores.metric;
  metric.kind = MetricKind::kMean;
  finding.evidence = MakeGateEvidence(summary, metric);
  finding.evidence.range =
      std::max(metric.highest - factor * metric.lowest, factor * metric.highest - metric.lowest);
  finding.allowance = allowance;
  return finding;
}

GateFinding FromDraws(const Gate& gate, const CorpusDraws& draws) {
  const double sign = draws.metric.direction == Direction::kLower ? -1 : 1;
  const double factor = FactorOf(gate);
  std::vector<double> signed_draws = draws.differences;
  for (double& draw : signed_draws) {
    draw *= sign;
  }
  const bool has_clusters = draws.num_clusters > 0;
  const std::int64_t num_drawn = has_clusters ? draws.num_clusters : draws.num_rows;
  const double allowance = std::fabs(1 - factor) * draws.baseline;
  GateFinding finding;
  finding.num_rows = draws.num_rows;
  finding.baseline = draws.baseline;
  finding.candidate = draws.candidate;
  if (signed_draws.size() == 1) {
    // Every row is as it was, so no draw shows how rows could differ.
    finding.evidence = {.kind = EvidenceKind::kMean,
                        .num_rows = num_drawn,
                        .num_better = 0,
                        .num_worse = 0,
                        .delta = sign * (draws.candidate - draws.baseline),
                        .standard_deviation = 0,
                        .is_constant = true,
                        .range = draws.metric.highest - draws.metric.lowest,
                        .draws = {}};
    finding.margin = IsRelative(gate.kind) ? allowance : gate.limit;
  } else {
    finding.evidence = MakeDrawsEvidence(
        num_drawn, sign * (draws.candidate - factor * draws.baseline), std::move(signed_draws));
    finding.margin = IsRelative(gate.kind) ? 0 : gate.limit;
    finding.allowance = allowance;
  }
  finding.evidence.has_clusters = has_clusters;
  return finding;
}

}  // namespace

double FactorOf(const Gate& gate) {
  return gate.kind == LimitKind::kMaxRelativeDrop       ? 1 - gate.limit
         : gate.kind == LimitKind::kMaxRelativeIncrease ? 1 + gate.limit
                                                        : 1;
}

absl::Status CheckGate(const Gate& gate, std::size_t index, const MetricDescriptor& metric,
                       bool is_averaged) {
  const auto refuse = [&](std::string_view field, std::string_view why) {
    return absl::InvalidArgumentError(
        absl::StrFormat("gates[%d].%s: '%s' %s", index, field, gate.metric, why));
  };
  if (absl::Status status = CheckLimit(gate, index); !status.ok()) {
    return status;
  }
  const std::string_view limit = LimitName(gate.kind);
  const bool is_behavior = metric.id == kBehaviorMetric;
  if (is_behavior != (gate.kind == LimitKind::kMaxChanged)) {
    return is_behavior ? refuse(limit, "takes max_changed only")
                       : refuse(limit, "is a metric; max_changed goes with metric = \"behaviour\"");
  }
  if (metric.direction == Direction::kNone) {
    return refuse("metric", "has no better or worse, so it cannot gate");
  }
  const bool is_lower_better = metric.direction == Direction::kLower;
  if (gate.kind == LimitKind::kMaxDrop && is_lower_better) {
    return refuse(limit, "gets worse when it rises; use max_increase");
  }
  if (gate.kind == LimitKind::kMaxRelativeDrop && is_lower_better) {
    return refuse(limit, "gets worse when it rises; use max_relative_increase");
  }
  if (gate.kind == LimitKind::kMaxRelativeIncrease && !is_lower_better) {
    return refuse(limit, "gets worse when it falls; use max_relative_drop");
  }
  if (gate.kind == LimitKind::kMaxIncrease && !is_lower_better) {
    return refuse(limit, "gets worse when it falls; use max_drop");
  }
  const bool is_absolute = gate.kind == LimitKind::kMaxDrop || gate.kind == LimitKind::kMaxIncrease;
  if (is_absolute && gate.limit > metric.highest - metric.lowest) {
    return refuse(limit, absl::StrFormat("lies between %g and %g, so nothing could break a limit "
                                         "of %g",
                                         metric.lowest, metric.highest, gate.limit));
  }
  if (IsRelative(gate.kind) && metric.lowest < 0) {
    return refuse(limit, "may be negative, so a share of it is no limit");
  }
  if (gate.kind == LimitKind::kMaxFlips && metric.kind != MetricKind::kBinaryMean && !is_averaged) {
    return refuse(limit, "has no right and wrong rows");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<GateTarget>> FindTargets(std::span<const Gate> gates,
                                                    const GateInputs& inputs) {
  std::vector<GateTarget> targets;
  for (std::size_t i = 0; i < gates.size(); ++i) {
    if (i < inputs.refusals.size() && !inputs.refusals[i].empty()) {
      targets.emplace_back().is_refused = true;
      continue;
    }
    absl::StatusOr<GateTarget> target = FindTarget(gates[i], i, inputs);
    if (!target.ok()) {
      return std::move(target).status();
    }
    const bool is_averaged = target->scores != nullptr && target->scores->is_averaged;
    if (absl::Status status = CheckGate(gates[i], i, *target->metric, is_averaged); !status.ok()) {
      return status;
    }
    targets.push_back(*target);
  }
  return targets;
}

std::vector<GateFinding> FindEvidence(std::span<const Gate> gates,
                                      std::span<const GateTarget> targets, const GateInputs& inputs,
                                      const ParallelFor& parallel_for) {
  std::vector<GateFinding> findings(gates.size());
  for (const Pass& pass : PlanPasses(gates, targets)) {
    const std::vector<PairedSummary> summaries = Summarize(pass, inputs, parallel_for);
    Pass unscaled = pass;
    unscaled.factor = 1;
    const std::vector<PairedSummary> as_scored =
        pass.factor == 1 ? summaries : Summarize(unscaled, inputs, parallel_for);
    for (const std::size_t gate : pass.gates) {
      const std::size_t cell = targets[gate].cell;
      findings[gate] =
          FromSummary(gates[gate], *pass.scores, pass.factor, summaries[cell], as_scored[cell]);
    }
  }
  for (std::size_t i = 0; i < gates.size(); ++i) {
    if (targets[i].draws != nullptr) {
      findings[i] = FromDraws(gates[i], *targets[i].draws);
    }
  }
  return findings;
}

}  // namespace assay
