// Writes architectures; architecture_reader.cc reads them.
#include <array>
#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "evaluators/kernels/activation_registry.h"
#include "evaluators/model/architecture.h"
#include "evaluators/model/architecture_format.h"

namespace assay {
namespace {

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
  if (block.has_slopes) {
    text += ",\"slopes\":true";
  }
  return text + "}";
}

}  // namespace

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
      kArchitectureFormat, architecture.num_features, NumberText(architecture.scale),
      absl::StrJoin(outputs, ","), absl::StrJoin(blocks, ","));
}

}  // namespace assay
