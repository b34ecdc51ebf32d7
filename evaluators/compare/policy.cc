#include "evaluators/compare/policy.h"

namespace assay {

std::string_view LimitName(LimitKind kind) {
  switch (kind) {
    case LimitKind::kMaxDrop:
      return "max_drop";
    case LimitKind::kMaxRelativeDrop:
      return "max_relative_drop";
    case LimitKind::kMaxIncrease:
      return "max_increase";
    case LimitKind::kMaxRelativeIncrease:
      return "max_relative_increase";
    case LimitKind::kMaxFlips:
      return "max_flips";
    case LimitKind::kMaxChanged:
      return "max_changed";
  }
  return "limit";
}

}  // namespace assay
