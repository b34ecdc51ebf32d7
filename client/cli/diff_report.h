#pragma once

#include <cstddef>
#include <string>

#include "client/cli/terminal.h"

namespace assay::v1 {
class Comparison;
}

namespace assay::cli {

// Renders a comparison that has ended; computes nothing that the server did not.

struct ReportStyle {
  std::size_t width = 100;  // the interval plot needs about 90
  Palette palette{false};
  bool uses_unicode = true;
  // Added to the commands that the report names, for instance ` --local`.
  std::string command_suffix;
  std::string page;  // where the dashboard shows the comparison; empty: unknown
};

// For a terminal: the verdict in words, metrics with intervals, gates, worst cohorts, rows, the
// next commands.
std::string DiffText(const v1::Comparison& comparison, const ReportStyle& style);

}  // namespace assay::cli
