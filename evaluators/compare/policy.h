#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

// What a comparison must hold, in plain data.

enum class Tier : std::uint8_t { kCritical = 1, kSupporting = 2, kAdvisory = 3 };

// What the limit of a gate bounds. The relative ones are shares of the baseline's value.
enum class LimitKind : std::uint8_t {
  kMaxDrop = 1,  // worsening on the metric's own scale, whichever way is worse
  kMaxRelativeDrop = 2,
  kMaxIncrease = 3,
  kMaxRelativeIncrease = 4,
  kMaxFlips = 5,    // share of rows right before and wrong after
  kMaxChanged = 6,  // share of rows whose answer differs
};

// `max_drop` and so on, as the policy file spells it.
std::string_view LimitName(LimitKind kind);
inline bool IsRelative(LimitKind kind) {
  return kind == LimitKind::kMaxRelativeDrop || kind == LimitKind::kMaxRelativeIncrease;
}

// The metric of gates on changed answers.
inline constexpr std::string_view kBehaviorMetric = "behaviour";

struct Gate {
  std::string metric;
  std::string cohort = {};  // "COLUMN=VALUE"; empty: all paired rows
  double limit = 0;         // >= 0
  LimitKind kind = LimitKind::kMaxDrop;
  Tier tier = Tier::kCritical;
  std::optional<double> alpha = {};  // absent: of the policy
  std::optional<std::int64_t> min_rows = {};
};

enum class Correction : std::uint8_t { kHolm = 1, kNone = 2 };

// Rows below which a gate is never decided.
inline constexpr std::int64_t kDefaultMinRows = 30;

struct Policy {
  std::string source = {};  // file name, for display
  std::vector<Gate> gates = {};
  double alpha = 0.05;  // one-sided, in (0, 0.5)
  Correction correction = Correction::kHolm;
  std::int64_t min_rows = kDefaultMinRows;
  std::optional<double> min_coverage = {};
  std::optional<double> max_error_rate = {};
  std::vector<std::string> allow_changed = {};  // the claim; empty: none
  // First outputs of each side whose times count nowhere; absent: what server/run/warm_up.h says.
  std::optional<std::int64_t> warmup_rows = {};
};

}  // namespace assay
