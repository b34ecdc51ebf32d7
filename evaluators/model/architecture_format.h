#pragma once

#include <array>
#include <string_view>

#include "evaluators/model/architecture.h"

namespace assay {

// The words of assay.architecture/v1 that reader and writer share.

inline constexpr std::string_view kArchitectureFormat = "assay.architecture/v1";

struct BlockTypeName {
  BlockType type;
  std::string_view name;
};
// In the order of BlockType.
inline constexpr std::array kBlockTypes = {BlockTypeName{BlockType::kLinear, "linear"},
                                           BlockTypeName{BlockType::kActivation, "activation"},
                                           BlockTypeName{BlockType::kFfn, "ffn"},
                                           BlockTypeName{BlockType::kGatedFfn, "gated_ffn"},
                                           BlockTypeName{BlockType::kLayerNorm, "layer_norm"},
                                           BlockTypeName{BlockType::kRmsNorm, "rms_norm"},
                                           BlockTypeName{BlockType::kL2Norm, "l2_norm"},
                                           BlockTypeName{BlockType::kSoftmax, "softmax"}};

}  // namespace assay
