#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "client/cli/table.h"
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

// For a pull request: the same, as GitHub's Markdown.
std::string DiffMarkdown(const v1::Comparison& comparison);

// One row a metric and cohort, with every digit.
Table DiffTable(const v1::Comparison& comparison);

}  // namespace assay::cli
