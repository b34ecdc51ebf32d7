#pragma once

#include <string>

#include "client/cli/table.h"
#include "client/cli/terminal.h"

namespace assay::v1 {
class Run;
}

namespace assay::cli {

// Renders a run; computes nothing that the server did not.

// For a terminal: where it stands, values overall and by cohort (those metrics that fit the width),
// notes.
std::string RunText(const v1::Run& run, std::size_t width, const Palette& palette);

// The same as Markdown, all metrics.
std::string RunMarkdown(const v1::Run& run);

// One row a metric and cohort, with every digit.
Table RunTable(const v1::Run& run);

// `queued`, `running`, `succeeded`, `failed`, `cancelled`; `running` for states to come.
std::string_view RunStateWord(int state);

}  // namespace assay::cli
