#pragma once

#include <array>
#include <string>
#include <vector>

#include "evaluators/kernels/isa.h"

namespace assay {

// Restores the level at the end of a test.
class LevelScope {
 public:
  LevelScope() {}  // not defaulted: clang makes no const object of that
  ~LevelScope() { SelectIsa(before_); }
  LevelScope(const LevelScope&) = delete;
  LevelScope& operator=(const LevelScope&) = delete;

 private:
  const Isa before_ = ActiveIsa();
};

// Every level, for tests with a level as parameter; those that the machine lacks are skipped.
inline constexpr std::array kAllLevels = {Isa::kBaseline, Isa::kV3, Isa::kV4};

// `baseline`, `v3`, `v4`, for the names of such tests.
inline std::string LevelSuffix(Isa isa) {
  const std::string name(IsaName(isa));
  return name.substr(name.rfind('-') + 1);
}

// The levels that this machine can run.
inline std::vector<Isa> Levels() {
  std::vector<Isa> levels;
  for (const Isa isa : kAllLevels) {
    if (isa <= BestIsa()) {
      levels.push_back(isa);
    }
  }
  return levels;
}

}  // namespace assay
