#include "evaluators/registry.h"

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "evaluators/metrics/embedding_similarity.h"
#include "evaluators/metrics/evaluator_spec.h"
#include "evaluators/metrics/ground_truth_match.h"
#include "evaluators/metrics/ranking.h"
#include "evaluators/metrics/recorded_values.h"

namespace assay {
namespace {

struct Factory {
  std::string_view name;
  absl::StatusOr<std::unique_ptr<const Evaluator>> (*make)(const EvaluatorSpec& spec);
  // Options that the columns allow; empty when the evaluator does not fit.
  std::vector<std::string> (*options)(const ColumnTypes& columns);
};

// In the order of DefaultEvaluators.
constexpr std::array<Factory, 6> kFactories = {{
    {"ground_truth_match", MakeGroundTruthMatch, GroundTruthMatchOptions},
    {"ranking", MakeRanking, RankingOptions},
    {"embedding_similarity", MakeEmbeddingSimilarity, EmbeddingSimilarityOptions},
    {"latency", MakeLatency, LatencyOptions},
    {"cost", MakeCost, CostOptions},
    {"score", MakeScore, ScoreOptions},
}};

absl::StatusOr<const Factory*> FindFactory(std::string_view name) {
  for (const Factory& factory : kFactories) {
    if (factory.name == name) {
      return &factory;
    }
  }
  return absl::InvalidArgumentError(absl::StrFormat("unknown evaluator '%s'; there are %s", name,
                                                    absl::StrJoin(EvaluatorNames(), ", ")));
}

absl::StatusOr<std::unique_ptr<const Evaluator>> Make(EvaluatorSpec spec,
                                                      const ColumnTypes* columns) {
  const absl::StatusOr<const Factory*> factory = FindFactory(spec.name);
  if (!factory.ok()) {
    return factory.status();
  }
  if (spec.options.empty() && columns != nullptr) {
    spec.options = (*factory)->options(*columns);
  }
  return (*factory)->make(spec);
}

}  // namespace

absl::StatusOr<std::unique_ptr<const Evaluator>> MakeEvaluator(std::string_view spec) {
  absl::StatusOr<EvaluatorSpec> parsed = ParseEvaluatorSpec(spec);
  if (!parsed.ok()) {
    return parsed.status();
  }
  return Make(*std::move(parsed), nullptr);
}

absl::StatusOr<std::string> CompleteSpec(std::string_view spec, const ColumnTypes& columns) {
  absl::StatusOr<EvaluatorSpec> parsed = ParseEvaluatorSpec(spec);
  if (!parsed.ok()) {
    return parsed.status();
  }
  const absl::StatusOr<std::unique_ptr<const Evaluator>> evaluator =
      Make(*std::move(parsed), &columns);
  if (!evaluator.ok()) {
    return evaluator.status();
  }
  return (*evaluator)->spec();
}

absl::StatusOr<std::vector<std::unique_ptr<const Evaluator>>> MakeEvaluators(
    const std::vector<std::string>& specs) {
  std::vector<std::unique_ptr<const Evaluator>> evaluators;
  absl::flat_hash_map<std::string, std::string> spec_of_metric;
  for (const std::string& spec : specs) {
    absl::StatusOr<std::unique_ptr<const Evaluator>> evaluator = MakeEvaluator(spec);
    if (!evaluator.ok()) {
      return evaluator.status();
    }
    for (const MetricDescriptor& metric : (*evaluator)->metrics()) {
      const auto [other, is_new] = spec_of_metric.try_emplace(metric.id, (*evaluator)->spec());
      if (!is_new) {
        return absl::InvalidArgumentError(absl::StrFormat(
            "metric '%s' comes from both '%s' and '%s'; give one an instance, as in 'mine=%s'",
            metric.id, other->second, (*evaluator)->spec(), (*evaluator)->spec()));
      }
    }
    evaluators.push_back(*std::move(evaluator));
  }
  return evaluators;
}

std::vector<std::string> DefaultEvaluators(const ColumnTypes& columns) {
  std::vector<std::string> specs;
  for (const Factory& factory : kFactories) {
    EvaluatorSpec spec = {
        .instance = "", .name = std::string(factory.name), .options = factory.options(columns)};
    if (spec.options.empty()) {
      continue;
    }
    if (const auto evaluator = factory.make(spec); evaluator.ok()) {
      specs.push_back((*evaluator)->spec());
    }
  }
  return specs;
}

std::vector<std::string> EvaluatorNames() {
  std::vector<std::string> names;
  names.reserve(kFactories.size());
  for (const Factory& factory : kFactories) {
    names.emplace_back(factory.name);
  }
  return names;
}

}  // namespace assay
