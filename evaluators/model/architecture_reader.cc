// Reads architectures and checks that their blocks fit; architecture_text.cc writes them.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "evaluators/kernels/activation_registry.h"
#include "evaluators/model/architecture.h"
#include "evaluators/model/architecture_fields.h"
#include "evaluators/model/architecture_format.h"
#include "evaluators/model/json_document.h"
#include "evaluators/status_macros.h"

namespace assay {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

constexpr std::size_t kMaxBlocks = 4096;

// A name, or {"name": "elu", "alpha": 1.0} with the parameter's own key.
// A gated block may name the unit, which says the function of its gate.
absl::StatusOr<Activation> ReadActivation(const ArchitectureFields& block, bool is_gated,
                                          const element& value) {
  std::string_view name;
  std::optional<double> parameter;
  std::string_view parameter_key;
  object fields;
  if (value.get(name) != simdjson::SUCCESS) {
    if (value.get(fields) != simdjson::SUCCESS || fields["name"].get(name) != simdjson::SUCCESS) {
      return block.Error("'activation' is neither a name nor an object with a name");
    }
    for (const auto& field : fields) {
      double number = 0;
      if (field.key == "name") {
        continue;
      }
      if (parameter || field.value.get(number) != simdjson::SUCCESS) {
        return block.Error(absl::StrFormat("activation: unknown key '%s'", Shown(field.key)));
      }
      parameter = number;
      parameter_key = field.key;
    }
  }
  if (const std::optional<GatedUnit> unit = FindGatedUnit(name); unit && is_gated) {
    return GateActivation(*unit);
  }
  absl::StatusOr<Activation> activation = ParseActivation(name);
  if (!activation.ok()) {
    return block.Error(std::string(activation.status().message()));
  }
  if (parameter) {
    if (InfoOf(activation->kind).parameter != parameter_key) {
      return block.Error(absl::StrFormat("activation: %s has no '%s'",
                                         InfoOf(activation->kind).name, Shown(parameter_key)));
    }
    activation->parameter = *parameter;
  }
  return activation;
}

absl::StatusOr<Activation> RequiredActivation(const ArchitectureFields& fields, bool is_gated) {
  const std::optional<element> value = fields.Find("activation");
  return value ? ReadActivation(fields, is_gated, *value) : fields.Error("'activation' is missing");
}

absl::StatusOr<NormType> ReadPreNorm(const ArchitectureFields& fields) {
  if (!fields.Find("pre_norm")) {
    return NormType::kNone;
  }
  std::string name;
  ASSAY_ASSIGN_OR_RETURN(name, fields.Text("pre_norm"));
  if (name == "layer_norm" || name == "rms_norm") {
    return name == "layer_norm" ? NormType::kLayerNorm : NormType::kRmsNorm;
  }
  return fields.Error(
      absl::StrFormat("pre_norm '%s' is neither layer_norm nor rms_norm", Shown(name)));
}

absl::Status ReadLinear(const ArchitectureFields& fields, Block& block) {
  ASSAY_RETURN_IF_ERROR(
      fields.CheckKeys({"type", "name", "in", "out", "bias", "activation", "slopes"}));
  ASSAY_ASSIGN_OR_RETURN(block.in, fields.Width("in"));
  ASSAY_ASSIGN_OR_RETURN(block.out, fields.Width("out"));
  ASSAY_ASSIGN_OR_RETURN(block.has_bias, fields.Flag("bias", true));
  if (const std::optional<element> value = fields.Find("activation")) {
    ASSAY_ASSIGN_OR_RETURN(block.activation, ReadActivation(fields, false, *value));
  }
  ASSAY_ASSIGN_OR_RETURN(block.has_slopes, fields.Flag("slopes", false));
  if (block.has_slopes && !block.activation) {
    return fields.Error("'slopes' without an activation");
  }
  return absl::OkStatus();
}

absl::Status ReadFfn(const ArchitectureFields& fields, Block& block) {
  if (block.type == BlockType::kGatedFfn) {
    ASSAY_RETURN_IF_ERROR(fields.CheckKeys({"type", "name", "dim", "hidden", "bias", "activation",
                                            "residual", "pre_norm", "eps", "gate_order"}));
  } else {
    ASSAY_RETURN_IF_ERROR(fields.CheckKeys({"type", "name", "dim", "hidden", "bias", "activation",
                                            "slopes", "residual", "pre_norm", "eps"}));
    ASSAY_ASSIGN_OR_RETURN(block.has_slopes, fields.Flag("slopes", false));
  }
  ASSAY_ASSIGN_OR_RETURN(block.in, fields.Width("dim"));
  block.out = block.in;
  ASSAY_ASSIGN_OR_RETURN(block.hidden, fields.Width("hidden"));
  ASSAY_ASSIGN_OR_RETURN(block.has_bias, fields.Flag("bias", true));
  ASSAY_ASSIGN_OR_RETURN(block.has_residual, fields.Flag("residual", false));
  ASSAY_ASSIGN_OR_RETURN(block.pre_norm, ReadPreNorm(fields));
  ASSAY_ASSIGN_OR_RETURN(block.epsilon, fields.Number("eps", block.epsilon, 0));
  ASSAY_ASSIGN_OR_RETURN(block.activation,
                         RequiredActivation(fields, block.type == BlockType::kGatedFfn));
  if (fields.Find("gate_order")) {
    std::string order;
    ASSAY_ASSIGN_OR_RETURN(order, fields.Text("gate_order"));
    if (order != "gate_first" && order != "up_first") {
      return fields.Error("gate_order is neither gate_first nor up_first");
    }
    block.fused = order == "gate_first" ? GateOrder::kGateFirst : GateOrder::kUpFirst;
  }
  return absl::OkStatus();
}

absl::Status ReadNorm(const ArchitectureFields& fields, Block& block) {
  ASSAY_RETURN_IF_ERROR(fields.CheckKeys({"type", "name", "dim", "eps", "bias"}));
  ASSAY_ASSIGN_OR_RETURN(block.in, fields.Width("dim"));
  block.out = block.in;
  ASSAY_ASSIGN_OR_RETURN(block.epsilon, fields.Number("eps", block.epsilon, 0));
  ASSAY_ASSIGN_OR_RETURN(block.has_bias, fields.Flag("bias", block.type == BlockType::kLayerNorm));
  return block.type == BlockType::kRmsNorm && block.has_bias
             ? fields.Error("an rms_norm has no bias")
             : absl::OkStatus();
}

// Blocks that keep the width they get; `width` is that of the block before.
absl::Status ReadPlain(const ArchitectureFields& fields, std::int64_t width, Block& block) {
  if (block.type == BlockType::kActivation) {
    ASSAY_RETURN_IF_ERROR(fields.CheckKeys({"type", "name", "activation", "slopes"}));
    ASSAY_ASSIGN_OR_RETURN(block.activation, RequiredActivation(fields, false));
    ASSAY_ASSIGN_OR_RETURN(block.has_slopes, fields.Flag("slopes", false));
  } else if (block.type == BlockType::kSoftmax) {
    ASSAY_RETURN_IF_ERROR(fields.CheckKeys({"type", "name", "temperature"}));
    ASSAY_ASSIGN_OR_RETURN(block.temperature, fields.Number("temperature", 1, 0));
  } else {
    ASSAY_RETURN_IF_ERROR(fields.CheckKeys({"type", "name"}));
  }
  block.in = width;
  block.out = width;
  return absl::OkStatus();
}

absl::StatusOr<Block> ReadBlock(const element& value, std::size_t position, std::int64_t width) {
  ASSAY_ASSIGN_OR_RETURN(ArchitectureFields fields,
                         ArchitectureFields::Of(value, absl::StrFormat("blocks[%d]", position)));
  Block block;
  ASSAY_ASSIGN_OR_RETURN(block.name, fields.Text("name"));
  fields.Rename(absl::StrFormat("block '%s'", Shown(block.name)));
  if (block.name.find_first_of("+=:,/ \t\r\n") != std::string::npos) {
    return fields.Error("a name has no blank and none of + = : , /");
  }
  std::string type;
  ASSAY_ASSIGN_OR_RETURN(type, fields.Text("type"));
  const auto* const known =
      std::find_if(std::begin(kBlockTypes), std::end(kBlockTypes),
                   [&](const BlockTypeName& entry) { return entry.name == type; });
  if (known == std::end(kBlockTypes)) {
    return fields.Error(absl::StrFormat("unknown type '%s'", Shown(type)));
  }
  block.type = known->type;
  switch (block.type) {
    case BlockType::kLinear:
      ASSAY_RETURN_IF_ERROR(ReadLinear(fields, block));
      break;
    case BlockType::kFfn:
    case BlockType::kGatedFfn:
      ASSAY_RETURN_IF_ERROR(ReadFfn(fields, block));
      break;
    case BlockType::kLayerNorm:
    case BlockType::kRmsNorm:
      ASSAY_RETURN_IF_ERROR(ReadNorm(fields, block));
      break;
    default:
      ASSAY_RETURN_IF_ERROR(ReadPlain(fields, width, block));
  }
  if (block.in != width) {
    return fields.Error(absl::StrFormat("it takes %d values, but %d come in", block.in, width));
  }
  return block;
}

absl::Status ReadInput(const element& root, Architecture& architecture) {
  element value;
  if (root["input"].get(value) != simdjson::SUCCESS) {
    return absl::InvalidArgumentError("architecture: 'input' is missing");
  }
  ASSAY_ASSIGN_OR_RETURN(ArchitectureFields fields, ArchitectureFields::Of(value, "input"));
  ASSAY_RETURN_IF_ERROR(fields.CheckKeys({"features", "scale"}));
  ASSAY_ASSIGN_OR_RETURN(architecture.num_features, fields.Width("features"));
  ASSAY_ASSIGN_OR_RETURN(architecture.scale, fields.Number("scale", 1, 0));
  return absl::OkStatus();
}

absl::Status ReadLabels(const ArchitectureFields& fields, Architecture& architecture) {
  const std::optional<element> value = fields.Find("labels");
  if (!value) {
    return absl::OkStatus();
  }
  simdjson::dom::array labels;
  if (value->get(labels) != simdjson::SUCCESS) {
    return fields.Error("'labels' is not a list");
  }
  std::set<std::string_view> seen;
  for (const element label : labels) {
    std::string_view text;
    if (label.get(text) != simdjson::SUCCESS) {
      return fields.Error("a label is not text");
    }
    if (!seen.insert(text).second) {
      return fields.Error(absl::StrFormat("the label '%s' occurs twice", Shown(text)));
    }
    architecture.labels.emplace_back(text);
  }
  return absl::OkStatus();
}

absl::Status ReadOutputs(const element& root, Architecture& architecture) {
  element value;
  if (root["outputs"].get(value) != simdjson::SUCCESS) {
    return absl::InvalidArgumentError("architecture: 'outputs' is missing");
  }
  ASSAY_ASSIGN_OR_RETURN(ArchitectureFields fields, ArchitectureFields::Of(value, "outputs"));
  ASSAY_RETURN_IF_ERROR(fields.CheckKeys({"logits", "labels", "embedding", "temperature"}));
  for (auto [key, target] : {std::pair("logits", &architecture.logits),
                             std::pair("embedding", &architecture.embedding)}) {
    if (fields.Find(key)) {
      ASSAY_ASSIGN_OR_RETURN(*target, fields.Text(key));
      if (architecture.Find(*target) == nullptr) {
        return fields.Error(absl::StrFormat("'%s' names no block: '%s'", key, Shown(*target)));
      }
    }
  }
  ASSAY_RETURN_IF_ERROR(ReadLabels(fields, architecture));
  ASSAY_ASSIGN_OR_RETURN(architecture.temperature, fields.Number("temperature", 1, 0));
  if (architecture.logits.empty() && architecture.embedding.empty()) {
    return fields.Error("neither logits nor embedding");
  }
  if (architecture.logits.empty() && !architecture.labels.empty()) {
    return fields.Error("labels without logits");
  }
  if (!architecture.labels.empty()) {
    const std::int64_t width = architecture.Find(architecture.logits)->out;
    if (static_cast<std::int64_t>(architecture.labels.size()) != width) {
      return fields.Error(absl::StrFormat("%d labels for the %d logits of '%s'",
                                          architecture.labels.size(), width, architecture.logits));
    }
  }
  return absl::OkStatus();
}

absl::Status ReadBlocks(const element& root, Architecture& architecture) {
  simdjson::dom::array blocks;
  if (root["blocks"].get(blocks) != simdjson::SUCCESS || blocks.size() == 0) {
    return absl::InvalidArgumentError("architecture: 'blocks' is not a list of blocks");
  }
  if (blocks.size() > kMaxBlocks) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "architecture: %d blocks, at most %d are taken", blocks.size(), kMaxBlocks));
  }
  std::int64_t width = architecture.num_features;
  for (const element value : blocks) {
    Block block;
    ASSAY_ASSIGN_OR_RETURN(block, ReadBlock(value, architecture.blocks.size(), width));
    if (architecture.Find(block.name) != nullptr) {
      return absl::InvalidArgumentError(
          absl::StrFormat("architecture: block '%s' occurs twice", Shown(block.name)));
    }
    width = block.out;
    architecture.blocks.push_back(std::move(block));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Architecture> ParseArchitecture(std::string_view json) {
  const absl::StatusOr<JsonDocument> document = JsonDocument::Parse(json);
  if (!document.ok()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("architecture: %s", std::string(document.status().message())));
  }
  const element root = document->root();
  ASSAY_ASSIGN_OR_RETURN(ArchitectureFields fields, ArchitectureFields::Of(root, "the file"));
  ASSAY_RETURN_IF_ERROR(fields.CheckKeys({"format", "input", "outputs", "blocks"}));
  std::string format;
  ASSAY_ASSIGN_OR_RETURN(format, fields.Text("format"));
  if (format != kArchitectureFormat) {
    return absl::InvalidArgumentError(absl::StrFormat("architecture: format '%s', want '%s'",
                                                      Shown(format), kArchitectureFormat));
  }
  Architecture architecture;
  ASSAY_RETURN_IF_ERROR(ReadInput(root, architecture));
  ASSAY_RETURN_IF_ERROR(ReadBlocks(root, architecture));
  ASSAY_RETURN_IF_ERROR(ReadOutputs(root, architecture));
  return architecture;
}

}  // namespace assay
