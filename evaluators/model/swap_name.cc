#include "evaluators/model/swap_name.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
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
        // The same function under two names would explain equally well.
        const bool is_twin = info.kind == ActivationKind::kSwish;
        if (to.kind != from.kind && !is_twin) {
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
    ++result.num_tried;
    if (!predicted.ok()) {
      continue;  // the function breaks the network, which the observed one is not
    }
    const double explained = 1 - SquaredDistance(*predicted, observed) / difference;
    if (explained > result.explained) {
      result.runner_up = std::exchange(best, Named(swap));
      result.runner_up_explained = std::exchange(result.explained, explained);
      result.sqnr_db =
          CompareLayer(observed, *predicted, static_cast<std::int64_t>(observed.size())).sqnr_db;
    } else if (explained > result.runner_up_explained) {
      result.runner_up = Named(swap);
      result.runner_up_explained = explained;
    }
  }
  if (result.explained >= kNamingShare) {
    result.name = best;
  } else {
    // The nearest one is still worth telling.
    result.runner_up = best;
    result.runner_up_explained = result.explained;
  }
  return result;
}

}  // namespace assay
