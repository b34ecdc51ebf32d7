#include "server/trace/span_tree.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

namespace assay::trace {
namespace {

constexpr std::size_t kNoParent = static_cast<std::size_t>(-1);

// Appends the branch of `root` to the order, depth first, children by start.
void Walk(SpanTree& tree, std::vector<bool>& is_placed, std::size_t root) {
  std::vector<std::pair<std::size_t, std::size_t>> open = {{root, 0}};
  while (!open.empty()) {
    const auto [i, depth] = open.back();
    open.pop_back();
    if (is_placed[i]) {
      continue;
    }
    is_placed[i] = true;
    tree.order.push_back(i);
    tree.depth[i] = depth;
    for (auto child = tree.children[i].rbegin(); child != tree.children[i].rend(); ++child) {
      open.emplace_back(*child, depth + 1);
    }
  }
}

}  // namespace

SpanTree MakeSpanTree(const std::vector<store::SpanRecord>& spans) {
  std::vector<std::size_t> by_start(spans.size());
  std::iota(by_start.begin(), by_start.end(), std::size_t{0});
  std::sort(by_start.begin(), by_start.end(), [&spans](std::size_t a, std::size_t b) {
    return std::tie(spans[a].start_ns, spans[a].span_id) <
           std::tie(spans[b].start_ns, spans[b].span_id);
  });
  std::map<store::SpanId, std::size_t> position;
  for (const std::size_t i : by_start) {
    position.emplace(spans[i].span_id, i);
  }
  SpanTree tree;
  std::vector<std::size_t> parents(spans.size(), kNoParent);
  for (std::size_t i = 0; i < spans.size(); ++i) {
    const auto parent = position.find(spans[i].parent_span_id);
    if (parent == position.end()) {
      tree.num_orphans += spans[i].parent_span_id != store::SpanId{} ? 1 : 0;
    } else if (parent->second == i) {
      ++tree.num_circles;
    } else {
      parents[i] = parent->second;
      tree.num_early += spans[i].start_ns < spans[parent->second].start_ns ? 1 : 0;
    }
  }
  tree.children.resize(spans.size());
  tree.depth.resize(spans.size(), 0);
  tree.order.reserve(spans.size());
  for (const std::size_t i : by_start) {
    if (parents[i] == kNoParent) {
      tree.roots.push_back(i);
    } else {
      tree.children[parents[i]].push_back(i);
    }
  }
  std::vector<bool> is_placed(spans.size(), false);
  const std::size_t num_true_roots = tree.roots.size();
  for (std::size_t r = 0; r < num_true_roots; ++r) {
    Walk(tree, is_placed, tree.roots[r]);
  }
  for (const std::size_t i : by_start) {
    if (is_placed[i]) {
      continue;
    }
    // Only what a circle kept from being reached. Its earliest span is nobody's child.
    std::erase(tree.children[parents[i]], i);
    ++tree.num_circles;
    tree.roots.push_back(i);
    Walk(tree, is_placed, i);
  }
  return tree;
}

}  // namespace assay::trace
