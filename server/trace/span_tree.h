#pragma once

#include <cstddef>
#include <vector>

#include "server/store/span_records.h"

namespace assay::trace {

// Who is below whom, as positions in a list of spans. Circles of parents, which only come from
// outside, are cut at their earliest span.
struct SpanTree {
  std::vector<std::vector<std::size_t>> children;  // of each span, by start
  std::vector<std::size_t> roots;                  // by start
  std::vector<std::size_t> order;                  // every span once, parents before children
  std::vector<std::size_t> depth;                  // of each span
  std::size_t num_orphans = 0;                     // name a parent that is not in the list
  std::size_t num_circles = 0;                     // that were cut
  std::size_t num_early = 0;                       // began before their parent: clocks differ
};

// Walks without recursion: a trace from outside may be one long chain.
SpanTree MakeSpanTree(const std::vector<store::SpanRecord>& spans);

}  // namespace assay::trace
