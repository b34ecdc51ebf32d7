#pragma once

#include <vector>

#include "evaluators/kernels/isa.h"

namespace assay {

// Restores the level at the end of a test.
class LevelScope {
 public:
  LevelScope() = default;
  ~LevelScope() { SelectIsa(before_); }
  LevelScope(const LevelScope&) = delete;
  LevelScope& operator=(const LevelScope&) = delete;

 private:
  const Isa before_ = ActiveIsa();
};

// The levels that this machine can run.
inline std::vector<Isa> Levels() {
  std::vector<Isa> levels;
  for (const Isa isa : {Isa::kBaseline, Isa::kV3, Isa::kV4}) {
    if (isa <= BestIsa()) {
      levels.push_back(isa);
    }
  }
  return levels;
}

}  // namespace assay
