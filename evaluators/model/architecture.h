#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/kernels/activation.h"
#include "evaluators/kernels/gated_unit.h"

namespace assay {

enum class BlockType : std::uint8_t {
  kLinear,
  kActivation,
  kFfn,
  kGatedFfn,
  kLayerNorm,
  kRmsNorm,
  kL2Norm,
  kSoftmax,
};

enum class NormType : std::uint8_t { kNone, kLayerNorm, kRmsNorm };

// One block of a network, checked against its neighbours.
struct Block {
  BlockType type = BlockType::kLinear;
  std::string name;
  std::int64_t in = 0;  // values that come in
  std::int64_t out = 0;
  std::int64_t hidden = 0;  // kFfn, kGatedFfn
  bool has_bias = false;
  // Of kActivation, kFfn and kGatedFfn always; of kLinear when something follows the product.
  std::optional<Activation> activation;
  // Of the same but kGatedFfn: a tensor `NAME.slope` holds a slope of prelu per channel. It is read
  // by no other function, and stays when another one takes the place of prelu.
  bool has_slopes = false;
  NormType pre_norm = NormType::kNone;  // kFfn, kGatedFfn
  bool has_residual = false;
  double epsilon = 1e-5;
  double temperature = 1;
  // kGatedFfn whose gate and up are one tensor `NAME.gate_up.weight`; absent: two tensors.
  std::optional<GateOrder> fused;
};

// A network as assay.architecture/v1 describes it: blocks in order, each reading what the one
// before gives.
struct Architecture {
  std::int64_t num_features = 0;
  double scale = 1;                 // multiplies the features
  std::string logits;               // name of the block; empty: none
  std::string embedding;            // name of the block; empty: none
  double temperature = 1;           // of the softmax over the logits
  std::vector<std::string> labels;  // one a logit; may be empty
  std::vector<Block> blocks;

  // nullptr when there is none of that name.
  const Block* Find(std::string_view name) const;
};

// Reads architecture JSON. INVALID_ARGUMENT names the block and what is wrong: an unknown key or
// type, a missing one, sizes that do not meet, a name twice, an output that is no block.
absl::StatusOr<Architecture> ParseArchitecture(std::string_view json);

// The architecture in one spelling: keys in fixed order, defaults written out, no blanks. Equal
// texts mean equal architectures; ParseArchitecture reads it back.
std::string ArchitectureText(const Architecture& architecture);

// Tensors that a block needs, with their shapes, `[out, in]` for weights.
struct TensorNeed {
  std::string name;
  std::vector<std::int64_t> shape;
};
std::vector<TensorNeed> TensorsOf(const Block& block);

}  // namespace assay
