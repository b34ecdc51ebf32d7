#pragma once

#include <cstddef>
#include <string>

#include "assay/v1/comparison_service.pb.h"
#include "client/cli/terminal.h"

namespace assay::cli {

// Renders a comparison that has ended; computes nothing that the server did not.

// What a report of a comparison shows first.
enum class BlockOrder { kMetricsFirst, kFlipsFirst };

struct ReportStyle {
  std::size_t width = 100;  // the interval plot needs about 90
  Palette palette{false};
  bool uses_unicode = true;
  // Added to the commands that the report names, for instance ` --local`.
  std::string command_suffix;
  std::string page;  // where the dashboard shows the comparison; empty: unknown
  std::string site;  // address of the dashboard; empty: unknown
  BlockOrder order = BlockOrder::kMetricsFirst;
};

// For a terminal: the verdict in words, metrics with intervals, gates, worst cohorts, rows, the
// next commands. Of `worst_rows`, the rows that got worse, those that name traces are shown with
// their addresses, at most five.
std::string DiffText(const v1::Comparison& comparison, const ReportStyle& style,
                     const v1::ListComparisonRowsResponse& worst_rows = {});

}  // namespace assay::cli
