#include "evaluators/metrics/match_outcomes.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <string>
#include <utility>

#include "evaluators/metrics/class_scores.h"
#include "evaluators/metrics/classification_state.h"

namespace assay {
namespace {

// A table of pairs of more labels is no sufficient statistic to draw from, and so many ROC curves
// are too many to draw.
constexpr std::size_t kMostLabels = 1000;

bool HasMetric(const MatchPlan& plan, MatchKind kind) {
  return std::ranges::find(plan.metrics, kind, &MatchMetric::kind) != plan.metrics.end();
}

// True when the metric measures the ROC curve of the label, maybe beside others.
bool MeasuresArea(const MatchPlan& plan, const MatchMetric& metric, const std::string& label) {
  switch (metric.kind) {
    case MatchKind::kAuc:
      return plan.positive == label;
    case MatchKind::kAucOfClass:
      return metric.label == label;
    case MatchKind::kAucOvr:
      return plan.labels.size() <= kMostLabels;
    default:
      return false;
  }
}

bool CountsPairs(const MatchPlan& plan) {
  return std::ranges::any_of(plan.metrics,
                             [](const MatchMetric& metric) { return CountsLabels(metric.kind); });
}

// Weighted rows of one label, as ClassTally.
struct Tally {
  double gold = 0;
  double predicted = 0;
  double hits = 0;

  std::optional<double> Precision() const { return Ratio(hits, predicted); }
  std::optional<double> Recall() const { return Ratio(hits, gold); }
  std::optional<double> F1() const { return Ratio(2 * hits, gold + predicted); }
  static std::optional<double> Ratio(double part, double whole) {
    return whole > 0 ? std::optional(part / whole) : std::nullopt;
  }
};

// Pairs of labels as totals: outcome gold * num_labels + predicted.
struct LabelTotals {
  std::size_t num_labels = 0;
  std::size_t num_declared = 0;      // 0: the classes are the labels that occur as example label
  std::vector<std::size_t> by_text;  // numbers of labels in the order of their texts

  std::vector<Tally> Tallies(const OutcomeTotals& totals) const {
    std::vector<Tally> tallies(num_labels);
    for (std::size_t gold = 0; gold < num_labels; ++gold) {
      for (std::size_t predicted = 0; predicted < num_labels; ++predicted) {
        const double weight = totals.weight[gold * num_labels + predicted];
        tallies[gold].gold += weight;
        tallies[predicted].predicted += weight;
        tallies[gold].hits += gold == predicted ? weight : 0;
      }
    }
    return tallies;
  }

  // Mean of what `value` gives for the classes, where it gives something.
  template <typename Value>
  std::optional<double> MeanOfClasses(const std::vector<Tally>& tallies, Value value) const {
    double sum = 0;
    std::int64_t count = 0;
    for (std::size_t i = 0; i < num_labels; ++i) {
      const std::size_t label = num_declared > 0 ? i : by_text[i];
      if (num_declared > 0 ? label >= num_declared : tallies[label].gold <= 0) {
        continue;
      }
      if (const std::optional<double> of_class = value(tallies[label]); of_class.has_value()) {
        sum += *of_class;
        ++count;
      }
    }
    return count == 0 ? std::nullopt : std::optional(sum / static_cast<double>(count));
  }

  std::optional<double> MicroF1(const std::vector<Tally>& tallies) const {
    Tally sum;
    for (std::size_t label = 0; label < (num_declared > 0 ? num_declared : num_labels); ++label) {
      sum.gold += tallies[label].gold;
      sum.predicted += tallies[label].predicted;
      sum.hits += tallies[label].hits;
    }
    return sum.F1();
  }

  std::optional<double> WeightedF1(const std::vector<Tally>& tallies) const {
    double sum = 0;
    double weight = 0;
    for (std::size_t label = 0; label < (num_declared > 0 ? num_declared : num_labels); ++label) {
      if (tallies[label].gold > 0) {
        sum += tallies[label].gold * *tallies[label].F1();
        weight += tallies[label].gold;
      }
    }
    return weight > 0 ? std::optional(std::min(1.0, sum / weight)) : std::nullopt;
  }

  // Matthews correlation of several labels (Gorodkin 2004).
  static std::optional<double> Mcc(const std::vector<Tally>& tallies) {
    double num_rows = 0;
    double hits = 0;
    double products = 0;
    double gold_squares = 0;
    double predicted_squares = 0;
    for (const Tally& tally : tallies) {
      num_rows += tally.gold;
      hits += tally.hits;
      products += tally.gold * tally.predicted;
      gold_squares += tally.gold * tally.gold;
      predicted_squares += tally.predicted * tally.predicted;
    }
    const double total = num_rows * num_rows;
    const double spread = (total - gold_squares) * (total - predicted_squares);
    return spread > 0 ? std::optional((num_rows * hits - products) / std::sqrt(spread))
                      : std::nullopt;
  }

  std::optional<double> Value(MatchKind kind, std::size_t label,
                              const OutcomeTotals& totals) const {
    const std::vector<Tally> tallies = Tallies(totals);
    const Tally of_label = label < tallies.size() ? tallies[label] : Tally();
    switch (kind) {
      case MatchKind::kMacroF1:
        return MeanOfClasses(tallies, [](const Tally& tally) { return tally.F1(); });
      case MatchKind::kMicroF1:
        return MicroF1(tallies);
      case MatchKind::kWeightedF1:
        return WeightedF1(tallies);
      case MatchKind::kBalancedAccuracy:
        return MeanOfClasses(tallies, [](const Tally& tally) { return tally.Recall(); });
      case MatchKind::kMcc:
        return Mcc(tallies);
      case MatchKind::kPrecision:
        return of_label.Precision();
      case MatchKind::kRecall:
        return of_label.Recall();
      case MatchKind::kF1:
        return of_label.F1();
      default:
        return std::nullopt;
    }
  }
};

// Sum over the bins of |hits - summed confidence|, over all rows: CalibrationError of totals.
std::optional<double> WeightedCalibrationError(const OutcomeTotals& totals) {
  double error = 0;
  double num_rows = 0;
  for (std::size_t bin = 0; bin + 1 < totals.weight.size(); bin += 2) {
    num_rows += totals.weight[bin] + totals.weight[bin + 1];
    error += std::fabs(totals.weight[bin + 1] - totals.value[bin] - totals.value[bin + 1]);
  }
  return num_rows > 0 ? std::optional(error / num_rows) : std::nullopt;
}

}  // namespace

MatchOutcomes::MatchOutcomes(const MatchPlan& plan, std::int64_t num_rows) : plan_(plan) {
  for (const std::string& label : plan.labels) {
    labels_.Number(label);
  }
  const auto size = static_cast<std::size_t>(num_rows);
  if (CountsPairs(plan)) {
    gold_.assign(size, -1);
    predicted_.assign(size, -1);
  }
  if (HasMetric(plan, MatchKind::kEce)) {
    bins_.assign(size, -1);
  }
  if (HasMetric(plan, MatchKind::kEceMass)) {
    hits_.assign(size, RowPart::kNone);
  }
  if (!bins_.empty() || !hits_.empty()) {
    confidences_.assign(size, 0);
  }
  for (std::size_t label = 0; label < plan.labels.size(); ++label) {
    if (std::ranges::any_of(plan.metrics, [&](const MatchMetric& metric) {
          return MeasuresArea(plan, metric, plan.labels[label]);
        })) {
      areas_.push_back({.label = label,
                        .score = std::vector<double>(size),
                        .part = std::vector<RowPart>(size, RowPart::kNone)});
    }
  }
}

bool MatchOutcomes::CanResample(const MatchPlan& plan) {
  return std::ranges::any_of(plan.metrics,
                             [](const MatchMetric& metric) { return IsCorpus(metric.kind); });
}

void MatchOutcomes::Add(const EvaluationBatch& batch, std::span<const std::int64_t> rows,
                        std::span<const std::int64_t> places) {
  const Column* const label = batch.example("label");
  if (label == nullptr) {
    return;
  }
  const std::vector<std::int32_t> gold = labels_.NumberRows(*label, rows);
  if (!gold_.empty()) {
    AddLabels(batch, rows, places, gold);
  }
  if (!confidences_.empty() || !areas_.empty()) {
    AddScores(batch, rows, places, gold);
  }
}

void MatchOutcomes::AddLabels(const EvaluationBatch& batch, std::span<const std::int64_t> rows,
                              std::span<const std::int64_t> places,
                              std::span<const std::int32_t> gold) {
  const Column* const labels = batch.output("label");
  const std::vector<std::int32_t> predicted = labels != nullptr
                                                  ? labels_.NumberRows(*labels, rows)
                                                  : ChosenLabels(batch, rows, plan_.labels.size());
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    if (gold[i] >= 0 && predicted[i] >= 0) {
      gold_[static_cast<std::size_t>(places[i])] = gold[i];
      predicted_[static_cast<std::size_t>(places[i])] = predicted[i];
    }
  }
}

void MatchOutcomes::AddScores(const EvaluationBatch& batch, std::span<const std::int64_t> rows,
                              std::span<const std::int64_t> places,
                              std::span<const std::int32_t> gold) {
  const EqualWidthBins edges(plan_.num_bins, plan_.edges);
  ClassScores scores(batch, plan_.labels.size());
  if (!scores.exists()) {
    return;
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto label = static_cast<std::size_t>(gold[i]);
    const std::span<const double> probabilities = scores.Row(rows[i]);
    if (gold[i] < 0 || label >= plan_.labels.size() || probabilities.empty()) {
      continue;
    }
    const auto place = static_cast<std::size_t>(places[i]);
    const std::size_t top = TopLabel(probabilities);
    if (!confidences_.empty()) {
      confidences_[place] = probabilities[top];
    }
    if (!bins_.empty()) {
      bins_[place] =
          static_cast<std::int32_t>(2 * edges.BinOf(probabilities[top]) + (top == label ? 1 : 0));
    }
    if (!hits_.empty()) {
      hits_[place] = top == label ? RowPart::kPositive : RowPart::kNegative;
    }
    for (AreaRows& area : areas_) {
      area.score[place] = probabilities[area.label];
      area.part[place] = label == area.label ? RowPart::kPositive : RowPart::kNegative;
    }
  }
}

std::vector<OrderedColumn> MatchOutcomes::ClassesOf(const MatchMetric& metric) const {
  std::vector<OrderedColumn> classes;
  for (const AreaRows& area : areas_) {
    if (MeasuresArea(plan_, metric, plan_.labels[area.label])) {
      classes.push_back({.value = area.score, .part = area.part});
    }
  }
  return classes;
}

std::vector<std::optional<CorpusOutcomes::Resampled>> MatchOutcomes::Finish() {
  LabelTotals pairs;
  pairs.num_labels = labels_.texts().size();
  pairs.num_declared = plan_.labels.size();
  pairs.by_text.resize(pairs.num_labels);
  std::iota(pairs.by_text.begin(), pairs.by_text.end(), std::size_t{0});
  std::ranges::sort(pairs.by_text, {}, [&](std::size_t label) -> const std::string& {
    return labels_.texts()[label];
  });
  const auto num_labels = static_cast<std::int32_t>(pairs.num_labels);
  const bool can_count_pairs = pairs.num_labels <= kMostLabels;
  for (std::size_t row = 0; row < gold_.size(); ++row) {
    if (gold_[row] >= 0 && can_count_pairs) {
      gold_[row] = gold_[row] * num_labels + predicted_[row];
    }
  }
  const OutcomeColumn labels{
      .num_outcomes = num_labels * num_labels, .outcome = gold_, .value = {}};
  const OutcomeColumn bins{
      .num_outcomes = 2 * plan_.num_bins, .outcome = bins_, .value = confidences_};

  std::vector<std::optional<Resampled>> metrics;
  for (const MatchMetric& metric : plan_.metrics) {
    if (!IsCorpus(metric.kind)) {
      continue;
    }
    std::optional<Resampled>& added = metrics.emplace_back();
    if (metric.kind == MatchKind::kEce) {
      added = Outcomes{bins, WeightedCalibrationError};
    } else if (metric.kind == MatchKind::kEceMass) {
      added =
          Confidences{.column = {.value = confidences_, .part = hits_}, .num_bins = plan_.num_bins};
    } else if (std::vector<OrderedColumn> classes = ClassesOf(metric); !classes.empty()) {
      added = Areas{std::move(classes)};
    } else if (CountsLabels(metric.kind) && metric.kind != MatchKind::kSupport && can_count_pairs) {
      const auto label = static_cast<std::size_t>(std::ranges::find(labels_.texts(), metric.label) -
                                                  labels_.texts().begin());
      added = Outcomes{labels, [pairs, kind = metric.kind, label](const OutcomeTotals& totals) {
                         return pairs.Value(kind, label, totals);
                       }};
    }
  }
  return metrics;
}

}  // namespace assay
