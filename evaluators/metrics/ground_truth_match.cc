#include "evaluators/metrics/ground_truth_match.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "evaluators/metrics/class_scores.h"
#include "evaluators/metrics/classification_state.h"
#include "evaluators/metrics/label_numbers.h"
#include "evaluators/metrics/match_outcomes.h"
#include "evaluators/metrics/match_plan.h"
#include "evaluators/metrics/normalized_text.h"
#include "evaluators/metrics/text_measure.h"

namespace assay {
namespace {

bool HasType(std::optional<ColumnType> column, ColumnType type) { return column == type; }

void SetScore(ScoreColumn& scores, std::size_t row, double value) {
  scores.values[row] = value;
  scores.is_defined[row] = 1;
}

// Scores rows whose labels have numbers; negative: no label.
void ScoreEqualNumbers(std::span<const std::int32_t> right, std::span<const std::int32_t> given,
                       ScoreColumn& scores) {
  for (std::size_t i = 0; i < scores.values.size(); ++i) {
    if (right[i] >= 0 && given[i] >= 0) {
      SetScore(scores, i, right[i] == given[i] ? 1.0 : 0.0);
    }
  }
}

std::vector<std::int64_t> EveryRow(const EvaluationBatch& batch) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(batch.num_rows));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

// Compares texts of one row after another after some steps.
class NormalizedMatch : public TextMeasure {
 public:
  explicit NormalizedMatch(const NormalizationSteps& steps) : steps_(steps) {}

  std::optional<double> Score(std::string_view answer,
                              std::span<const std::string_view> accepted) override {
    answer = Normalized(answer, normalized_answer_);
    for (const std::string_view text : accepted) {
      if (Normalized(text, normalized_accepted_) == answer) {
        return 1.0;
      }
    }
    return 0.0;
  }

 private:
  std::string_view Normalized(std::string_view text, std::string& normalized) const {
    if (steps_ == NormalizationSteps()) {
      return text;
    }
    NormalizeText(text, steps_, normalized);
    return normalized;
  }

  NormalizationSteps steps_;
  std::string normalized_answer_;
  std::string normalized_accepted_;
};

std::unique_ptr<TextMeasure> MakeMeasure(MatchKind kind, const MatchPlan& plan) {
  switch (kind) {
    case MatchKind::kNormalizedMatch:
      return std::make_unique<NormalizedMatch>(plan.steps);
    case MatchKind::kSquadExactMatch:
      return MakeSquadExactMatch();
    case MatchKind::kSquadF1:
      return MakeSquadF1();
    case MatchKind::kContains:
      return MakeContains();
    case MatchKind::kRegexMatch:
      return MakeRegexMatch(plan.pattern);
    case MatchKind::kNumericMatch:
      return MakeNumericMatch(plan.absolute_tolerance, plan.relative_tolerance);
    case MatchKind::kJsonMatch:
      return MakeJsonMatch();
    case MatchKind::kLevenshteinRatio:
      return MakeLevenshteinRatio();
    default:
      return std::make_unique<NormalizedMatch>(NormalizationSteps());
  }
}

// The answers that examples accept: the row's references, else its label.
class AcceptedAnswers {
 public:
  // With `takes_no_references`, an empty list of references accepts only the empty answer (as
  // SQuAD's unanswerable questions do); otherwise such a row takes its label.
  AcceptedAnswers(const EvaluationBatch& batch, bool takes_no_references)
      : references_(batch.example("references")),
        label_(batch.example("label")),
        takes_no_references_(takes_no_references) {}

  // Empty: the row accepts nothing, and has no score. Valid until the next call.
  std::span<const std::string_view> Of(std::int64_t row) {
    texts_.clear();
    const bool has_references = references_ != nullptr && references_->IsValid(row);
    if (has_references) {
      for (std::int64_t i = references_->ListBegin(row); i < references_->ListEnd(row); ++i) {
        texts_.push_back(references_->Text(i));
      }
    }
    if (texts_.empty() && label_ != nullptr && label_->IsValid(row)) {
      texts_.push_back(label_->Text(row));
    }
    if (texts_.empty() && has_references && takes_no_references_) {
      texts_.emplace_back();
    }
    return texts_;
  }

 private:
  const Column* references_;
  const Column* label_;
  bool takes_no_references_;
  std::vector<std::string_view> texts_;
};

void ScoreTexts(MatchKind kind, const MatchPlan& plan, const EvaluationBatch& batch,
                const Column& answers, ScoreColumn& scores) {
  const std::unique_ptr<TextMeasure> measure = MakeMeasure(kind, plan);
  const bool is_squad = kind == MatchKind::kSquadExactMatch || kind == MatchKind::kSquadF1;
  const bool needs_nothing = kind == MatchKind::kRegexMatch && !plan.pattern.empty();
  AcceptedAnswers accepted(batch, is_squad);
  for (std::size_t i = 0; i < scores.values.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    const std::span<const std::string_view> texts = accepted.Of(row);
    if (!answers.IsValid(row) || (texts.empty() && !needs_nothing)) {
      continue;
    }
    if (const std::optional<double> score = measure->Score(answers.Text(row), texts)) {
      SetScore(scores, i, *score);
    }
  }
}

void ScoreAnswers(MatchKind kind, const MatchPlan& plan, const EvaluationBatch& batch,
                  ScoreColumn& scores) {
  const Column* const text = batch.output("text");
  const Column* const answers = text != nullptr ? text : batch.output("label");
  if (answers == nullptr) {
    return;
  }
  const Column* const gold = batch.example("label");
  const bool is_match = kind == MatchKind::kExactMatch || kind == MatchKind::kNormalizedMatch;
  if (is_match && batch.example("references") == nullptr && gold != nullptr && gold->is_coded &&
      answers->is_coded) {
    LabelNumbers numbers(kind == MatchKind::kNormalizedMatch ? plan.steps : NormalizationSteps());
    const std::vector<std::int32_t> right = numbers.NumberAllRows(*gold);
    ScoreEqualNumbers(right, numbers.NumberAllRows(*answers), scores);
    return;
  }
  ScoreTexts(kind, plan, batch, *answers, scores);
}

void ScoreAccuracy(const MatchPlan& plan, const EvaluationBatch& batch, ScoreColumn& scores) {
  const Column* const gold = batch.example("label");
  if (gold == nullptr) {
    return;
  }
  LabelNumbers numbers;
  for (const std::string& label : plan.labels) {
    numbers.Number(label);
  }
  const std::vector<std::int32_t> right = numbers.NumberAllRows(*gold);
  const Column* const labels = batch.output("label");
  const std::vector<std::int32_t> given =
      labels != nullptr ? numbers.NumberAllRows(*labels)
                        : ChosenLabels(batch, EveryRow(batch), plan.labels.size());
  if (!given.empty()) {
    ScoreEqualNumbers(right, given, scores);
  }
}

double ScoreOf(const MatchMetric& metric, const MatchPlan& plan,
               std::span<const double> probabilities, std::size_t label) {
  const double of_label = probabilities[label];
  if (metric.kind == MatchKind::kAccuracyAtK) {
    return RankOf(probabilities, label) < static_cast<std::size_t>(metric.k) ? 1.0 : 0.0;
  }
  if (metric.kind == MatchKind::kNll) {
    return std::max(0.0, -std::log(std::max(of_label, plan.clip)));
  }
  if (metric.kind == MatchKind::kBrierTop1) {
    const std::size_t top = TopLabel(probabilities);
    const double miss = probabilities[top] - (top == label ? 1.0 : 0.0);
    return miss * miss;
  }
  double sum = 0;
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    const double miss = probabilities[i] - (i == label ? 1.0 : 0.0);
    sum += miss * miss;
  }
  return std::min(sum, 2.0);
}

// Scores the metrics of `plan` that read probabilities, all in one pass. columns[i] is nullptr for
// the metrics that do not.
void ScoreProbabilities(const MatchPlan& plan, const EvaluationBatch& batch,
                        std::span<ScoreColumn* const> columns) {
  const Column* const gold = batch.example("label");
  ClassScores class_scores(batch, plan.labels.size());
  if (gold == nullptr || !class_scores.exists()) {
    return;
  }
  LabelNumbers numbers;
  for (const std::string& label : plan.labels) {
    numbers.Number(label);
  }
  const std::vector<std::int32_t> labels = numbers.NumberAllRows(*gold);
  for (std::size_t row = 0; row < labels.size(); ++row) {
    const auto label = static_cast<std::size_t>(labels[row]);
    if (labels[row] < 0 || label >= plan.labels.size()) {
      continue;
    }
    const std::span<const double> probabilities = class_scores.Row(static_cast<std::int64_t>(row));
    if (probabilities.empty()) {
      continue;
    }
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (columns[i] != nullptr) {
        SetScore(*columns[i], row, ScoreOf(plan.metrics[i], plan, probabilities, label));
      }
    }
  }
}

class GroundTruthMatch : public Evaluator, public OutcomeSource {
 public:
  GroundTruthMatch(EvaluatorSpec spec, MatchPlan plan)
      : plan_(std::move(plan)), instance_(spec.instance) {
    spec.options = MatchOptions(plan_);
    spec_ = FormatEvaluatorSpec(spec);
    for (const MatchMetric& metric : plan_.metrics) {
      descriptors_.push_back(DescribeMatch(metric, plan_));
    }
    AddInstance(spec, descriptors_);
  }

  const std::string& spec() const override { return spec_; }
  std::span<const MetricDescriptor> metrics() const override { return descriptors_; }
  std::vector<std::string> example_columns() const override {
    std::vector<std::string> columns = {"label"};
    if (Uses(ReadsText)) {
      columns.emplace_back("references");
    }
    return columns;
  }
  std::vector<std::string> output_columns() const override {
    std::vector<std::string> columns = {"label"};
    if (Uses(ReadsText)) {
      columns.emplace_back("text");
    }
    if (!plan_.labels.empty()) {
      columns.insert(columns.end(), {"probabilities", "logits"});
    }
    return columns;
  }

  absl::Status Check(const ColumnTypes& columns) const override {
    if (Uses(ReadsLabels)) {
      if (absl::Status status = CheckLabels(columns); !status.ok()) {
        return status;
      }
    }
    if (Uses(ReadsScores)) {
      if (absl::Status status = CheckScores(columns); !status.ok()) {
        return status;
      }
    }
    return Uses(ReadsText) ? CheckAnswers(columns) : absl::OkStatus();
  }

  absl::Status Score(const EvaluationBatch& batch, std::span<ScoreColumn> scores) const override {
    std::vector<ScoreColumn*> of_probabilities(plan_.metrics.size());
    bool reads_probabilities = false;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      scores[i].values.assign(static_cast<std::size_t>(batch.num_rows), 0);
      scores[i].is_defined.assign(static_cast<std::size_t>(batch.num_rows), 0);
      const MatchKind kind = plan_.metrics[i].kind;
      if (kind == MatchKind::kAccuracy) {
        ScoreAccuracy(plan_, batch, scores[i]);
      } else if (ReadsText(kind)) {
        ScoreAnswers(kind, plan_, batch, scores[i]);
      } else {
        of_probabilities[i] = &scores[i];
        reads_probabilities = true;
      }
    }
    if (reads_probabilities) {
      ScoreProbabilities(plan_, batch, of_probabilities);
    }
    return absl::OkStatus();
  }

  std::unique_ptr<CorpusOutcomes> NewOutcomes(std::int64_t num_rows) const override {
    return MatchOutcomes::CanResample(plan_) ? std::make_unique<MatchOutcomes>(plan_, num_rows)
                                             : nullptr;
  }
  std::unique_ptr<CorpusState> NewCorpusState() const override {
    return Uses(IsCorpus) ? std::make_unique<ClassificationState>(plan_, instance_) : nullptr;
  }

  std::vector<std::pair<std::string, std::int64_t>> Counts(
      const EvaluationBatch& batch) const override {
    const Column* const gold = batch.example("label");
    if (plan_.labels.empty() || gold == nullptr) {
      return {};
    }
    LabelNumbers numbers;
    for (const std::string& label : plan_.labels) {
      numbers.Number(label);
    }
    const std::vector<std::int32_t> labels = numbers.NumberAllRows(*gold);
    const auto num_declared = static_cast<std::int32_t>(plan_.labels.size());
    const auto count = std::ranges::count_if(
        labels, [num_declared](std::int32_t label) { return label >= num_declared; });
    if (count == 0) {
      return {};
    }
    return {{"rows with an example label that is not declared", count}};
  }

 private:
  static bool ReadsLabels(MatchKind kind) {
    return kind == MatchKind::kAccuracy || CountsLabels(kind);
  }
  bool Uses(bool (*predicate)(MatchKind)) const {
    return std::ranges::any_of(plan_.metrics, predicate, &MatchMetric::kind);
  }

  static absl::Status CheckExampleLabel(const ColumnTypes& columns) {
    const std::optional<ColumnType> gold = columns.example("label");
    if (!gold) {
      return MissingColumn("example", "label");
    }
    return *gold == ColumnType::kText ? absl::OkStatus()
                                      : WrongColumnType("example", "label", *gold, "text");
  }

  absl::Status CheckLabels(const ColumnTypes& columns) const {
    if (absl::Status status = CheckExampleLabel(columns); !status.ok()) {
      return status;
    }
    const std::optional<ColumnType> answer = columns.output("label");
    if (!answer && !plan_.labels.empty() &&
        (columns.output("probabilities") || columns.output("logits"))) {
      return CheckScores(columns);
    }
    if (!answer) {
      return MissingLabel(columns);
    }
    return *answer == ColumnType::kText ? absl::OkStatus()
                                        : WrongColumnType("output", "label", *answer, "text");
  }

  absl::Status CheckScores(const ColumnTypes& columns) const {
    if (absl::Status status = CheckExampleLabel(columns); !status.ok()) {
      return status;
    }
    const std::string_view name = columns.output("probabilities") ? "probabilities" : "logits";
    const std::optional<ColumnType> type = columns.output(name);
    if (!type) {
      return absl::FailedPreconditionError(
          "output columns 'probabilities' and 'logits': both missing");
    }
    if (*type != ColumnType::kFloat64Vector) {
      return WrongColumnType("output", name, *type, "float64_vector");
    }
    const std::int32_t dimension = columns.output_dimension ? columns.output_dimension(name) : 0;
    if (dimension != 0 && static_cast<std::size_t>(dimension) != plan_.labels.size()) {
      return absl::FailedPreconditionError(
          absl::StrFormat("output column '%s': has %d components, labels= names %d", name,
                          dimension, plan_.labels.size()));
    }
    return absl::OkStatus();
  }

  static absl::Status MissingLabel(const ColumnTypes& columns) {
    for (const std::string_view numbers : {"probabilities", "logits"}) {
      if (columns.output(numbers)) {
        return absl::FailedPreconditionError(absl::StrFormat(
            "output column 'label': missing, and '%s' does not say which label each component is "
            "for: declare them in that order, as in ground_truth_match:accuracy,labels=A|B|C",
            numbers));
      }
    }
    if (columns.output("text")) {
      return absl::FailedPreconditionError(
          "output column 'label': missing; for 'text' use "
          "ground_truth_match:exact_match,normalized_match");
    }
    return MissingColumn("output", "label");
  }

  static absl::Status CheckAnswers(const ColumnTypes& columns) {
    const std::optional<ColumnType> references = columns.example("references");
    if (references && *references != ColumnType::kTextList) {
      return WrongColumnType("example", "references", *references, "text_list");
    }
    const std::optional<ColumnType> gold = columns.example("label");
    if (!references && !gold) {
      return absl::FailedPreconditionError(
          "example columns 'references' and 'label': both missing");
    }
    if (gold && *gold != ColumnType::kText) {
      return WrongColumnType("example", "label", *gold, "text");
    }
    const std::string_view name = columns.output("text") ? "text" : "label";
    const std::optional<ColumnType> answer = columns.output(name);
    if (!answer) {
      return absl::FailedPreconditionError("output columns 'text' and 'label': both missing");
    }
    if (*answer != ColumnType::kText) {
      return WrongColumnType("output", name, *answer, "text");
    }
    return absl::OkStatus();
  }

  const MatchPlan plan_;
  const std::string instance_;
  std::vector<MetricDescriptor> descriptors_;
  std::string spec_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<const Evaluator>> MakeGroundTruthMatch(const EvaluatorSpec& spec) {
  absl::StatusOr<MatchPlan> plan = ParseMatchPlan(spec.options);
  if (!plan.ok()) {
    return plan.status();
  }
  return std::make_unique<GroundTruthMatch>(spec, *std::move(plan));
}

std::vector<std::string> GroundTruthMatchOptions(const ColumnTypes& columns) {
  const bool has_label = HasType(columns.example("label"), ColumnType::kText);
  const bool has_references = HasType(columns.example("references"), ColumnType::kTextList);
  const bool answers_label = HasType(columns.output("label"), ColumnType::kText);
  const bool answers_text = HasType(columns.output("text"), ColumnType::kText);
  std::vector<std::string> options;
  if (has_label && answers_label) {
    options.insert(options.end(), {"accuracy", "macro_f1"});
  }
  if ((answers_text && (has_label || has_references)) ||
      (answers_label && has_references && !has_label)) {
    options.insert(options.end(), {"exact_match", "normalized_match"});
  }
  return options;
}

}  // namespace assay
