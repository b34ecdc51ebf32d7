// Every value that trec_eval printed for a measure we have, to its last digit.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "evaluators/registry.h"
#include "tests/unit/evaluators/column_makers.h"

namespace assay {
namespace {

struct Case {
  std::string name;
  std::string qrels;
  std::string run;
  std::string expected;
  int minimum_grade = 1;
  int num_values = 0;  // values that the file holds for our measures
};

std::ifstream Open(const std::string& path) {
  std::ifstream file(std::string(ASSAY_TEST_DATA "/") + path);
  EXPECT_TRUE(file.good()) << path;
  return file;
}

struct Topics {
  std::vector<std::string> ids;
  Rows rows;
};

Topics ReadTopics(const Case& files) {
  std::map<std::string, Documents<std::int32_t>> judged;
  std::map<std::string, Documents<double>> ranked;
  std::string line;
  for (std::ifstream file = Open(files.qrels); std::getline(file, line);) {
    std::string topic, iteration, document;
    std::int32_t grade = 0;
    std::istringstream(line) >> topic >> iteration >> document >> grade;
    judged[topic].emplace_back(document, grade);
  }
  for (std::ifstream file = Open(files.run); std::getline(file, line);) {
    std::string topic, iteration, document, rank;
    double score = 0;
    std::istringstream(line) >> topic >> iteration >> document >> rank >> score;
    ranked[topic].emplace_back(document, score);
  }
  Topics topics;
  std::vector<std::optional<Documents<std::int32_t>>> relevance;
  std::vector<std::optional<Documents<double>>> rankings;
  for (const auto& [topic, documents] : judged) {
    topics.ids.push_back(topic);
    relevance.emplace_back(documents);
    const auto found = ranked.find(topic);
    if (found != ranked.end()) {
      rankings.emplace_back(found->second);
    } else {
      rankings.emplace_back(std::nullopt);
    }
  }
  topics.rows.examples["relevance"] = RelevanceColumn(relevance);
  topics.rows.outputs["ranking"] = RankingColumn(rankings);
  return topics;
}

// A number without zeros that say nothing: `0.10` is `0.1`.
std::string Plain(const std::string& number) { return absl::StrFormat("%g", std::stod(number)); }

// Our spelling of a trec_eval measure; empty for one that we do not have.
std::string OurName(const std::string& trec_name, int minimum_grade) {
  static const std::map<std::string, std::string> kPlain = {
      {"map", "AP"},          {"recip_rank", "RR"},
      {"Rprec", "Rprec"},     {"ndcg", "nDCG"},
      {"bpref", "bpref"},     {"num_ret", "num_ret"},
      {"num_rel", "num_rel"}, {"num_rel_ret", "num_rel_ret"}};
  static const std::map<std::string, std::string> kCut = {
      {"map_cut", "AP"},      {"P", "P"},           {"recall", "R"},
      {"success", "Success"}, {"ndcg_cut", "nDCG"}, {"iprec_at_recall", "IPrec"}};
  std::string name;
  if (const auto plain = kPlain.find(trec_name); plain != kPlain.end()) {
    name = plain->second;
  } else if (const std::size_t underscore = trec_name.rfind('_'); underscore != std::string::npos) {
    const auto cut = kCut.find(trec_name.substr(0, underscore));
    name = cut == kCut.end() ? "" : cut->second + "@" + Plain(trec_name.substr(underscore + 1));
  }
  const bool takes_grade = !name.empty() && !name.starts_with("nDCG") && name != "num_ret";
  return takes_grade && minimum_grade > 1 ? name + absl::StrFormat("(rel=%d)", minimum_grade)
                                          : name;
}

using Values = std::map<std::pair<std::string, std::string>, std::string>;  // metric, topic

Values ReadExpected(const Case& files) {
  Values expected;
  std::string line;
  for (std::ifstream file = Open(files.expected); std::getline(file, line);) {
    std::string measure, topic, value;
    std::istringstream(line) >> measure >> topic >> value;
    // trec_eval's sum of num_rel counts grades from 1 on whatever the threshold is.
    const bool is_wrong = measure == "num_rel" && topic == "all" && files.minimum_grade > 1;
    const std::string name = OurName(measure, files.minimum_grade);
    if (!name.empty() && !is_wrong) {
      expected[{name, topic}] = value;
    }
  }
  return expected;
}

bool IsCount(const std::string& metric) { return metric.starts_with("num_"); }

std::string Printed(const std::string& metric, double value) {
  return IsCount(metric) ? absl::StrFormat("%.0f", value) : absl::StrFormat("%.4f", value);
}

Values Compute(const Case& files, const std::set<std::string>& metrics) {
  const Topics topics = ReadTopics(files);
  const auto evaluator = MakeEvaluator("ranking:" + absl::StrJoin(metrics, ","));
  EXPECT_TRUE(evaluator.ok()) << evaluator.status().ToString();
  Values computed;
  for (const auto& [metric, scores] : topics.rows.Score(**evaluator)) {
    double sum = 0;
    for (std::size_t row = 0; row < scores.size(); ++row) {
      computed[{metric, topics.ids[row]}] = Printed(metric, scores[row].value());
      sum += *scores[row];
    }
    computed[{metric, "all"}] =
        Printed(metric, IsCount(metric) ? sum : sum / static_cast<double>(scores.size()));
  }
  return computed;
}

class TrecAgreementTest : public testing::TestWithParam<Case> {};

TEST_P(TrecAgreementTest, EveryPrintedValueIsTheSame) {
  const Values expected = ReadExpected(GetParam());
  ASSERT_EQ(static_cast<int>(expected.size()), GetParam().num_values);
  std::set<std::string> metrics;
  for (const auto& [key, value] : expected) {
    metrics.insert(key.first);
  }
  const Values computed = Compute(GetParam(), metrics);
  for (const auto& [key, value] : expected) {
    const auto found = computed.find(key);
    ASSERT_NE(found, computed.end()) << key.first << " of topic " << key.second;
    EXPECT_EQ(found->second, value) << key.first << " of topic " << key.second;
  }
}

Case Robust(const std::string& run, int minimum_grade) {
  return {.name = absl::StrFormat("%sAtGrade%d", run, minimum_grade),
          .qrels = "robust03/qrels.txt",
          .run = absl::StrFormat("robust03/%s.run", run),
          .expected = absl::StrFormat("robust03/expected.%s.l%d.txt", run, minimum_grade),
          .minimum_grade = minimum_grade,
          .num_values = 23 * 21 - (minimum_grade > 1 ? 1 : 0)};
}

Case TrecEval(const std::string& name, const std::string& qrels, const std::string& run,
              const std::string& expected, int minimum_grade) {
  return {.name = name,
          .qrels = "trec_eval/" + qrels,
          .run = "trec_eval/" + run,
          .expected = "trec_eval/" + expected,
          .minimum_grade = minimum_grade,
          .num_values = 58 * 4 - (minimum_grade > 1 ? 1 : 0)};
}

INSTANTIATE_TEST_SUITE_P(
    RealRuns, TrecAgreementTest,
    testing::Values(Robust("oce03noXbmD", 1), Robust("oce03noXbmD", 2), Robust("fub03IeOLKe3", 1),
                    Robust("fub03IeOLKe3", 2),
                    TrecEval("TiedScores", "qrels.test", "results.test", "out.test.aq", 1),
                    TrecEval("MissingTopic", "qrels.test", "results.trunc", "out.test.aqc", 1),
                    TrecEval("TiedScoresAtGrade2", "qrels.rel_level", "results.test",
                             "out.test.aql", 2)),
    [](const testing::TestParamInfo<Case>& test) { return test.param.name; });

}  // namespace
}  // namespace assay
