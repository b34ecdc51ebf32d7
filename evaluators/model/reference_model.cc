#include "evaluators/model/reference_model.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "evaluators/model/safetensors.h"
#include "evaluators/status_macros.h"

namespace assay {
namespace {

absl::Status CheckTensor(const SafetensorsIndex& index, const Block& block,
                         const TensorNeed& need) {
  const TensorEntry* const tensor = index.Find(need.name);
  if (tensor == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrFormat("block '%s': the weights have no tensor '%s' of shape %s", block.name,
                        need.name, ShapeText(need.shape)));
  }
  if (tensor->shape != need.shape) {
    return absl::InvalidArgumentError(
        absl::StrFormat("block '%s': tensor '%s' has shape %s, want %s", block.name, need.name,
                        ShapeText(tensor->shape), ShapeText(need.shape)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ReferenceModel> ReferenceModel::Load(Architecture architecture,
                                                    std::string_view file) {
  ASSAY_ASSIGN_OR_RETURN(const SafetensorsIndex index, ReadSafetensorsIndex(file));
  std::map<std::string, std::string> blocks;  // by tensor
  for (const Block& block : architecture.blocks) {
    for (const TensorNeed& need : TensorsOf(block)) {
      ASSAY_RETURN_IF_ERROR(CheckTensor(index, block, need));
      blocks.emplace(need.name, block.name);
    }
  }
  auto tensors = std::make_shared<TensorMap>();
  for (const TensorEntry& tensor : index.tensors) {
    const auto block = blocks.find(tensor.name);
    if (block == blocks.end()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("the weights have a tensor '%s' that no block needs", tensor.name));
    }
    absl::StatusOr<std::vector<double>> values = TensorValues(file, tensor);
    if (!values.ok()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("block '%s': %s", block->second, std::string(values.status().message())));
    }
    tensors->emplace(tensor.name, *std::move(values));
  }
  ReferenceModel model;
  model.architecture_ = std::move(architecture);
  model.tensors_ = std::move(tensors);
  return model;
}

std::span<const double> ReferenceModel::Tensor(std::string_view name) const {
  const auto found = tensors_->find(name);
  return found == tensors_->end() ? std::span<const double>() : found->second;
}

ReferenceModel ReferenceModel::With(Architecture architecture) const {
  ReferenceModel model = *this;
  model.architecture_ = std::move(architecture);
  return model;
}

}  // namespace assay
