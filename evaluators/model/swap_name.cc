#include "evaluators/model/swap_name.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "evaluators/kernels/activation_registry.h"
#include "evaluators/model/activation_swap.h"
#include "evaluators/model/forward.h"
#include "evaluators/model/layer_comparison.h"
#include "evaluators/status_macros.h"

namespace assay {
namespace {

absl::StatusOr<std::vector<double>> Outputs(const ReferenceModel& model, const Numerics& numerics,
                                            std::span<const float> features) {
  ASSAY_ASSIGN_OR_RETURN(const Forward forward, Forward::Make(model, numerics));
  const Program& program = forward.program();
  const int step = program.logits == kInput ? program.embedding : program.logits;
  LayerCapture capture(program.steps.size(), std::vector<int>{step});
  ASSAY_RETURN_IF_ERROR(forward.Run(features, capture));
  return capture.TakeLayer(static_cast<std::size_t>(step));
}

double SquaredDistance(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += (a[i] - b[i]) * (a[i] - b[i]);
  }
  return sum;
}

// The same function under two names would explain equally well.
bool IsTwin(ActivationKind kind) { return kind == ActivationKind::kSwish; }

std::vector<ActivationSwap> Candidates(const Architecture& architecture) {
  std::vector<ActivationSwap> swaps;
  std::vector<Activation> present;
  for (const Block& block : architecture.blocks) {
    if (block.activation &&
        std::find(present.begin(), present.end(), *block.activation) == present.end()) {
      present.push_back(*block.activation);
    }
  }
  for (const Activation& from : present) {
    std::vector<std::string> layers = {""};
    for (const Block& block : architecture.blocks) {
      if (block.activation == from) {
        layers.push_back(block.name);
      }
    }
    if (layers.size() == 2) {
      layers.erase(layers.begin());  // one layer is every layer
    }
    for (const std::string& layer : layers) {
      for (const ActivationInfo& info : Activations()) {
        const Activation to = {info.kind, info.default_parameter};
        if (to.kind != from.kind && !IsTwin(info.kind)) {
          swaps.push_back({layer, from, to});
        }
      }
    }
  }
  return swaps;
}

std::string Named(const ActivationSwap& swap) {
  return absl::StrFormat("%s: %s -> %s", swap.layer.empty() ? "every layer" : swap.layer,
                         InfoOf(swap.from.kind).name, InfoOf(swap.to.kind).name);
}

// A function with the squared difference that it leaves on each side of a capture.
struct CapturedFit {
  Activation activation;
  double left_before = 0;
  double left_after = 0;
};

std::vector<CapturedFit> FitCaptures(std::span<const double> inputs, std::span<const double> before,
                                     std::span<const double> after) {
  std::vector<CapturedFit> fits;
  std::vector<double> values(inputs.size());
  for (const ActivationInfo& info : Activations()) {
    if (!IsTwin(info.kind)) {
      const Activation activation = {info.kind, info.default_parameter};
      ApplyActivation(activation, inputs, values);
      fits.push_back({activation, SquaredDistance(values, before), SquaredDistance(values, after)});
    }
  }
  return fits;
}

// Counts an explanation in; true when it is the best so far, whose name is `best`.
bool Consider(double explained, std::string name, std::string& best, SwapName& result) {
  ++result.num_tried;
  if (explained > result.explained) {
    result.runner_up = std::exchange(best, std::move(name));
    result.runner_up_explained = std::exchange(result.explained, explained);
    return true;
  }
  if (explained > result.runner_up_explained) {
    result.runner_up = std::move(name);
    result.runner_up_explained = explained;
  }
  return false;
}

// Names the best explanation where it explains enough; else it is still worth telling.
void Conclude(std::string best, SwapName& result) {
  if (result.explained >= kNamingShare) {
    result.name = std::move(best);
  } else {
    result.runner_up = std::move(best);
    result.runner_up_explained = result.explained;
  }
}

std::optional<double> SqnrOf(std::span<const double> observed, std::span<const double> predicted) {
  return CompareLayer(observed, predicted, static_cast<std::int64_t>(observed.size())).sqnr_db;
}

}  // namespace

absl::StatusOr<SwapName> NameSwap(const ReferenceModel& model, const Numerics& numerics,
                                  std::span<const float> features,
                                  std::span<const double> observed) {
  SwapName result;
  ASSAY_ASSIGN_OR_RETURN(const std::vector<double> own, Outputs(model, numerics, features));
  if (own.size() != observed.size()) {
    return absl::InvalidArgumentError("the outputs to explain have another width");
  }
  const double difference = SquaredDistance(own, observed);
  if (!(difference > 0) || !std::isfinite(difference)) {
    return result;
  }
  std::string best;
  for (const ActivationSwap& swap : Candidates(model.architecture())) {
    ASSAY_ASSIGN_OR_RETURN(Architecture swapped, SwapActivation(model.architecture(), swap));
    const absl::StatusOr<std::vector<double>> predicted =
        Outputs(model.With(std::move(swapped)), numerics, features);
    if (!predicted.ok()) {
      ++result.num_tried;
      continue;  // the function breaks the network, which the observed one is not
    }
    const double explained = 1 - SquaredDistance(*predicted, observed) / difference;
    if (Consider(explained, Named(swap), best, result)) {
      result.sqnr_db = SqnrOf(observed, *predicted);
    }
  }
  Conclude(std::move(best), result);
  return result;
}

absl::StatusOr<SwapName> NameCapturedSwap(std::span<const double> inputs,
                                          std::span<const double> before,
                                          std::span<const double> after) {
  if (inputs.size() != before.size() || inputs.size() != after.size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the captures have %d, %d and %d values; one of each belongs to each input",
                        inputs.size(), before.size(), after.size()));
  }
  SwapName result;
  const double difference = SquaredDistance(before, after);
  if (!(difference > 0) || !std::isfinite(difference)) {
    return result;
  }
  std::string best;
  Activation best_after;
  const std::vector<CapturedFit> fits = FitCaptures(inputs, before, after);
  for (const CapturedFit& from : fits) {
    for (const CapturedFit& to : fits) {
      const double explained = 1 - std::max(from.left_before, to.left_after) / difference;
      const std::string name = absl::StrFormat("%s -> %s", InfoOf(from.activation.kind).name,
                                               InfoOf(to.activation.kind).name);
      if (!(to.activation == from.activation) && Consider(explained, name, best, result)) {
        best_after = to.activation;
      }
    }
  }
  if (!best.empty()) {
    std::vector<double> predicted(inputs.size());
    ApplyActivation(best_after, inputs, predicted);
    result.sqnr_db = SqnrOf(after, predicted);
  }
  Conclude(std::move(best), result);
  return result;
}

}  // namespace assay
