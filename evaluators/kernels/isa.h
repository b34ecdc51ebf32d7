#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace assay {

// Levels of x86-64 that kernels exist for, each able to run the code of those before it.
enum class Isa : std::uint8_t {
  kBaseline = 0,  // SSE2: every x86-64 machine
  kV3 = 1,        // AVX2 and FMA
  kV4 = 2,        // AVX-512 F, BW, CD, DQ, VL
};

// `baseline`, `x86-64-v3`, `x86-64-v4`.
std::string_view IsaName(Isa isa);
// The level of that name; absent for another text.
std::optional<Isa> ParseIsa(std::string_view name);

// The highest level this machine can run.
Isa BestIsa();

// The level whose kernels run: BestIsa() unless SelectIsa() lowered it.
Isa ActiveIsa();
// Chooses the level, for the whole process. False, and nothing changed, when the machine cannot run
// it. Call at the start: what was packed for one level keeps it.
bool SelectIsa(Isa isa);

// True when 8-bit products run in VNNI instructions: level v4 on a machine that has them.
bool HasVnni();

// What runs record: the active level, with `+vnni` where it is in use.
std::string ActiveIsaText();

}  // namespace assay
