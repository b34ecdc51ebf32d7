#include "evaluators/model/cost.h"

#include "evaluators/model/program.h"

namespace assay {
namespace {

constexpr std::int64_t kScaleBytes = 4;

std::int64_t FlopsOf(const Step& step) {
  switch (step.type) {
    case StepType::kLinear:
      return 2 * step.in * step.out + (step.has_bias ? step.out : 0);
    case StepType::kActivation:
    case StepType::kAdd:
      return step.out;
    case StepType::kGate:
    case StepType::kFusedGate:
      return 2 * step.out;  // function, product
    case StepType::kLayerNorm:
      // Sum for the mean; deviation, square, sum; scale; gain and shift.
      return (step.has_bias ? 7 : 6) * step.out;
    case StepType::kRmsNorm:
      return 4 * step.out;  // square, sum; scale, gain
    case StepType::kL2Norm:
      return 3 * step.out;  // square, sum; scale
    case StepType::kSoftmax:
      return 6 * step.out;  // maximum; difference, division by T, exp; sum; division
  }
  return 0;
}

std::int64_t WeightsOf(const Step& step) {
  switch (step.type) {
    case StepType::kLinear:
      return step.in * step.out + (step.has_bias ? step.out : 0);
    case StepType::kActivation:
      return step.slopes.empty() ? 0 : step.out;
    case StepType::kLayerNorm:
    case StepType::kRmsNorm:
      return (step.has_bias ? 2 : 1) * step.out;
    default:
      return 0;
  }
}

std::int64_t BytesOfWeight(Dtype dtype) {
  switch (dtype) {
    case Dtype::kF64:
      return 8;
    case Dtype::kBf16:
    case Dtype::kF16:
      return 2;
    case Dtype::kF32:
    case Dtype::kInt8:
      return 4;
  }
  return 8;
}

std::int64_t WeightBytesOf(const Step& step, const Numerics& numerics) {
  const std::int64_t bytes = BytesOfWeight(numerics.dtype);
  if (numerics.dtype != Dtype::kInt8 || step.type != StepType::kLinear) {
    return bytes * WeightsOf(step);
  }
  const std::int64_t num_scales = numerics.scheme.is_per_channel ? step.out : 1;
  return step.in * step.out + (step.has_bias ? bytes * step.out : 0) + kScaleBytes * num_scales;
}

std::int64_t ActivationBytesOf(const Step& step, const Numerics& numerics) {
  const bool is_float = numerics.dtype == Dtype::kF32 || numerics.dtype == Dtype::kInt8;
  const std::int64_t bytes = is_float ? 4 : 8;
  const bool reads_codes = numerics.dtype == Dtype::kInt8 && step.type == StepType::kLinear;
  const bool reads_two = step.type == StepType::kGate || step.type == StepType::kAdd;
  return (reads_codes ? 1 : bytes) * step.in * (reads_two ? 2 : 1) + bytes * step.out;
}

}  // namespace

std::vector<LayerCost> CostOf(const Architecture& architecture, const Numerics& numerics) {
  std::vector<LayerCost> layers;
  for (const Step& step : MakeProgram(architecture).steps) {
    layers.push_back({step.name, FlopsOf(step), WeightsOf(step), WeightBytesOf(step, numerics),
                      ActivationBytesOf(step, numerics)});
  }
  return layers;
}

LayerCost TotalCost(const std::vector<LayerCost>& layers) {
  LayerCost total;
  for (const LayerCost& layer : layers) {
    total.flops += layer.flops;
    total.num_weights += layer.num_weights;
    total.weight_bytes += layer.weight_bytes;
    total.activation_bytes += layer.activation_bytes;
  }
  return total;
}

}  // namespace assay
