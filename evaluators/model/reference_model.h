#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/model/architecture.h"

namespace assay {

// Tensors by name, exactly as stored in the file, in double.
using TensorMap = std::map<std::string, std::vector<double>, std::less<>>;

// A network with its weights. Immutable; copies share the weights.
class ReferenceModel {
 public:
  // Takes the weights out of a safetensors file. INVALID_ARGUMENT names the tensor that is missing,
  // surplus or of another shape than its block needs, or that holds NaN or infinity.
  static absl::StatusOr<ReferenceModel> Load(Architecture architecture, std::string_view file);

  const Architecture& architecture() const { return architecture_; }
  // Empty when there is no such tensor.
  std::span<const double> Tensor(std::string_view name) const;
  const TensorMap& tensors() const { return *tensors_; }

  // The same weights in a network that differs in activations, norms or temperatures only.
  ReferenceModel With(Architecture architecture) const;
  // The same network with every tensor changed by `change`, for instance rounded.
  template <typename Change>
  ReferenceModel WithTensors(const Change& change) const {
    auto tensors = std::make_shared<TensorMap>(*tensors_);
    for (auto& [name, values] : *tensors) {
      for (double& value : values) {
        value = change(value);
      }
    }
    ReferenceModel model = *this;
    model.tensors_ = std::move(tensors);
    return model;
  }

 private:
  Architecture architecture_;
  std::shared_ptr<const TensorMap> tensors_;
};

}  // namespace assay
