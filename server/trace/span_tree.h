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
};

// Walks without recursion: a trace from outside may be one long chain.
SpanTree MakeSpanTree(const std::vector<store::SpanRecord>& spans);

}  // namespace assay::trace
