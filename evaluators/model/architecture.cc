#include "evaluators/model/architecture.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "evaluators/kernels/activation_registry.h"
#include "evaluators/model/json_document.h"
#include "evaluators/status_macros.h"

namespace assay {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

constexpr std::string_view kFormat = "assay.architecture/v1";
constexpr std::int64_t kMaxWidth = 1 << 20;
constexpr std::size_t kMaxBlocks = 4096;
constexpr std::size_t kMaxNameBytes = 128;

struct BlockTypeName {
  BlockType type;
  std::string_view name;
};
constexpr BlockTypeName kBlockTypes[] = {{BlockType::kLinear, "linear"},
                                         {BlockType::kActivation, "activation"},
                                         {BlockType::kFfn, "ffn"},
                                         {BlockType::kGatedFfn, "gated_ffn"},
                                         {BlockType::kLayerNorm, "layer_norm"},
                                         {BlockType::kRmsNorm, "rms_norm"},
                                         {BlockType::kL2Norm, "l2_norm"},
                                         {BlockType::kSoftmax, "softmax"}};

std::string Shown(std::string_view text) {
  return absl::Utf8SafeCEscape({text.data(), std::min<std::size_t>(text.size(), 64)});
}

// One JSON object with the path that errors name, for instance `block 'fc1'`.
class Fields {
 public:
  static absl::StatusOr<Fields> Of(const element& value, std::string path) {
    Fields fields;
    fields.path_ = std::move(path);
    if (value.get(fields.object_) != simdjson::SUCCESS) {
      return fields.Error("not an object");
    }
    return fields;
  }

  absl::Status Error(std::string_view problem) const {
    return absl::InvalidArgumentError(absl::StrFormat("architecture: %s: %s", path_, problem));
  }
  void Rename(std::string path) { path_ = std::move(path); }

  std::optional<element> Find(std::string_view key) const {
    element value;
    return object_[key].get(value) == simdjson::SUCCESS ? std::optional(value) : std::nullopt;
  }

  absl::Status CheckKeys(std::initializer_list<std::string_view> known) const {
    for (const auto& field : object_) {
      if (std::find(known.begin(), known.end(), field.key) == known.end()) {
        return Error(absl::StrFormat("unknown key '%s'", Shown(field.key)));
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Text(std::string_view key) const {
    std::string_view text;
    const std::optional<element> value = Find(key);
    if (!value || value->get(text) != simdjson::SUCCESS) {
      return Error(absl::StrFormat("'%s' is %s", key, value ? "not text" : "missing"));
    }
    if (text.empty() || text.size() > kMaxNameBytes) {
      return Error(
          absl::StrFormat("'%s' has %d bytes; 1 to %d are taken", key, text.size(), kMaxNameBytes));
    }
    return std::string(text);
  }

  absl::StatusOr<std::int64_t> Width(std::string_view key) const {
    std::int64_t width = 0;
    const std::optional<element> value = Find(key);
    if (!value) {
      return Error(absl::StrFormat("'%s' is missing", key));
    }
    if (!value->is_int64() || value->get(width) != simdjson::SUCCESS || width < 1 ||
        width > kMaxWidth) {
      return Error(absl::StrFormat("'%s' is not a whole number from 1 to %d", key, kMaxWidth));
    }
    return width;
  }

  absl::StatusOr<bool> Flag(std::string_view key, bool otherwise) const {
    bool flag = otherwise;
    const std::optional<element> value = Find(key);
    if (value && value->get(flag) != simdjson::SUCCESS) {
      return Error(absl::StrFormat("'%s' is not true or false", key));
    }
    return flag;
  }

  // A finite number above `above`.
  absl::StatusOr<double> Number(std::string_view key, double otherwise, double above) const {
    double number = otherwise;
    const std::optional<element> value = Find(key);
    if (value && (value->get(number) != simdjson::SUCCESS || !(number > above))) {
      return Error(absl::StrFormat("'%s' is not a number above %g", key, above));
    }
    return number;
  }

 private:
  object object_;
  std::string path_;
};

// A name, or {"name": "elu", "alpha": 1.0} with the parameter's own key.
absl::StatusOr<Activation> ReadActivation(const Fields& block, const element& value) {
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
  if (const std::optional<GatedUnit> unit = FindGatedUnit(name)) {
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

absl::StatusOr<Activation> RequiredActivation(const Fields& fields) {
  const std::optional<element> value = fields.Find("activation");
  return value ? ReadActivation(fields, *value) : fields.Error("'activation' is missing");
}

absl::StatusOr<NormType> ReadPreNorm(const Fields& fields) {
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

absl::Status ReadLinear(const Fields& fields, Block& block) {
  ASSAY_RETURN_IF_ERROR(fields.CheckKeys({"type", "name", "in", "out", "bias", "activation"}));
  ASSAY_ASSIGN_OR_RETURN(block.in, fields.Width("in"));
  ASSAY_ASSIGN_OR_RETURN(block.out, fields.Width("out"));
  ASSAY_ASSIGN_OR_RETURN(block.has_bias, fields.Flag("bias", true));
  if (const std::optional<element> value = fields.Find("activation")) {
    ASSAY_ASSIGN_OR_RETURN(block.activation, ReadActivation(fields, *value));
  }
  return absl::OkStatus();
}

absl::Status ReadFfn(const Fields& fields, Block& block) {
  if (block.type == BlockType::kGatedFfn) {
    ASSAY_RETURN_IF_ERROR(fields.CheckKeys({"type", "name", "dim", "hidden", "bias", "activation",
                                            "residual", "pre_norm", "eps", "gate_order"}));
  } else {
    ASSAY_RETURN_IF_ERROR(fields.CheckKeys(
        {"type", "name", "dim", "hidden", "bias", "activation", "residual", "pre_norm", "eps"}));
  }
  ASSAY_ASSIGN_OR_RETURN(block.in, fields.Width("dim"));
  block.out = block.in;
  ASSAY_ASSIGN_OR_RETURN(block.hidden, fields.Width("hidden"));
  ASSAY_ASSIGN_OR_RETURN(block.has_bias, fields.Flag("bias", true));
  ASSAY_ASSIGN_OR_RETURN(block.has_residual, fields.Flag("residual", false));
  ASSAY_ASSIGN_OR_RETURN(block.pre_norm, ReadPreNorm(fields));
  ASSAY_ASSIGN_OR_RETURN(block.epsilon, fields.Number("eps", block.epsilon, 0));
  ASSAY_ASSIGN_OR_RETURN(block.activation, RequiredActivation(fields));
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

absl::Status ReadNorm(const Fields& fields, Block& block) {
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
absl::Status ReadPlain(const Fields& fields, std::int64_t width, Block& block) {
  if (block.type == BlockType::kActivation) {
    ASSAY_RETURN_IF_ERROR(fields.CheckKeys({"type", "name", "activation"}));
    ASSAY_ASSIGN_OR_RETURN(block.activation, RequiredActivation(fields));
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
  ASSAY_ASSIGN_OR_RETURN(Fields fields, Fields::Of(value, absl::StrFormat("blocks[%d]", position)));
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
  ASSAY_ASSIGN_OR_RETURN(Fields fields, Fields::Of(value, "input"));
  ASSAY_RETURN_IF_ERROR(fields.CheckKeys({"features", "scale"}));
  ASSAY_ASSIGN_OR_RETURN(architecture.num_features, fields.Width("features"));
  ASSAY_ASSIGN_OR_RETURN(architecture.scale, fields.Number("scale", 1, 0));
  return absl::OkStatus();
}

absl::Status ReadLabels(const Fields& fields, Architecture& architecture) {
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
  ASSAY_ASSIGN_OR_RETURN(Fields fields, Fields::Of(value, "outputs"));
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

std::string NumberText(double value) {
  std::array<char, 32> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  return {digits.data(), end};
}

std::string JsonString(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += absl::StrFormat("\\u%04x", static_cast<int>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string ActivationJson(const Activation& activation) {
  const ActivationInfo& info = InfoOf(activation.kind);
  if (info.parameter.empty()) {
    return JsonString(info.name);
  }
  return absl::StrFormat("{\"name\":%s,%s:%s}", JsonString(info.name), JsonString(info.parameter),
                         NumberText(activation.parameter));
}

std::string BlockJson(const Block& block) {
  const auto flag = [](bool value) { return value ? "true" : "false"; };
  std::string text = absl::StrFormat("{\"type\":\"%s\",\"name\":%s",
                                     kBlockTypes[static_cast<std::size_t>(block.type)].name,
                                     JsonString(block.name));
  switch (block.type) {
    case BlockType::kLinear:
      text += absl::StrFormat(",\"in\":%d,\"out\":%d,\"bias\":%s", block.in, block.out,
                              flag(block.has_bias));
      break;
    case BlockType::kFfn:
    case BlockType::kGatedFfn:
      text += absl::StrFormat(",\"dim\":%d,\"hidden\":%d,\"bias\":%s,\"residual\":%s", block.in,
                              block.hidden, flag(block.has_bias), flag(block.has_residual));
      if (block.pre_norm != NormType::kNone) {
        text += absl::StrFormat(",\"pre_norm\":\"%s\",\"eps\":%s",
                                block.pre_norm == NormType::kLayerNorm ? "layer_norm" : "rms_norm",
                                NumberText(block.epsilon));
      }
      if (block.fused) {
        text += absl::StrFormat(",\"gate_order\":\"%s\"",
                                *block.fused == GateOrder::kGateFirst ? "gate_first" : "up_first");
      }
      break;
    case BlockType::kLayerNorm:
    case BlockType::kRmsNorm:
      text += absl::StrFormat(",\"dim\":%d,\"eps\":%s,\"bias\":%s", block.in,
                              NumberText(block.epsilon), flag(block.has_bias));
      break;
    case BlockType::kSoftmax:
      text += absl::StrFormat(",\"temperature\":%s", NumberText(block.temperature));
      break;
    default:
      break;
  }
  if (block.activation) {
    text += absl::StrFormat(",\"activation\":%s", ActivationJson(*block.activation));
  }
  return text + "}";
}

void AddLinear(const std::string& name, std::int64_t out, std::int64_t in, bool has_bias,
               std::vector<TensorNeed>& needs) {
  needs.push_back({name + ".weight", {out, in}});
  if (has_bias) {
    needs.push_back({name + ".bias", {out}});
  }
}

void AddNorm(const std::string& name, std::int64_t width, bool has_bias,
             std::vector<TensorNeed>& needs) {
  needs.push_back({name + ".weight", {width}});
  if (has_bias) {
    needs.push_back({name + ".bias", {width}});
  }
}

}  // namespace

const Block* Architecture::Find(std::string_view name) const {
  const auto found = std::find_if(blocks.begin(), blocks.end(),
                                  [name](const Block& block) { return block.name == name; });
  return found == blocks.end() ? nullptr : &*found;
}

absl::StatusOr<Architecture> ParseArchitecture(std::string_view json) {
  const absl::StatusOr<JsonDocument> document = JsonDocument::Parse(json);
  if (!document.ok()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("architecture: %s", std::string(document.status().message())));
  }
  const element root = document->root();
  ASSAY_ASSIGN_OR_RETURN(Fields fields, Fields::Of(root, "the file"));
  ASSAY_RETURN_IF_ERROR(fields.CheckKeys({"format", "input", "outputs", "blocks"}));
  std::string format;
  ASSAY_ASSIGN_OR_RETURN(format, fields.Text("format"));
  if (format != kFormat) {
    return absl::InvalidArgumentError(
        absl::StrFormat("architecture: format '%s', want '%s'", Shown(format), kFormat));
  }
  Architecture architecture;
  ASSAY_RETURN_IF_ERROR(ReadInput(root, architecture));
  ASSAY_RETURN_IF_ERROR(ReadBlocks(root, architecture));
  ASSAY_RETURN_IF_ERROR(ReadOutputs(root, architecture));
  return architecture;
}

std::string ArchitectureText(const Architecture& architecture) {
  std::vector<std::string> outputs;
  if (!architecture.logits.empty()) {
    outputs.push_back(absl::StrFormat("\"logits\":%s", JsonString(architecture.logits)));
  }
  if (!architecture.labels.empty()) {
    std::vector<std::string> labels;
    for (const std::string& label : architecture.labels) {
      labels.push_back(JsonString(label));
    }
    outputs.push_back(absl::StrFormat("\"labels\":[%s]", absl::StrJoin(labels, ",")));
  }
  if (!architecture.embedding.empty()) {
    outputs.push_back(absl::StrFormat("\"embedding\":%s", JsonString(architecture.embedding)));
  }
  if (architecture.temperature != 1) {
    outputs.push_back(absl::StrFormat("\"temperature\":%s", NumberText(architecture.temperature)));
  }
  std::vector<std::string> blocks;
  for (const Block& block : architecture.blocks) {
    blocks.push_back(BlockJson(block));
  }
  return absl::StrFormat(
      "{\"format\":\"%s\",\"input\":{\"features\":%d,\"scale\":%s},\"outputs\":{%s},"
      "\"blocks\":[%s]}",
      kFormat, architecture.num_features, NumberText(architecture.scale),
      absl::StrJoin(outputs, ","), absl::StrJoin(blocks, ","));
}

std::vector<TensorNeed> TensorsOf(const Block& block) {
  std::vector<TensorNeed> needs;
  const std::string& name = block.name;
  switch (block.type) {
    case BlockType::kLinear:
      AddLinear(name, block.out, block.in, block.has_bias, needs);
      break;
    case BlockType::kFfn:
    case BlockType::kGatedFfn:
      if (block.pre_norm != NormType::kNone) {
        AddNorm(name + ".norm", block.in, block.pre_norm == NormType::kLayerNorm, needs);
      }
      if (block.fused) {
        AddLinear(name + ".gate_up", 2 * block.hidden, block.in, block.has_bias, needs);
      } else {
        if (block.type == BlockType::kGatedFfn) {
          AddLinear(name + ".gate", block.hidden, block.in, block.has_bias, needs);
        }
        AddLinear(name + ".up", block.hidden, block.in, block.has_bias, needs);
      }
      AddLinear(name + ".down", block.out, block.hidden, block.has_bias, needs);
      break;
    case BlockType::kLayerNorm:
    case BlockType::kRmsNorm:
      AddNorm(name, block.in, block.has_bias, needs);
      break;
    default:
      break;
  }
  return needs;
}

}  // namespace assay
