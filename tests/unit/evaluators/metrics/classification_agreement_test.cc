// Agreement with scikit-learn and SQuAD's script: tests/data/generate_classification.py made the
// expected values.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <charconv>
#include <cstdint>
#include <fstream>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "evaluators/corpus_outcomes.h"
#include "evaluators/registry.h"
#include "evaluators/statistics/ordered_bootstrap.h"
#include "tests/unit/evaluators/column_makers.h"

namespace assay {
namespace {

using Record = std::map<std::string, std::string>;

std::vector<std::string> Split(const std::string& text, char separator) {
  return absl::StrSplit(text, separator);
}

// Records of a file without quoting.
std::vector<Record> ReadRecords(const std::string& name) {
  std::ifstream file(std::string(ASSAY_TEST_DATA) + "/classification/" + name);
  std::string line;
  std::getline(file, line);
  const std::vector<std::string> header = Split(line, ',');
  std::vector<Record> records;
  while (std::getline(file, line)) {
    const std::vector<std::string> fields = Split(line, ',');
    Record& record = records.emplace_back();
    for (std::size_t i = 0; i < header.size(); ++i) {
      record[header[i]] = fields.at(i);
    }
  }
  EXPECT_FALSE(records.empty()) << name;
  return records;
}

double Number(const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  EXPECT_EQ(end, text.data() + text.size()) << text;
  return number;
}

// Empty or "-" is undefined.
std::optional<double> Expected(const std::string& text) {
  return text.empty() || text == "-" ? std::nullopt : std::optional(Number(text));
}

std::unique_ptr<const Evaluator> Make(const std::string& options) {
  auto evaluator = MakeEvaluator("ground_truth_match:" + options);
  EXPECT_TRUE(evaluator.ok()) << evaluator.status().ToString();
  return *std::move(evaluator);
}

Texts ToTexts(const std::vector<std::string>& values) { return {values.begin(), values.end()}; }

// Corpus values, and means of row scores, by metric id.
std::map<std::string, std::optional<double>> Measure(const std::string& options, const Rows& rows) {
  const auto evaluator = Make(options);
  std::map<std::string, std::optional<double>> values;
  for (const auto& [id, scores] : rows.Score(*evaluator)) {
    double sum = 0;
    double count = 0;
    for (const std::optional<double>& score : scores) {
      sum += score.value_or(0);
      count += score ? 1 : 0;
    }
    values[id] = count > 0 ? std::optional(sum / count) : std::nullopt;
  }
  if (const auto state = evaluator->NewCorpusState()) {
    std::vector<std::int64_t> all(static_cast<std::size_t>(rows.Batch().num_rows));
    std::iota(all.begin(), all.end(), 0);
    state->Add(rows.Batch(), all);
    std::size_t next = 0;
    for (const MetricDescriptor& metric : evaluator->metrics()) {
      if (metric.kind == MetricKind::kCorpus) {
        values[metric.id] = state->Values().at(next++);
      }
    }
  }
  return values;
}

void ExpectNear(std::optional<double> value, std::optional<double> expected,
                const std::string& what) {
  ASSERT_EQ(value.has_value(), expected.has_value()) << what;
  if (value) {
    EXPECT_NEAR(*value, *expected, 1e-12) << what;
  }
}

TEST(ClassificationAgreementTest, CountsOfLabelsAgreeWithScikitLearn) {
  for (const Record& record : ReadRecords("labels.csv")) {
    const Rows rows = {
        .examples = {{"label", CodedTextColumn(ToTexts(Split(record.at("gold"), ' ')))}},
        .outputs = {{"label", CodedTextColumn(ToTexts(Split(record.at("predicted"), ' ')))}}};
    const auto declared =
        Measure("accuracy,macro_f1,micro_f1,weighted_f1,balanced_accuracy,mcc,per_class,labels=" +
                    record.at("labels"),
                rows);
    for (const char* id :
         {"accuracy", "macro_f1", "micro_f1", "weighted_f1", "balanced_accuracy", "mcc"}) {
      ExpectNear(declared.at(id), Expected(record.at(id)), record.at("gold") + id);
    }
    const std::vector<std::string> labels = Split(record.at("labels"), '|');
    for (const char* name : {"precision", "recall", "f1", "support"}) {
      const std::vector<std::string> expected = Split(record.at(name), ' ');
      for (std::size_t i = 0; i < labels.size(); ++i) {
        const std::string id = std::string(name) + "[" + labels[i] + "]";
        ExpectNear(declared.at(id), Expected(expected.at(i)), record.at("gold") + id);
      }
    }
    const auto undeclared = Measure("macro_f1,micro_f1,weighted_f1", rows);
    ExpectNear(undeclared.at("macro_f1"), Expected(record.at("macro_f1_of_gold")), "macro_f1");
    ExpectNear(undeclared.at("micro_f1"), Expected(record.at("accuracy")), "micro_f1");
    ExpectNear(undeclared.at("weighted_f1"), Expected(record.at("weighted_f1")), "weighted_f1");
  }
}

TEST(ClassificationAgreementTest, ProbabilitiesAgreeWithScikitLearn) {
  for (const Record& record : ReadRecords("probabilities.csv")) {
    std::vector<std::string> labels;
    const auto num_labels = static_cast<std::int32_t>(Number(record.at("num_labels")));
    for (std::int32_t i = 0; i < num_labels; ++i) {
      labels.push_back("c" + std::to_string(i));
    }
    std::vector<double> probabilities;
    for (const std::string& text : Split(record.at("probabilities"), ' ')) {
      probabilities.push_back(Number(text));
    }
    const Rows rows = {
        .examples = {{"label", CodedTextColumn(ToTexts(Split(record.at("gold"), ' ')))}},
        .outputs = {{"probabilities", DoubleVectorColumn(num_labels, probabilities)}}};
    const std::string declared = ",labels=" + absl::StrJoin(labels, "|");
    auto values = Measure("nll,brier,brier_top1,ece,ece_mass,auc_ovr,bins=8" + declared, rows);
    values["ece_right"] = values.at("ece");
    values["ece_left"] = Measure("ece,bins=8,edges=left" + declared, rows).at("ece");
    if (num_labels == 2) {
      values["auc"] = Measure("auc" + declared, rows).at("auc");
    }
    for (const char* id :
         {"nll", "brier", "brier_top1", "ece_right", "ece_left", "ece_mass", "auc", "auc_ovr"}) {
      ExpectNear(values[id], Expected(record.at(id)), id + record.at("gold"));
    }
  }
}

std::vector<double> Numbers(const std::string& text) {
  std::vector<double> numbers;
  for (const std::string& field : Split(text, ' ')) {
    numbers.push_back(Number(field));
  }
  return numbers;
}

// The rows of one model as its metric is resampled.
std::unique_ptr<CorpusOutcomes> Outcomes(const Evaluator& evaluator, const Rows& rows) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(rows.Batch().num_rows));
  std::iota(all.begin(), all.end(), 0);
  auto outcomes = dynamic_cast<const OutcomeSource&>(evaluator).NewOutcomes(rows.Batch().num_rows);
  outcomes->Add(rows.Batch(), all, all);
  return outcomes;
}

TEST(ClassificationAgreementTest, ResamplesAgreeWithMeasuringEachSample) {
  constexpr RandomSource kSource{.seed = 5, .stream = 9};
  constexpr std::int64_t kDraws = 50;
  for (const Record& record : ReadRecords("resampled.csv")) {
    const auto num_labels = static_cast<std::int32_t>(Number(record.at("num_labels")));
    std::vector<std::string> labels;
    for (std::int32_t i = 0; i < num_labels; ++i) {
      labels.push_back("c" + std::to_string(i));
    }
    const auto evaluator =
        Make(record.at("metric") + (record.at("metric") == "ece_mass" ? ",bins=8" : "") +
             ",labels=" + absl::StrJoin(labels, "|"));
    const std::vector<std::string> gold = Split(record.at("gold"), ' ');
    std::vector<std::unique_ptr<CorpusOutcomes>> outcomes;
    std::vector<CorpusOutcomes::Resampled> sides;
    for (const char* const side : {"baseline", "candidate"}) {
      const Rows rows = {
          .examples = {{"label", CodedTextColumn(ToTexts(gold))}},
          .outputs = {{"probabilities", DoubleVectorColumn(num_labels, Numbers(record.at(side)))}}};
      outcomes.push_back(Outcomes(*evaluator, rows));
      sides.push_back(*outcomes.back()->Finish().at(0));
    }
    std::vector<std::uint32_t> all(gold.size());
    std::iota(all.begin(), all.end(), 0);
    PairedBootstrap found;
    if (const auto* const areas = std::get_if<CorpusOutcomes::Areas>(sides.data())) {
      found = BootstrapAreas(areas->classes, std::get<CorpusOutcomes::Areas>(sides[1]).classes, 1,
                             all, {}, kSource, kDraws);
    } else {
      const auto& confidences = std::get<CorpusOutcomes::Confidences>(sides[0]);
      found = BootstrapCalibration(confidences.column,
                                   std::get<CorpusOutcomes::Confidences>(sides[1]).column,
                                   confidences.num_bins, 1, all, {}, kSource, kDraws);
    }
    EXPECT_THAT(found.differences.sorted(),
                testing::Pointwise(testing::DoubleNear(1e-12), Numbers(record.at("differences"))))
        << record.at("metric") << " of " << gold.size() << " rows";
  }
}

TEST(ClassificationAgreementTest, SquadMeasuresAgreeWithItsScript) {
  for (const Record& record : ReadRecords("squad.csv")) {
    const std::string answer = absl::HexStringToBytes(record.at("answer"));
    const std::vector<std::string> references =
        Split(absl::HexStringToBytes(record.at("references")), '\x1f');
    const Rows rows = {.examples = {{"references", TextListColumn({references})}},
                       .outputs = {{"text", TextColumn({answer})}}};
    const auto values = Measure("squad_exact_match,squad_f1", rows);
    ExpectNear(values.at("squad_exact_match"), Expected(record.at("exact")), answer);
    ExpectNear(values.at("squad_f1"), Expected(record.at("f1")), answer);
  }
}

}  // namespace
}  // namespace assay
