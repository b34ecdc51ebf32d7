#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "assay/v1/comparison_service.pb.h"
#include "client/cli/table.h"

namespace assay::cli {

// Renders a comparison that has ended for other programs; computes nothing that the server did not.
// Texts of data may hold anything: each report stays well formed. Pure functions.

// Rows that a report shows of one gate or one comparison, at most.
inline constexpr int kMaxReportRows = 10;

// A comparison, and what a report shows beside it.
struct VerdictReport {
  v1::Comparison comparison;
  // By gate: the rows that got worse, worst first, at most kMaxReportRows, and how many there are.
  // Without rows for gates that pass and on metrics without row scores. May have no entries at all.
  std::vector<v1::ListComparisonRowsResponse> gate_rows;
  // The same of all rows by RowMetric.
  v1::ListComparisonRowsResponse worst_rows;
  // Address of the dashboard, without a slash at its end; empty: unknown.
  std::string site;
  // The policy file as it was named, and the line of each of its gates, by position; empty: gates
  // come from elsewhere.
  std::string policy_path;
  std::vector<int> gate_lines;
};

// For a pull request, as GitHub's Markdown: the verdict first, then what changed, metrics, gates,
// cohorts and rows, folded, and the hidden line `<!-- assay:verdict DATASET -->` by which a later
// comment finds the one to replace. At most kMaxMarkdownBytes; what is left out is counted.
inline constexpr std::size_t kMaxMarkdownBytes = 60'000;
std::string VerdictMarkdown(const VerdictReport& report);

// With every digit: a line a metric and cohort (`cell`), gate (`gate`) and budget (`budget`).
Table VerdictTable(const v1::Comparison& comparison);

// JUnit's XML: a test case for the comparison itself, for every budget and for every gate, which is
// on one cohort or all rows. REGRESSED is a failure, REFUSED an error; INCONCLUSIVE, and whatever a
// gate of tier advisory found, is skipped with the reason. Rows stand in the text of a failure;
// addresses of rows and traces are properties.
std::string VerdictJunit(const VerdictReport& report);

// SARIF 2.1.0 (OASIS, 2020): a rule for every metric and limit that gates, and a result for every
// gate and budget that does not pass, at the gate's line of the policy where it is known. Level
// `error` for what stops, `warning` for what is undecided, `note` for what is only shown.
std::string VerdictSarif(const VerdictReport& report);

// `max_drop`: the name of the gate's limit in a policy.
std::string LimitKey(const v1::Gate& gate);
// `accuracy, digit=8: max_drop 0.01`.
std::string GateTitle(const v1::Gate& gate);
// Where a person finds a trace or a row: its page, or, where the dashboard is not known, the
// command that shows it.
std::string TraceAddress(const VerdictReport& report, std::string_view trace_id);
std::string RowAddress(const VerdictReport& report, const v1::ComparisonRow& row);
// The comparison's own page, likewise.
std::string ComparisonAddress(const VerdictReport& report);
// `74 rows got worse by accuracy; the worst 10 of them`.
std::string RowsTitle(const v1::ListComparisonRowsResponse& rows);

}  // namespace assay::cli
