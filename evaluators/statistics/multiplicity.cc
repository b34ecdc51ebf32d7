#include "evaluators/statistics/multiplicity.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace assay {
namespace {

// Positions of `p` by rising value; equal values keep their order.
std::vector<std::size_t> Ascending(std::span<const double> p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [p](std::size_t left, std::size_t right) { return p[left] < p[right]; });
  return order;
}

}  // namespace

std::vector<double> HolmAdjusted(std::span<const double> p) {
  const std::vector<std::size_t> order = Ascending(p);
  std::vector<double> adjusted(p.size());
  double largest = 0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    const double scaled = p[order[rank]] * static_cast<double>(p.size() - rank);
    largest = std::max(largest, std::min(1.0, scaled));
    adjusted[order[rank]] = largest;
  }
  return adjusted;
}

std::vector<double> BenjaminiHochbergAdjusted(std::span<const double> p) {
  const std::vector<std::size_t> order = Ascending(p);
  std::vector<double> adjusted(p.size());
  double smallest = 1;
  for (std::size_t rank = order.size(); rank-- > 0;) {
    const double scale = static_cast<double>(p.size()) / static_cast<double>(rank + 1);
    smallest = std::min(smallest, p[order[rank]] * scale);
    adjusted[order[rank]] = smallest;
  }
  return adjusted;
}

}  // namespace assay
