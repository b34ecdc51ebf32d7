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
#include "evaluators/metrics/embedding_norm.h"
#include "evaluators/metrics/embedding_similarity.h"
#include "evaluators/metrics/evaluator_spec.h"
#include "evaluators/metrics/ground_truth_match.h"
#include "evaluators/metrics/match_plan.h"
#include "evaluators/metrics/ranking.h"
#include "evaluators/metrics/recorded_values.h"

namespace assay {
namespace {

struct Factory {
  std::string_view name;
  absl::StatusOr<std::unique_ptr<const Evaluator>> (*make)(const EvaluatorSpec& spec);
  // Options that the columns allow; empty when the evaluator does not fit.
  std::vector<std::string> (*options)(const ColumnTypes& columns);
  // Options that together give every metric there is, settings as an example.
  std::vector<std::string> (*every_option)();
};

std::vector<std::string> EveryMeasure() {
  return {"nDCG@10", "nDCG",        "AP@10",       "AP",       "RR",        "RR@10", "R@10",
          "P@10",    "P(rel=2)@10", "Success@10",  "Rprec",    "Judged@10", "bpref", "num_ret",
          "num_rel", "num_rel_ret", "nDCG_exp@10", "R_cap@10", "IPrec@0.1"};
}

// In the order of DefaultEvaluators, which takes the last only when no other fits.
constexpr std::array<Factory, 7> kFactories = {{
    {"ground_truth_match", MakeGroundTruthMatch, GroundTruthMatchOptions, EveryMatchOption},
    {"ranking", MakeRanking, RankingOptions, EveryMeasure},
    {"embedding_similarity", MakeEmbeddingSimilarity, EmbeddingSimilarityOptions,
     [] {
       return std::vector<std::string>{"cosine", "l2", "norm_ratio"};
     }},
    {"latency", MakeLatency, LatencyOptions, [] { return std::vector<std::string>{"latency_us"}; }},
    {"cost", MakeCost, CostOptions, [] { return std::vector<std::string>{"cost"}; }},
    {"score", MakeScore, ScoreOptions,
     [] {
       return std::vector<std::string>{"NAME", "OTHER:lower"};
     }},
    {"embedding_norm", MakeEmbeddingNorm, EmbeddingNormOptions,
     [] { return std::vector<std::string>{"embedding_norm"}; }},
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
    if (&factory == &kFactories.back() && !specs.empty()) {
      break;
    }
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

std::string FullSpec(std::string_view name) {
  for (const Factory& factory : kFactories) {
    if (factory.name == name) {
      return FormatEvaluatorSpec(
          {.instance = "", .name = std::string(factory.name), .options = factory.every_option()});
    }
  }
  return "";
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
