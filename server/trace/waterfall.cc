#include "server/trace/waterfall.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <tuple>
#include <utility>

namespace assay::trace {
namespace {

using SpanId = std::array<std::uint8_t, 8>;

// Walks the tree depth first without recursion: a trace from outside may be one long chain.
class Arranger {
 public:
  explicit Arranger(std::vector<store::SpanRecord> spans) : spans_(std::move(spans)) {
    std::sort(spans_.begin(), spans_.end(),
              [](const store::SpanRecord& a, const store::SpanRecord& b) {
                return std::tie(a.start_ns, a.span_id) < std::tie(b.start_ns, b.span_id);
              });
    std::map<SpanId, std::size_t> position;
    for (std::size_t i = 0; i < spans_.size(); ++i) {
      position.emplace(spans_[i].span_id, i);
    }
    children_.resize(spans_.size());
    is_placed_.resize(spans_.size(), false);
    for (std::size_t i = 0; i < spans_.size(); ++i) {
      const auto parent = position.find(spans_[i].parent_span_id);
      if (parent == position.end() || parent->second == i) {
        roots_.push_back(i);
      } else {
        children_[parent->second].push_back(i);
      }
    }
  }

  std::vector<WaterfallRow> Arrange() && {
    rows_.reserve(spans_.size());
    for (const std::size_t root : roots_) {
      PlaceBranch(root);
    }
    for (std::size_t i = 0; i < spans_.size(); ++i) {
      PlaceBranch(i);  // Only what a circle kept from being reached.
    }
    return std::move(rows_);
  }

 private:
  void PlaceBranch(std::size_t root) {
    std::vector<std::pair<std::size_t, std::int32_t>> open = {{root, 0}};
    while (!open.empty()) {
      const auto [i, depth] = open.back();
      open.pop_back();
      if (is_placed_[i]) {
        continue;
      }
      is_placed_[i] = true;
      rows_.push_back({.span = std::move(spans_[i]), .depth = depth});
      for (auto child = children_[i].rbegin(); child != children_[i].rend(); ++child) {
        open.emplace_back(*child, depth + 1);
      }
    }
  }

  std::vector<store::SpanRecord> spans_;
  std::vector<std::vector<std::size_t>> children_;
  std::vector<std::size_t> roots_;
  std::vector<bool> is_placed_;
  std::vector<WaterfallRow> rows_;
};

}  // namespace

std::vector<WaterfallRow> ArrangeWaterfall(std::vector<store::SpanRecord> spans) {
  return Arranger(std::move(spans)).Arrange();
}

}  // namespace assay::trace
