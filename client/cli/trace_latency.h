#pragma once

#include "client/cli/commands.h"

namespace CLI {
class App;
}

namespace assay::cli {

// Adds `assay trace latency` to `assay trace`.
void AddTraceLatencyCommand(CLI::App& trace, Action& action);

}  // namespace assay::cli
