#include "evaluators/metrics/classification_state.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_format.h"
#include "evaluators/metrics/class_scores.h"
#include "evaluators/metrics/rank_area.h"

namespace assay {

std::vector<std::int32_t> ChosenLabels(const EvaluationBatch& batch,
                                       std::span<const std::int64_t> rows, std::size_t num_labels) {
  ClassScores scores(batch, num_labels);
  std::vector<std::int32_t> chosen;
  if (!scores.exists()) {
    return chosen;
  }
  chosen.reserve(rows.size());
  for (const std::int64_t row : rows) {
    const std::span<const double> probabilities = scores.Row(row);
    chosen.push_back(probabilities.empty() ? -1
                                           : static_cast<std::int32_t>(TopLabel(probabilities)));
  }
  return chosen;
}

ClassificationState::ClassificationState(const MatchPlan& plan, std::string instance)
    : plan_(plan),
      instance_(std::move(instance)),
      counts_(plan.labels),
      bins_(plan.num_bins, plan.edges) {
  std::vector<bool> has_area(plan.labels.size());
  for (const MatchMetric& metric : plan.metrics) {
    counts_labels_ |= CountsLabels(metric.kind);
    reads_scores_ |= IsCorpus(metric.kind) && ReadsScores(metric.kind);
    keeps_confidences_ |= metric.kind == MatchKind::kEceMass;
    for (std::size_t label = 0; label < plan.labels.size(); ++label) {
      const std::string& text = plan.labels[label];
      if (metric.kind == MatchKind::kAucOvr ||
          (metric.kind == MatchKind::kAucOfClass && metric.label == text) ||
          (metric.kind == MatchKind::kAuc && plan.positive == text)) {
        has_area[label] = true;
      }
    }
  }
  for (std::size_t label = 0; label < has_area.size(); ++label) {
    if (has_area[label]) {
      areas_.push_back({.label = label, .scores = {}});
    }
  }
}

void ClassificationState::Add(const EvaluationBatch& batch, std::span<const std::int64_t> rows) {
  const Column* const gold = batch.example("label");
  if (gold == nullptr) {
    return;
  }
  const std::vector<std::int32_t> numbers = counts_.labels().NumberRows(*gold, rows);
  if (counts_labels_) {
    AddLabels(batch, rows, numbers);
  }
  if (reads_scores_) {
    AddScores(batch, rows, numbers);
  }
}

void ClassificationState::AddLabels(const EvaluationBatch& batch,
                                    std::span<const std::int64_t> rows,
                                    std::span<const std::int32_t> gold) {
  const Column* const labels = batch.output("label");
  const std::vector<std::int32_t> predicted = labels != nullptr
                                                  ? counts_.labels().NumberRows(*labels, rows)
                                                  : ChosenLabels(batch, rows, plan_.labels.size());
  if (!predicted.empty()) {
    counts_.CountAll(gold, predicted);
  }
}

void ClassificationState::AddScores(const EvaluationBatch& batch,
                                    std::span<const std::int64_t> rows,
                                    std::span<const std::int32_t> gold) {
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
    const std::size_t top = TopLabel(probabilities);
    bins_.Add(probabilities[top], top == label);
    if (keeps_confidences_) {
      confidences_.emplace_back(probabilities[top], top == label);
    }
    if (!areas_.empty()) {
      area_labels_.push_back(gold[i]);
    }
    for (AreaRows& area : areas_) {
      area.scores.push_back(probabilities[area.label]);
    }
  }
}

void ClassificationState::Merge(const CorpusState& later) {
  const auto& other = static_cast<const ClassificationState&>(later);
  counts_.Merge(other.counts_);
  bins_.Merge(other.bins_);
  confidences_.insert(confidences_.end(), other.confidences_.begin(), other.confidences_.end());
  area_labels_.insert(area_labels_.end(), other.area_labels_.begin(), other.area_labels_.end());
  for (std::size_t i = 0; i < areas_.size(); ++i) {
    areas_[i].scores.insert(areas_[i].scores.end(), other.areas_[i].scores.begin(),
                            other.areas_[i].scores.end());
  }
}

std::optional<double> ClassificationState::AreaOf(const AreaRows& area) const {
  std::vector<std::pair<double, bool>> rows;
  rows.reserve(area.scores.size());
  for (std::size_t i = 0; i < area.scores.size(); ++i) {
    rows.emplace_back(area.scores[i], static_cast<std::size_t>(area_labels_[i]) == area.label);
  }
  return RankArea(std::move(rows));
}

std::optional<double> ClassificationState::AreaOf(const std::string& label) const {
  const auto found = std::ranges::find_if(
      areas_, [&](const AreaRows& area) { return plan_.labels[area.label] == label; });
  return found == areas_.end() ? std::nullopt : AreaOf(*found);
}

std::optional<double> ClassificationState::MeanArea() const {
  double sum = 0;
  std::int64_t count = 0;
  for (const AreaRows& area : areas_) {
    if (const std::optional<double> value = AreaOf(area)) {
      sum += *value;
      ++count;
    }
  }
  return count == 0 ? std::nullopt : std::optional(sum / static_cast<double>(count));
}

std::optional<double> ClassificationState::Value(const MatchMetric& metric) const {
  switch (metric.kind) {
    case MatchKind::kMacroF1:
      return counts_.MacroF1();
    case MatchKind::kMicroF1:
      return counts_.MicroF1();
    case MatchKind::kWeightedF1:
      return counts_.WeightedF1();
    case MatchKind::kBalancedAccuracy:
      return counts_.BalancedAccuracy();
    case MatchKind::kMcc:
      return counts_.Mcc();
    case MatchKind::kPrecision:
      return counts_.TallyOf(metric.label).Precision();
    case MatchKind::kRecall:
      return counts_.TallyOf(metric.label).Recall();
    case MatchKind::kF1:
      return counts_.TallyOf(metric.label).F1();
    case MatchKind::kSupport:
      return static_cast<double>(counts_.TallyOf(metric.label).gold);
    case MatchKind::kEce:
      return CalibrationError(bins_.bins());
    case MatchKind::kEceMass:
      return CalibrationError(EqualMassBins(confidences_, plan_.num_bins));
    case MatchKind::kAuc:
      return AreaOf(plan_.positive);
    case MatchKind::kAucOfClass:
      return AreaOf(metric.label);
    case MatchKind::kAucOvr:
      return MeanArea();
    default:
      return std::nullopt;
  }
}

std::vector<std::optional<double>> ClassificationState::Values() const {
  std::vector<std::optional<double>> values;
  for (const MatchMetric& metric : plan_.metrics) {
    if (IsCorpus(metric.kind)) {
      values.push_back(Value(metric));
    }
  }
  return values;
}

std::vector<ResultTable> ClassificationState::Tables() const {
  std::vector<ResultTable> tables;
  if (counts_labels_) {
    tables.push_back(counts_.ConfusionTable());
    tables.push_back(counts_.ClassTable());
  }
  for (const MatchMetric& metric : plan_.metrics) {
    if (metric.kind == MatchKind::kEce) {
      tables.push_back(
          ReliabilityTable("reliability", DescribeMatch(metric, plan_).formula, bins_.bins()));
    } else if (metric.kind == MatchKind::kEceMass) {
      tables.push_back(ReliabilityTable("reliability_mass", DescribeMatch(metric, plan_).formula,
                                        EqualMassBins(confidences_, plan_.num_bins)));
    }
  }
  for (ResultTable& table : tables) {
    if (!instance_.empty()) {
      table.name = absl::StrFormat("%s/%s", instance_, table.name);
    }
  }
  return tables;
}

}  // namespace assay
