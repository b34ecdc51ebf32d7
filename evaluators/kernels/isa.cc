#include "evaluators/kernels/isa.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace assay {
namespace {

constexpr std::array<std::string_view, 3> kNames = {"baseline", "x86-64-v3", "x86-64-v4"};

Isa Detect() {
  __builtin_cpu_init();
  const bool is_v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                     __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma");
  const bool is_v4 = is_v3 && __builtin_cpu_supports("avx512f") &&
                     __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
                     __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return is_v4 ? Isa::kV4 : is_v3 ? Isa::kV3 : Isa::kBaseline;
}

std::atomic<Isa>& Active() {
  static std::atomic<Isa> active = BestIsa();
  return active;
}

}  // namespace

std::string_view IsaName(Isa isa) { return kNames[static_cast<std::size_t>(isa)]; }

std::optional<Isa> ParseIsa(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) {
      return static_cast<Isa>(i);
    }
  }
  return std::nullopt;
}

Isa BestIsa() {
  static const Isa kBest = Detect();
  return kBest;
}

Isa ActiveIsa() { return Active().load(std::memory_order_relaxed); }

bool SelectIsa(Isa isa) {
  if (isa > BestIsa()) {
    return false;
  }
  Active().store(isa, std::memory_order_relaxed);
  return true;
}

bool HasVnni() {
  static const bool kMachineHasVnni = __builtin_cpu_supports("avx512vnni");
  return kMachineHasVnni && ActiveIsa() == Isa::kV4;
}

std::string ActiveIsaText() {
  return std::string(IsaName(ActiveIsa())) + (HasVnni() ? "+vnni" : "");
}

}  // namespace assay
