#include "evaluators/model/architecture.h"

#include <algorithm>

namespace assay {
namespace {

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
  if (block.has_slopes) {
    needs.push_back({name + ".slope", {block.type == BlockType::kFfn ? block.hidden : block.out}});
  }
  return needs;
}

}  // namespace assay
