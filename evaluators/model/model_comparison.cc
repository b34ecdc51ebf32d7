#include "evaluators/model/model_comparison.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "absl/strings/str_format.h"
#include "evaluators/model/backpropagation.h"
#include "evaluators/model/cost.h"
#include "evaluators/model/noise_floor.h"
#include "evaluators/status_macros.h"

namespace assay {
namespace {

constexpr std::int64_t kSwapRows = 64;
constexpr std::int64_t kGradientRows = 1024;

absl::Status CheckSameLayers(const Program& baseline, const Program& candidate) {
  const std::size_t common = std::min(baseline.steps.size(), candidate.steps.size());
  for (std::size_t i = 0; i < common; ++i) {
    const Step& a = baseline.steps[i];
    const Step& b = candidate.steps[i];
    if (a.name != b.name || a.out != b.out) {
      return absl::InvalidArgumentError(
          absl::StrFormat("the models differ in layer %d: '%s' of %d and '%s' of %d values", i,
                          a.name, a.out, b.name, b.out));
    }
  }
  if (baseline.steps.size() != candidate.steps.size()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the models have %d and %d layers", baseline.steps.size(), candidate.steps.size()));
  }
  return absl::OkStatus();
}

absl::StatusOr<LayerCapture> RunCaptured(const Forward& forward, std::span<const float> features) {
  LayerCapture capture(forward.program().steps.size());
  ASSAY_RETURN_IF_ERROR(forward.Run(features, capture));
  return capture;
}

// Lets the timers watch both sides in turn, after both have run: the first run pays for memory that
// the later ones find ready. Several times where that takes little.
absl::Status TimeLayers(const Forward& before, const ModelSide& baseline, const Forward& after,
                        const ModelSide& candidate, std::span<const float> features) {
  constexpr std::int64_t kManyFlops = 2'000'000'000;
  constexpr int kRuns = 3;
  const std::int64_t rows = static_cast<std::int64_t>(features.size()) / before.num_features();
  const Architecture& architecture = baseline.model.architecture();
  const std::int64_t flops = rows * TotalCost(CostOf(architecture, baseline.numerics)).flops;
  const int runs = flops < kManyFlops ? kRuns : 1;
  for (int run = 0; run < runs; ++run) {
    ASSAY_RETURN_IF_ERROR(before.Run(features, baseline.timer));
    ASSAY_RETURN_IF_ERROR(after.Run(features, candidate.timer));
  }
  return absl::OkStatus();
}

std::vector<bool> DeadUnits(std::span<const double> results, std::size_t width) {
  std::vector<bool> dead(width, true);
  for (std::size_t i = 0; i < results.size(); ++i) {
    dead[i % width] = dead[i % width] && results[i] == 0;
  }
  return dead;
}

void CountChangedUnits(std::span<const double> before, std::span<const double> after,
                       std::size_t width, ComparedLayer& layer) {
  const std::vector<bool> dead_before = DeadUnits(before, width);
  const std::vector<bool> dead_after = DeadUnits(after, width);
  for (std::size_t unit = 0; unit < width; ++unit) {
    layer.revived_units += dead_before[unit] && !dead_after[unit] ? 1 : 0;
    layer.died_units += !dead_before[unit] && dead_after[unit] ? 1 : 0;
  }
}

// `capture`: what the side gives, in its own arithmetic.
absl::StatusOr<std::vector<double>> NoiseFloorOf(const ModelSide& side, const LayerCapture& capture,
                                                 std::span<const float> features) {
  if (side.numerics.dtype == Dtype::kF64) {
    return MeasureNoiseFloor(side.model, features, capture);
  }
  ASSAY_ASSIGN_OR_RETURN(const Forward forward, Forward::Make(side.model, {}));
  ASSAY_ASSIGN_OR_RETURN(const LayerCapture referee, RunCaptured(forward, features));
  return MeasureNoiseFloor(side.model, features, referee);
}

// The step that the outputs come from; an architecture has logits or an embedding.
std::size_t OutputStep(const Program& program) {
  return static_cast<std::size_t>(program.logits == kInput ? program.embedding : program.logits);
}

// `observed` are outputs for all rows of `features`, which `numerics` made as far as is known.
absl::StatusOr<SwapName> NameSwapOfFirstRows(const ModelSide& side, const Numerics& numerics,
                                             const Program& program,
                                             std::span<const float> features,
                                             std::span<const double> observed) {
  const std::int64_t width = program.steps[OutputStep(program)].out;
  const std::int64_t num_features = side.model.architecture().num_features;
  const std::int64_t rows =
      std::min(kSwapRows, static_cast<std::int64_t>(features.size()) / num_features);
  const auto first_features = features.first(static_cast<std::size_t>(rows * num_features));
  const auto first_observed = observed.first(static_cast<std::size_t>(rows * width));
  ASSAY_ASSIGN_OR_RETURN(const SwapName swap,
                         NameSwap(side.model, side.numerics, first_features, first_observed));
  if (!swap.name.empty() || NumericsText(numerics) == NumericsText(side.numerics)) {
    return swap;
  }
  // What the arithmetic alone does may hide the swap.
  ASSAY_ASSIGN_OR_RETURN(SwapName beneath,
                         NameSwap(side.model, numerics, first_features, first_observed));
  beneath.num_tried += swap.num_tried;
  return beneath.name.empty() ? swap : beneath;
}

}  // namespace

std::vector<double> ScaledInput(const ReferenceModel& model, std::span<const float> features) {
  std::vector<double> input(features.begin(), features.end());
  for (double& value : input) {
    value *= model.architecture().scale;
  }
  return input;
}

std::optional<ActivationHealth> HealthOf(const Program& program, std::size_t step,
                                         const LayerCapture& capture,
                                         std::span<const double> scaled_input) {
  const Step& of = program.steps[step];
  const bool is_activation = of.type == StepType::kActivation || of.type == StepType::kGate ||
                             of.type == StepType::kFusedGate;
  if (!is_activation || capture.layer(step).empty()) {
    return std::nullopt;
  }
  const std::span<const double> inputs =
      of.a == kInput ? scaled_input : capture.layer(static_cast<std::size_t>(of.a));
  return MeasureHealth(of.activation, inputs, capture.layer(step), of.out);
}

absl::StatusOr<std::vector<double>> GradientNorms(const ReferenceModel& model,
                                                  std::span<const float> features,
                                                  std::span<const std::int32_t> targets) {
  if (model.architecture().logits.empty()) {
    return std::vector<double>();
  }
  const auto width = static_cast<std::size_t>(model.architecture().num_features);
  std::vector<float> known_features;
  std::vector<std::int32_t> known_targets;
  for (std::size_t row = 0; row < targets.size() && std::ssize(known_targets) < kGradientRows;
       ++row) {
    if (targets[row] >= 0) {
      const auto values = features.subspan(row * width, width);
      known_features.insert(known_features.end(), values.begin(), values.end());
      known_targets.push_back(targets[row]);
    }
  }
  if (known_targets.empty()) {
    return std::vector<double>();
  }
  ASSAY_ASSIGN_OR_RETURN(const Gradients gradients,
                         Backpropagate(model, known_features, known_targets));
  std::vector<double> norms;
  for (const std::vector<double>& values : gradients.steps) {
    double squares = 0;
    for (const double value : values) {
      squares += value * value;
    }
    norms.push_back(std::sqrt(squares));
  }
  return norms;
}

absl::StatusOr<ModelComparison> CompareModels(const ModelSide& baseline, const ModelSide& candidate,
                                              std::span<const float> features,
                                              std::span<const std::int32_t> targets) {
  ASSAY_ASSIGN_OR_RETURN(const Forward before, Forward::Make(baseline.model, baseline.numerics));
  ASSAY_ASSIGN_OR_RETURN(const Forward after, Forward::Make(candidate.model, candidate.numerics));
  ASSAY_RETURN_IF_ERROR(CheckSameLayers(before.program(), after.program()));
  ASSAY_ASSIGN_OR_RETURN(const LayerCapture of_baseline, RunCaptured(before, features));
  ASSAY_ASSIGN_OR_RETURN(const LayerCapture of_candidate, RunCaptured(after, features));
  ASSAY_RETURN_IF_ERROR(TimeLayers(before, baseline, after, candidate, features));
  ASSAY_ASSIGN_OR_RETURN(const std::vector<double> noise_floor,
                         NoiseFloorOf(baseline, of_baseline, features));
  ASSAY_ASSIGN_OR_RETURN(const std::vector<double> gradients_before,
                         GradientNorms(baseline.model, features, targets));
  ASSAY_ASSIGN_OR_RETURN(const std::vector<double> gradients_after,
                         GradientNorms(candidate.model, features, targets));
  const std::vector<double> input_before = ScaledInput(baseline.model, features);
  const std::vector<double> input_after = ScaledInput(candidate.model, features);

  ModelComparison comparison;
  const Program& program = before.program();
  for (std::size_t i = 0; i < program.steps.size(); ++i) {
    ComparedLayer layer;
    layer.name = program.steps[i].name;
    layer.difference =
        CompareLayer(of_baseline.layer(i), of_candidate.layer(i), program.steps[i].out);
    layer.most_moved_rows = RowsFurthestApart(of_baseline.layer(i), of_candidate.layer(i),
                                              program.steps[i].out, kMaxMovedRows);
    layer.noise_floor = noise_floor[i];
    layer.tier = TierOf(layer.difference, layer.noise_floor);
    layer.baseline_health = HealthOf(program, i, of_baseline, input_before);
    layer.candidate_health = HealthOf(after.program(), i, of_candidate, input_after);
    if (layer.baseline_health) {
      CountChangedUnits(of_baseline.layer(i), of_candidate.layer(i),
                        static_cast<std::size_t>(program.steps[i].out), layer);
    }
    if (!gradients_before.empty() && !gradients_after.empty()) {
      layer.baseline_gradient = gradients_before[i];
      layer.candidate_gradient = gradients_after[i];
    }
    if (comparison.first_diverging.empty() && layer.tier > DifferenceTier::kEquivalent) {
      comparison.first_diverging = layer.name;
    }
    comparison.layers.push_back(std::move(layer));
  }

  if (!comparison.first_diverging.empty()) {
    ASSAY_ASSIGN_OR_RETURN(comparison.swap,
                           NameSwapOfFirstRows(baseline, candidate.numerics, program, features,
                                               of_candidate.layer(OutputStep(program))));
  }
  return comparison;
}

absl::StatusOr<ModelComparison> CompareOutputs(const ModelSide& model,
                                               std::span<const float> features,
                                               std::span<const double> observed) {
  ASSAY_ASSIGN_OR_RETURN(const Forward forward, Forward::Make(model.model, model.numerics));
  ASSAY_ASSIGN_OR_RETURN(const LayerCapture own, RunCaptured(forward, features));
  const Program& program = forward.program();
  const std::size_t output = OutputStep(program);
  const Step& step = program.steps[output];
  if (observed.size() != own.layer(output).size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d observed values for the %d that layer '%s' gives", observed.size(),
                        own.layer(output).size(), step.name));
  }
  ASSAY_ASSIGN_OR_RETURN(const std::vector<double> noise_floor, NoiseFloorOf(model, own, features));
  ComparedLayer layer;
  layer.name = step.name;
  layer.difference = CompareLayer(own.layer(output), observed, step.out);
  layer.noise_floor = noise_floor[output];
  layer.tier = TierOf(layer.difference, layer.noise_floor);
  ModelComparison comparison;
  if (layer.tier > DifferenceTier::kEquivalent) {
    comparison.first_diverging = layer.name;
    ASSAY_ASSIGN_OR_RETURN(comparison.swap,
                           NameSwapOfFirstRows(model, model.numerics, program, features, observed));
  }
  comparison.layers.push_back(std::move(layer));
  return comparison;
}

}  // namespace assay
