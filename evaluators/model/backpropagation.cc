#include "evaluators/model/backpropagation.h"

#include <cmath>
#include <cstddef>

#include "evaluators/kernels/softmax.h"
#include "evaluators/model/forward.h"
#include "evaluators/status_macros.h"

namespace assay {
namespace {

using Row = std::span<double>;
using ConstRow = std::span<const double>;

// dx += W^T dy.
void BackLinear(ConstRow weight, ConstRow dy, Row dx) {
  for (std::size_t o = 0; o < dy.size(); ++o) {
    const double* const w = weight.data() + o * dx.size();
    for (std::size_t k = 0; k < dx.size(); ++k) {
      dx[k] += dy[o] * w[k];
    }
  }
}

// y = (x - mean) / s * gamma with s = sqrt(var + epsilon).
void BackLayerNorm(ConstRow x, ConstRow gamma, double epsilon, ConstRow dy, Row dx) {
  const auto n = static_cast<double>(x.size());
  double mean = 0;
  for (const double value : x) {
    mean += value / n;
  }
  double variance = 0;
  for (const double value : x) {
    variance += (value - mean) * (value - mean) / n;
  }
  const double s = std::sqrt(variance + epsilon);
  double sum = 0;
  double projection = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    sum += dy[i] * gamma[i];
    projection += dy[i] * gamma[i] * (x[i] - mean);
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    dx[i] += (dy[i] * gamma[i] - sum / n - (x[i] - mean) * projection / (n * s * s)) / s;
  }
}

void BackRmsNorm(ConstRow x, ConstRow gamma, double epsilon, ConstRow dy, Row dx) {
  const auto n = static_cast<double>(x.size());
  double squares = 0;
  double projection = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    squares += x[i] * x[i];
    projection += dy[i] * gamma[i] * x[i];
  }
  const double s = std::sqrt(squares / n + epsilon);
  for (std::size_t i = 0; i < x.size(); ++i) {
    dx[i] += (dy[i] * gamma[i] - x[i] * projection / (n * s * s)) / s;
  }
}

void BackL2Norm(ConstRow x, ConstRow y, ConstRow dy, Row dx) {
  double squares = 0;
  double projection = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    squares += x[i] * x[i];
    projection += dy[i] * y[i];
  }
  const double length = std::sqrt(squares);
  for (std::size_t i = 0; i < x.size() && length > 0; ++i) {
    dx[i] += (dy[i] - y[i] * projection) / length;
  }
}

void BackSoftmax(double temperature, ConstRow y, ConstRow dy, Row dx) {
  double projection = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    projection += dy[i] * y[i];
  }
  for (std::size_t i = 0; i < y.size(); ++i) {
    dx[i] += y[i] * (dy[i] - projection) / temperature;
  }
}

void BackFusedGate(const Step& step, ConstRow x, ConstRow dy, Row dx) {
  const std::size_t half = x.size() / 2;
  const std::size_t gate = step.order == GateOrder::kGateFirst ? 0 : half;
  const std::size_t up = half - gate;
  for (std::size_t i = 0; i < half; ++i) {
    const GatedValue value = GatedUnitValue(step.activation, x[gate + i], x[up + i]);
    dx[gate + i] += dy[i] * value.gate_derivative;
    dx[up + i] += dy[i] * value.up_derivative;
  }
}

// `slopes`: one of prelu per channel, or none.
void BackActivation(Activation activation, std::span<const double> slopes, ConstRow x, ConstRow dy,
                    Row dx) {
  for (std::size_t i = 0; i < dy.size(); ++i) {
    if (!slopes.empty()) {
      activation.parameter = slopes[i];
    }
    dx[i] += dy[i] * ActivationDerivative(activation, x[i]);
  }
}

// Adds to the gradients of what a step read, on one row.
void BackStep(const ReferenceModel& model, const Step& step, ConstRow a, ConstRow b, ConstRow y,
              ConstRow dy, Row da, Row db) {
  switch (step.type) {
    case StepType::kLinear:
      BackLinear(model.Tensor(step.tensor + ".weight"), dy, da);
      break;
    case StepType::kActivation:
      BackActivation(step.activation, model.Tensor(step.slopes), a, dy, da);
      break;
    case StepType::kGate:
      for (std::size_t i = 0; i < dy.size(); ++i) {
        const GatedValue value = GatedUnitValue(step.activation, a[i], b[i]);
        da[i] += dy[i] * value.gate_derivative;
        db[i] += dy[i] * value.up_derivative;
      }
      break;
    case StepType::kFusedGate:
      BackFusedGate(step, a, dy, da);
      break;
    case StepType::kAdd:
      for (std::size_t i = 0; i < dy.size(); ++i) {
        da[i] += dy[i];
        db[i] += dy[i];
      }
      break;
    case StepType::kLayerNorm:
      BackLayerNorm(a, model.Tensor(step.tensor + ".weight"), step.epsilon, dy, da);
      break;
    case StepType::kRmsNorm:
      BackRmsNorm(a, model.Tensor(step.tensor + ".weight"), step.epsilon, dy, da);
      break;
    case StepType::kL2Norm:
      BackL2Norm(a, y, dy, da);
      break;
    case StepType::kSoftmax:
      BackSoftmax(step.temperature, y, dy, da);
      break;
  }
}

// Row `row` of a matrix of `width` columns.
template <typename Values>
auto RowOf(Values& values, std::size_t row, std::size_t width) {
  return std::span(values).subspan(row * width, width);
}

}  // namespace

absl::StatusOr<Gradients> Backpropagate(const ReferenceModel& model,
                                        std::span<const float> features,
                                        std::span<const std::int32_t> targets) {
  ASSAY_ASSIGN_OR_RETURN(const Forward forward, Forward::Make(model, {}));
  const Program& program = forward.program();
  if (program.logits == kInput || targets.empty()) {
    return absl::FailedPreconditionError("a loss needs logits and rows with labels");
  }
  LayerCapture capture(program.steps.size());
  ASSAY_RETURN_IF_ERROR(forward.Run(features, capture));
  const std::size_t num_rows = targets.size();
  const auto num_features = static_cast<std::size_t>(forward.num_features());
  const double temperature = model.architecture().temperature;

  Gradients gradients;
  std::vector<double> input(features.begin(), features.end());
  for (double& value : input) {
    value *= model.architecture().scale;
  }
  gradients.input.assign(input.size(), 0.0);
  for (std::size_t i = 0; i < program.steps.size(); ++i) {
    gradients.steps.emplace_back(capture.layer(i).size(), 0.0);
  }
  const auto logits_step = static_cast<std::size_t>(program.logits);
  const auto width = static_cast<std::size_t>(program.steps[logits_step].out);
  std::vector<double> log_probabilities(width);
  for (std::size_t row = 0; row < num_rows; ++row) {
    ASSAY_RETURN_IF_ERROR(
        LogSoftmax(RowOf(capture.layer(logits_step), row, width), temperature, log_probabilities));
    const auto target = static_cast<std::size_t>(targets[row]);
    gradients.loss -= log_probabilities[target];
    const auto of_logits = RowOf(gradients.steps[logits_step], row, width);
    for (std::size_t i = 0; i < width; ++i) {
      of_logits[i] = (std::exp(log_probabilities[i]) - (i == target ? 1 : 0)) /
                     (temperature * static_cast<double>(num_rows));
    }
  }
  gradients.loss /= static_cast<double>(num_rows);

  for (std::size_t i = program.steps.size(); i-- > 0;) {
    const Step& step = program.steps[i];
    const auto out = static_cast<std::size_t>(step.out);
    const auto values_of = [&](int read) -> const std::vector<double>& {
      return read == kInput ? input : capture.layer(static_cast<std::size_t>(read));
    };
    const auto gradient_of = [&](int read) -> std::vector<double>& {
      return read == kInput ? gradients.input : gradients.steps[static_cast<std::size_t>(read)];
    };
    const bool has_b = step.type == StepType::kGate || step.type == StepType::kAdd;
    const auto in = step.a == kInput ? num_features : static_cast<std::size_t>(step.in);
    for (std::size_t row = 0; row < num_rows; ++row) {
      BackStep(model, step, RowOf(values_of(step.a), row, in),
               has_b ? RowOf(values_of(step.b), row, out) : ConstRow(),
               RowOf(capture.layer(i), row, out), RowOf(gradients.steps[i], row, out),
               RowOf(gradient_of(step.a), row, in),
               has_b ? RowOf(gradient_of(step.b), row, out) : Row());
    }
  }
  return gradients;
}

}  // namespace assay
