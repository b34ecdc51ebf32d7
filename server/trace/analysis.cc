#include "server/trace/analysis.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <tuple>
#include <utility>

#include "server/trace/span_tree.h"

namespace assay::trace {
namespace {

struct Interval {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::int64_t size() const { return std::max<std::int64_t>(end - begin, 0); }
};

Interval Of(const store::SpanRecord& span) {
  return {span.start_ns, span.start_ns + span.duration_ns};
}

Interval Cut(Interval inner, Interval outer) {
  return {std::max(inner.begin, outer.begin), std::min(inner.end, outer.end)};
}

// Part of `whole` that none of `children`, which come by start, covers.
std::int64_t SelfTime(const std::vector<store::SpanRecord>& spans, Interval whole,
                      const std::vector<std::size_t>& children) {
  std::int64_t covered = 0;
  std::int64_t covered_to = whole.begin;
  for (const std::size_t child : children) {
    const Interval part = Cut(Of(spans[child]), {covered_to, whole.end});
    covered += part.size();
    covered_to = std::max(covered_to, part.end);
  }
  return whole.size() - covered;
}

// What the end of `whole` waited for, from the end backwards: the child that ended last, then what
// had ended before that child began. The rest is the span's own.
void MeasureCritical(const std::vector<store::SpanRecord>& spans, const SpanTree& tree,
                     std::size_t root, std::vector<SpanTimes>& times) {
  std::vector<std::pair<std::size_t, Interval>> open = {{root, Of(spans[root])}};
  std::vector<std::pair<Interval, std::size_t>> children;
  while (!open.empty()) {
    const auto [i, whole] = open.back();
    open.pop_back();
    children.clear();
    for (const std::size_t child : tree.children[i]) {
      const Interval part = Cut(Of(spans[child]), whole);
      if (part.size() > 0) {
        children.emplace_back(part, child);
      }
    }
    std::sort(children.begin(), children.end(), [](const auto& a, const auto& b) {
      return std::tie(a.first.end, a.first.begin, a.second) >
             std::tie(b.first.end, b.first.begin, b.second);
    });
    std::int64_t now = whole.end;
    for (const auto& [part, child] : children) {
      if (part.begin >= now) {
        continue;
      }
      // Of one that overlaps what was waited for later only the part before counts.
      const std::int64_t end = std::min(part.end, now);
      times[i].critical_ns += now - end;
      open.emplace_back(child, Interval{part.begin, end});
      now = part.begin;
    }
    times[i].critical_ns += now - whole.begin;
  }
}

}  // namespace

std::vector<SpanTimes> MeasureSpans(const std::vector<store::SpanRecord>& spans) {
  std::vector<SpanTimes> times(spans.size());
  if (spans.empty()) {
    return times;
  }
  const SpanTree tree = MakeSpanTree(spans);
  for (std::size_t i = 0; i < spans.size(); ++i) {
    times[i].self_ns = SelfTime(spans, Of(spans[i]), tree.children[i]);
  }
  const std::size_t longest = *std::max_element(
      tree.roots.begin(), tree.roots.end(),
      [&](std::size_t a, std::size_t b) { return spans[a].duration_ns < spans[b].duration_ns; });
  MeasureCritical(spans, tree, longest, times);
  return times;
}

std::vector<SpanGroup> RollUp(const std::vector<store::SpanRecord>& spans,
                              const std::vector<SpanTimes>& times) {
  std::map<std::pair<std::string, std::string>, SpanGroup> groups;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    const store::SpanRecord& span = spans[i];
    const std::string service = span.source == nullptr ? "" : span.source->service;
    SpanGroup& group = groups[{service, span.name}];
    group.service = service;
    group.name = span.name;
    ++group.num_spans;
    group.num_errors += span.status == store::SpanStatus::kError ? 1 : 0;
    group.total_ns += span.duration_ns;
    group.self_ns += times[i].self_ns;
    group.critical_ns += times[i].critical_ns;
    group.longest_ns = std::max(group.longest_ns, span.duration_ns);
  }
  std::vector<SpanGroup> result;
  result.reserve(groups.size());
  for (auto& [key, group] : groups) {
    result.push_back(std::move(group));
  }
  std::stable_sort(result.begin(), result.end(),
                   [](const SpanGroup& a, const SpanGroup& b) { return a.self_ns > b.self_ns; });
  return result;
}

}  // namespace assay::trace
