#include "evaluators/metrics/ranking.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "evaluators/metrics/judged_rankings.h"
#include "evaluators/metrics/ranking_measure.h"

namespace assay {
namespace {

const std::vector<std::string>& DefaultMeasures() {
  static const auto* const kMeasures =
      new std::vector<std::string>{"nDCG@10", "nDCG", "AP", "RR", "R@10", "R@100", "P@10"};
  return *kMeasures;
}

class Ranking : public Evaluator {
 public:
  Ranking(EvaluatorSpec spec, std::vector<RankingMeasure> measures)
      : measures_(std::move(measures)) {
    spec.options.clear();
    for (const RankingMeasure& measure : measures_) {
      descriptors_.push_back(DescribeRankingMeasure(measure));
      spec.options.push_back(descriptors_.back().id);
      if (measure.cutoff > 0) {
        cutoffs_.insert(measure.cutoff);
      }
      minimum_grades_.insert(measure.minimum_grade);
    }
    spec_ = FormatEvaluatorSpec(spec);
    AddInstance(spec, descriptors_);
  }

  const std::string& spec() const override { return spec_; }
  std::span<const MetricDescriptor> metrics() const override { return descriptors_; }
  std::vector<std::string> example_columns() const override { return {"relevance"}; }
  std::vector<std::string> output_columns() const override { return {"ranking"}; }
  bool ScoresMissingOutputs() const override { return true; }

  absl::Status Check(const ColumnTypes& columns) const override {
    const std::optional<ColumnType> relevance = columns.example("relevance");
    if (!relevance) {
      return MissingColumn("example", "relevance");
    }
    if (*relevance != ColumnType::kRelevance) {
      return WrongColumnType("example", "relevance", *relevance, "relevance");
    }
    const std::optional<ColumnType> ranking = columns.output("ranking");
    if (!ranking) {
      return MissingColumn("output", "ranking");
    }
    return *ranking == ColumnType::kRanking
               ? absl::OkStatus()
               : WrongColumnType("output", "ranking", *ranking, "ranking");
  }

  absl::Status Score(const EvaluationBatch& batch, std::span<ScoreColumn> scores) const override {
    for (ScoreColumn& column : scores) {
      column.values.assign(static_cast<std::size_t>(batch.num_rows), 0);
      column.is_defined.assign(static_cast<std::size_t>(batch.num_rows), 0);
    }
    const Column* const relevance = batch.example("relevance");
    if (relevance == nullptr) {
      return absl::OkStatus();
    }
    JudgedRankings queries(*relevance, batch.output("ranking"));
    for (std::int64_t row = 0; row < batch.num_rows; ++row) {
      const std::optional<JudgedRanking> query = queries.Get(row);
      if (!query) {
        continue;
      }
      for (std::size_t i = 0; i < measures_.size(); ++i) {
        const double value = ComputeRankingMeasure(measures_[i], *query);
        if (!std::isnan(value)) {
          scores[i].values[static_cast<std::size_t>(row)] = value;
          scores[i].is_defined[static_cast<std::size_t>(row)] = 1;
        }
      }
    }
    return absl::OkStatus();
  }

  std::vector<std::pair<std::string, std::int64_t>> Counts(
      const EvaluationBatch& batch) const override {
    const Column* const relevance = batch.example("relevance");
    std::vector<std::int64_t> num_tied(cutoffs_.size(), 0);
    std::vector<std::int64_t> num_without_relevant(minimum_grades_.size(), 0);
    std::int64_t num_without_ranking = 0;
    if (relevance != nullptr) {
      JudgedRankings queries(*relevance, batch.output("ranking"));
      for (std::int64_t row = 0; row < batch.num_rows; ++row) {
        const std::optional<JudgedRanking> query = queries.Get(row);
        if (!query) {
          continue;
        }
        num_without_ranking += query->num_ranked == 0 ? 1 : 0;
        std::size_t i = 0;
        for (const std::int32_t cutoff : cutoffs_) {
          num_tied[i++] += queries.IsTiedAt(cutoff) ? 1 : 0;
        }
        i = 0;
        for (const std::int32_t grade : minimum_grades_) {
          const bool has_relevant = !query->relevant.empty() && query->relevant.front() >= grade;
          num_without_relevant[i++] += has_relevant ? 0 : 1;
        }
      }
    }
    return NameCounts(num_tied, num_without_relevant, num_without_ranking);
  }

 private:
  std::vector<std::pair<std::string, std::int64_t>> NameCounts(
      std::span<const std::int64_t> num_tied, std::span<const std::int64_t> num_without_relevant,
      std::int64_t num_without_ranking) const {
    std::vector<std::pair<std::string, std::int64_t>> counts;
    std::size_t i = 0;
    for (const std::int32_t cutoff : cutoffs_) {
      counts.emplace_back(absl::StrFormat("tied at cut-off %d", cutoff), num_tied[i++]);
    }
    i = 0;
    for (const std::int32_t grade : minimum_grades_) {
      counts.emplace_back(grade == 1
                              ? "without a relevant document"
                              : absl::StrFormat("without a document of grade %d or more", grade),
                          num_without_relevant[i++]);
    }
    counts.emplace_back("without a ranking", num_without_ranking);
    return counts;
  }

  std::vector<RankingMeasure> measures_;  // canonical order, each once
  std::vector<MetricDescriptor> descriptors_;
  std::set<std::int32_t> cutoffs_;
  std::set<std::int32_t> minimum_grades_;
  std::string spec_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<const Evaluator>> MakeRanking(const EvaluatorSpec& spec) {
  std::vector<RankingMeasure> measures;
  for (const std::string& option : spec.options.empty() ? DefaultMeasures() : spec.options) {
    const absl::StatusOr<RankingMeasure> measure = ParseRankingMeasure(option);
    if (!measure.ok()) {
      return measure.status();
    }
    measures.push_back(*measure);
  }
  std::sort(measures.begin(), measures.end(), IsListedBefore);
  measures.erase(std::unique(measures.begin(), measures.end()), measures.end());
  return std::make_unique<Ranking>(spec, std::move(measures));
}

std::vector<std::string> RankingOptions(const ColumnTypes& columns) {
  const bool fits = columns.example("relevance") == ColumnType::kRelevance &&
                    columns.output("ranking") == ColumnType::kRanking;
  return fits ? DefaultMeasures() : std::vector<std::string>();
}

}  // namespace assay
