#include "evaluators/metrics/ground_truth_match.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "evaluators/metrics/label_numbers.h"
#include "evaluators/metrics/macro_f1.h"
#include "evaluators/metrics/normalized_text.h"

namespace assay {
namespace {

enum class MatchMetric : std::uint8_t { kAccuracy, kExactMatch, kNormalizedMatch, kMacroF1 };

// In canonical order.
constexpr std::array<std::pair<std::string_view, MatchMetric>, 4> kMetricNames = {{
    {"accuracy", MatchMetric::kAccuracy},
    {"exact_match", MatchMetric::kExactMatch},
    {"normalized_match", MatchMetric::kNormalizedMatch},
    {"macro_f1", MatchMetric::kMacroF1},
}};

MetricDescriptor Describe(MatchMetric metric) {
  MetricDescriptor descriptor;
  descriptor.kind = MetricKind::kBinaryMean;
  descriptor.undefined = "the example has no accepted answer, or the output no answer";
  switch (metric) {
    case MatchMetric::kAccuracy:
      descriptor.id = "accuracy";
      descriptor.definition_id = "assay/accuracy/1";
      descriptor.formula = "1 if the output's label is the example's label, else 0";
      descriptor.undefined = "the example or the output has no label";
      descriptor.source = "scikit-learn accuracy_score";
      break;
    case MatchMetric::kExactMatch:
      descriptor.id = "exact_match";
      descriptor.definition_id = "assay/exact_match/1";
      descriptor.formula =
          "1 if the answer (text, else label) equals one of the references, or the label where "
          "there are none, byte for byte; else 0";
      descriptor.source = "Hugging Face evaluate exact_match without options";
      break;
    case MatchMetric::kNormalizedMatch:
      descriptor.id = "normalized_match";
      descriptor.definition_id = "assay/normalized_match/1";
      descriptor.formula =
          "exact_match after these steps on both sides: trim Unicode White_Space; A-Z to a-z; "
          "every "
          "run of Unicode White_Space to one space";
      descriptor.source = "Unicode 15 PropList.txt (White_Space)";
      break;
    case MatchMetric::kMacroF1:
      descriptor.id = "macro_f1";
      descriptor.definition_id = "assay/macro_f1/1";
      descriptor.kind = MetricKind::kCorpus;
      descriptor.formula =
          "mean over the labels that occur among the examples of F1 = 2 hits / (examples with the "
          "label + outputs with it); labels that only outputs use are no class";
      descriptor.undefined = "no row has both labels";
      descriptor.source = "scikit-learn f1_score(labels=gold labels, average='macro')";
      break;
  }
  return descriptor;
}

std::optional<MatchMetric> FindMetric(std::string_view option) {
  if (option == "exact") {
    return MatchMetric::kExactMatch;
  }
  if (option == "normalized") {
    return MatchMetric::kNormalizedMatch;
  }
  for (const auto& [name, metric] : kMetricNames) {
    if (name == option) {
      return metric;
    }
  }
  return std::nullopt;
}

bool HasType(std::optional<ColumnType> column, ColumnType type) { return column == type; }

// Scores of rows whose numbers are compared: labels against labels.
void ScoreByNumber(const Column& gold, const Column& answer, LabelNumbers::Form form,
                   ScoreColumn& scores) {
  LabelNumbers numbers(form);
  const std::vector<std::int32_t> right = numbers.NumberAllRows(gold);
  const std::vector<std::int32_t> given = numbers.NumberAllRows(answer);
  for (std::size_t i = 0; i < scores.values.size(); ++i) {
    scores.values[i] = right[i] == given[i] ? 1.0 : 0.0;
    scores.is_defined[i] = right[i] >= 0 && given[i] >= 0 ? 1 : 0;
  }
}

// Compares texts of one row after another as given or normalised.
class TextMatcher {
 public:
  explicit TextMatcher(LabelNumbers::Form form)
      : is_normalizing_(form == LabelNumbers::Form::kNormalized) {}

  void SetAnswer(std::string_view answer) {
    if (is_normalizing_) {
      NormalizeText(answer, normalized_answer_);
      answer = normalized_answer_;
    }
    answer_ = answer;
  }
  bool Matches(std::string_view accepted) {
    if (is_normalizing_) {
      NormalizeText(accepted, normalized_accepted_);
      accepted = normalized_accepted_;
    }
    return answer_ == accepted;
  }

 private:
  bool is_normalizing_;
  std::string_view answer_;
  std::string normalized_answer_;
  std::string normalized_accepted_;
};

void ScoreByText(const Column* references, const Column* gold, const Column& answer,
                 LabelNumbers::Form form, ScoreColumn& scores) {
  TextMatcher matcher(form);
  for (std::size_t i = 0; i < scores.values.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    const bool has_references = references != nullptr && references->IsValid(row) &&
                                references->ListBegin(row) < references->ListEnd(row);
    const bool has_label = gold != nullptr && gold->IsValid(row);
    if (!answer.IsValid(row) || (!has_references && !has_label)) {
      continue;
    }
    matcher.SetAnswer(answer.Text(row));
    bool is_match = false;
    if (has_references) {
      for (std::int64_t item = references->ListBegin(row);
           !is_match && item < references->ListEnd(row); ++item) {
        is_match = matcher.Matches(references->Text(item));
      }
    } else {
      is_match = matcher.Matches(gold->Text(row));
    }
    scores.values[i] = is_match ? 1.0 : 0.0;
    scores.is_defined[i] = 1;
  }
}

class GroundTruthMatch : public Evaluator {
 public:
  GroundTruthMatch(EvaluatorSpec spec, std::vector<MatchMetric> metrics)
      : metrics_(std::move(metrics)) {
    spec.options.clear();
    for (const MatchMetric metric : metrics_) {
      descriptors_.push_back(Describe(metric));
      spec.options.push_back(descriptors_.back().id);
    }
    spec_ = FormatEvaluatorSpec(spec);
    AddInstance(spec, descriptors_);
  }

  const std::string& spec() const override { return spec_; }
  std::span<const MetricDescriptor> metrics() const override { return descriptors_; }
  std::vector<std::string> example_columns() const override {
    return MatchesAnswers() ? std::vector<std::string>{"label", "references"}
                            : std::vector<std::string>{"label"};
  }
  std::vector<std::string> output_columns() const override {
    return MatchesAnswers() ? std::vector<std::string>{"label", "text"}
                            : std::vector<std::string>{"label"};
  }

  absl::Status Check(const ColumnTypes& columns) const override {
    if (MatchesLabels()) {
      if (absl::Status status = CheckLabels(columns); !status.ok()) {
        return status;
      }
    }
    return MatchesAnswers() ? CheckAnswers(columns) : absl::OkStatus();
  }

  absl::Status Score(const EvaluationBatch& batch, std::span<ScoreColumn> scores) const override {
    std::size_t next = 0;
    for (const MatchMetric metric : metrics_) {
      if (metric == MatchMetric::kMacroF1) {
        continue;
      }
      ScoreColumn& column = scores[next++];
      column.values.assign(static_cast<std::size_t>(batch.num_rows), 0);
      column.is_defined.assign(static_cast<std::size_t>(batch.num_rows), 0);
      ScoreOne(metric, batch, column);
    }
    return absl::OkStatus();
  }

  std::unique_ptr<CorpusState> NewCorpusState() const override {
    return Has(MatchMetric::kMacroF1) ? std::make_unique<MacroF1State>() : nullptr;
  }

 private:
  bool Has(MatchMetric metric) const {
    return std::find(metrics_.begin(), metrics_.end(), metric) != metrics_.end();
  }
  bool MatchesLabels() const { return Has(MatchMetric::kAccuracy) || Has(MatchMetric::kMacroF1); }
  bool MatchesAnswers() const {
    return Has(MatchMetric::kExactMatch) || Has(MatchMetric::kNormalizedMatch);
  }

  static void ScoreOne(MatchMetric metric, const EvaluationBatch& batch, ScoreColumn& scores) {
    const bool is_accuracy = metric == MatchMetric::kAccuracy;
    const Column* const gold = batch.example("label");
    const Column* const references = is_accuracy ? nullptr : batch.example("references");
    const Column* const text = is_accuracy ? nullptr : batch.output("text");
    const Column* const answer = text != nullptr ? text : batch.output("label");
    if (answer == nullptr) {
      return;
    }
    const LabelNumbers::Form form = metric == MatchMetric::kNormalizedMatch
                                        ? LabelNumbers::Form::kNormalized
                                        : LabelNumbers::Form::kAsGiven;
    if (references == nullptr && gold != nullptr && gold->is_coded && answer->is_coded) {
      ScoreByNumber(*gold, *answer, form, scores);
    } else {
      ScoreByText(references, gold, *answer, form, scores);
    }
  }

  static absl::Status CheckLabels(const ColumnTypes& columns) {
    const std::optional<ColumnType> gold = columns.example("label");
    if (!gold) {
      return MissingColumn("example", "label");
    }
    if (*gold != ColumnType::kText) {
      return WrongColumnType("example", "label", *gold, "text");
    }
    const std::optional<ColumnType> answer = columns.output("label");
    if (!answer) {
      return MissingLabel(columns);
    }
    if (*answer != ColumnType::kText) {
      return WrongColumnType("output", "label", *answer, "text");
    }
    return absl::OkStatus();
  }

  static absl::Status MissingLabel(const ColumnTypes& columns) {
    for (const std::string_view numbers : {"probabilities", "logits"}) {
      if (columns.output(numbers)) {
        return absl::FailedPreconditionError(absl::StrFormat(
            "output column 'label': missing, and '%s' does not say which label each component is "
            "for, which is not supported: give the outputs a 'label'",
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

  std::vector<MatchMetric> metrics_;  // canonical order, each once
  std::vector<MetricDescriptor> descriptors_;
  std::string spec_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<const Evaluator>> MakeGroundTruthMatch(const EvaluatorSpec& spec) {
  std::vector<MatchMetric> metrics;
  for (const std::string& option : spec.options) {
    const std::optional<MatchMetric> metric = FindMetric(option);
    if (!metric) {
      return absl::InvalidArgumentError(
          absl::StrFormat("ground_truth_match: unknown metric '%s'; there are accuracy, "
                          "exact_match, normalized_match, macro_f1",
                          option));
    }
    metrics.push_back(*metric);
  }
  if (metrics.empty()) {
    metrics = {MatchMetric::kAccuracy, MatchMetric::kMacroF1};
  }
  std::sort(metrics.begin(), metrics.end());
  metrics.erase(std::unique(metrics.begin(), metrics.end()), metrics.end());
  return std::make_unique<GroundTruthMatch>(spec, std::move(metrics));
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
