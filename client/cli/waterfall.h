#pragma once

#include <cstddef>
#include <string>

#include "client/cli/table.h"
#include "client/cli/terminal.h"

namespace assay::v1 {
class Trace;
}

namespace assay::cli {

// A trace for a terminal: one line a span, indented below its parent, with its duration and a bar
// where it lies in time; errors are marked and explained. With self times from the server these
// stand beside the durations, and spans that the end did not wait for have a thin bar. `width`
// columns.
std::string WaterfallText(const v1::Trace& trace, std::size_t width, const Palette& palette,
                          bool uses_unicode);

// One row a span, in the order of the waterfall, with start (from the trace's) and duration in
// microseconds.
Table SpansTable(const v1::Trace& trace);

}  // namespace assay::cli
