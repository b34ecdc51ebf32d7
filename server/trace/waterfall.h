#pragma once

#include <cstdint>
#include <vector>

#include "server/store/records.h"

namespace assay::trace {

// A span where a waterfall draws it.
struct WaterfallRow {
  store::SpanRecord span;
  std::int32_t depth = 0;  // 0: no parent among the spans
};

// Spans of one trace as a waterfall shows them: each below its parent, children of one parent in
// the order they began (then by span id), spans without a parent among them in that order too.
// Spans whose parents form a circle are kept: the earliest one counts as a root.
std::vector<WaterfallRow> ArrangeWaterfall(std::vector<store::SpanRecord> spans);

}  // namespace assay::trace
