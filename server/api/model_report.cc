#include "server/api/model_report.h"

#include <cmath>

#include "assay/v1/model_service.pb.h"
#include "assay/v1/reference_model_service.pb.h"
#include "evaluators/model/cost.h"
#include "server/base/status_macros.h"

namespace assay::api {
namespace {

void ToProto(const ActivationHealth& from, v1::LayerHealth& to) {
  to.set_pre_mean(from.pre_mean);
  to.set_pre_std(from.pre_std);
  to.set_mean(from.mean);
  to.set_std(from.std);
  to.set_min(from.min);
  to.set_max(from.max);
  to.set_max_abs(from.max_abs);
  to.set_zero_share(from.zero_share);
  to.set_negative_share(from.negative_share);
  if (from.saturated_share) {
    to.set_saturated_share(*from.saturated_share);
  }
  to.set_num_units(from.num_units);
  to.set_dead_units(from.dead_units);
  to.set_constant_units(from.constant_units);
  if (from.kurtosis) {
    to.set_kurtosis(*from.kurtosis);
  }
  if (from.outlier_ratio) {
    to.set_outlier_ratio(*from.outlier_ratio);
  }
  if (from.effective_rank) {
    to.set_effective_rank(*from.effective_rank);
  }
  if (from.participation_ratio) {
    to.set_participation_ratio(*from.participation_ratio);
  }
  to.set_negative_codes(from.negative_codes);
  to.mutable_histogram()->Assign(from.histogram.begin(), from.histogram.end());
  to.set_num_not_finite(from.num_not_finite);
}

void ToProto(const ComparedLayer& from, v1::LayerComparison& to) {
  to.set_name(from.name);
  to.set_max_abs(from.difference.max_abs);
  to.set_mean_abs(from.difference.mean_abs);
  to.set_rmse(from.difference.rmse);
  if (from.difference.relative_l2) {
    to.set_relative_l2(*from.difference.relative_l2);
  }
  if (from.difference.sqnr_db) {
    to.set_sqnr_db(*from.difference.sqnr_db);
  }
  if (from.difference.lowest_cosine) {
    to.set_lowest_cosine(*from.difference.lowest_cosine);
  }
  if (from.difference.mean_cosine) {
    to.set_mean_cosine(*from.difference.mean_cosine);
  }
  to.set_noise_floor(from.noise_floor);
  to.set_tier(static_cast<v1::LayerComparison::Tier>(from.tier));
  if (from.baseline_health) {
    ToProto(*from.baseline_health, *to.mutable_baseline_health());
  }
  if (from.candidate_health) {
    ToProto(*from.candidate_health, *to.mutable_candidate_health());
  }
  to.set_revived_units(from.revived_units);
  to.set_died_units(from.died_units);
  if (from.baseline_gradient) {
    to.set_baseline_gradient(*from.baseline_gradient);
  }
  if (from.candidate_gradient) {
    to.set_candidate_gradient(*from.candidate_gradient);
  }
}

}  // namespace

void AddComparison(const ModelComparison& from, std::span<const std::int64_t> positions,
                   const run::LayerTimer& baseline, const run::LayerTimer& candidate,
                   v1::LayerReport& to) {
  for (std::size_t i = 0; i < from.layers.size(); ++i) {
    v1::LayerComparison& layer = *to.add_layers();
    ToProto(from.layers[i], layer);
    layer.set_baseline_us(baseline.BestUs(i));
    layer.set_candidate_us(candidate.BestUs(i));
    for (const std::int64_t row : from.layers[i].most_moved_rows) {
      layer.add_most_moved_rows(positions[static_cast<std::size_t>(row)]);
    }
  }
  to.set_first_diverging(from.first_diverging);
  v1::NamedSwap& swap = *to.mutable_swap();
  swap.set_name(from.swap.name);
  if (from.swap.sqnr_db) {
    swap.set_sqnr_db(*from.swap.sqnr_db);
  }
  swap.set_explained(from.swap.explained);
  swap.set_runner_up(from.swap.runner_up);
  swap.set_runner_up_explained(from.swap.runner_up_explained);
  swap.set_num_tried(from.swap.num_tried);
}

void AddCost(const Architecture& architecture, const Numerics& numerics, v1::ModelCost& to) {
  const std::vector<LayerCost> layers = CostOf(architecture, numerics);
  for (const LayerCost& layer : layers) {
    v1::ModelCost::Layer& added = *to.add_layers();
    added.set_name(layer.name);
    added.set_flops(layer.flops);
    added.set_weight_bytes(layer.weight_bytes);
    added.set_activation_bytes(layer.activation_bytes);
  }
  const LayerCost total = TotalCost(layers);
  to.set_flops(total.flops);
  to.set_weight_bytes(total.weight_bytes);
  to.set_activation_bytes(total.activation_bytes);
  to.set_num_weights(total.num_weights);
}

absl::Status AddStoredCost(const store::ModelVersionRecord& from, v1::ModelVersion& to) {
  if (from.external) {
    return absl::OkStatus();
  }
  ASSAY_ASSIGN_OR_RETURN(const Architecture architecture,
                         ParseArchitecture(from.architecture_json));
  ASSAY_ASSIGN_OR_RETURN(const Numerics numerics, ParseNumerics(from.numerics));
  AddCost(architecture, numerics, *to.mutable_cost());
  return absl::OkStatus();
}

void AddFindings(const std::vector<Finding>& from, v1::Diagnosis& to) {
  for (const Finding& finding : from) {
    v1::Diagnosis::Finding& added = *to.add_findings();
    added.set_severity(static_cast<v1::Diagnosis::Finding::Severity>(finding.severity));
    added.set_check(finding.check);
    added.set_layer(finding.layer);
    added.set_text(finding.text);
    added.set_value(finding.value);
  }
}

}  // namespace assay::api
