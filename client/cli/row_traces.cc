#include "client/cli/row_traces.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/cli/page.h"

namespace assay::cli {
namespace {

// Rows that name the same traces, as all do of outputs that one run of a model computed.
struct TracedTogether {
  const v1::ComparisonRow* first = nullptr;
  int num_rows = 0;
};

bool NameTheSame(const v1::ComparisonRow& a, const v1::ComparisonRow& b) {
  return a.baseline_trace_id() == b.baseline_trace_id() &&
         a.candidate_trace_id() == b.candidate_trace_id();
}

std::vector<TracedTogether> FirstTraced(const v1::ListComparisonRowsResponse& rows, int max_rows) {
  std::vector<TracedTogether> groups;
  int num_shown = 0;
  for (const v1::ComparisonRow& row : rows.rows()) {
    if (row.baseline_trace_id().empty() && row.candidate_trace_id().empty()) {
      continue;
    }
    if (num_shown++ == max_rows) {
      break;
    }
    const auto group = std::find_if(groups.begin(), groups.end(), [&](const TracedTogether& known) {
      return NameTheSame(*known.first, row);
    });
    TracedTogether& to = group == groups.end() ? groups.emplace_back() : *group;
    to.first = to.first == nullptr ? &row : to.first;
    ++to.num_rows;
  }
  return groups;
}

}  // namespace

Table RowTracesTable(const v1::ListComparisonRowsResponse& rows, std::string_view comparison,
                     std::string_view site, int max_rows) {
  Table table({{"ROW", Align::kLeft, true}, {"SIDE"}, {"TRACE"}});
  for (const TracedTogether& group : FirstTraced(rows, max_rows)) {
    const v1::ComparisonRow& row = *group.first;
    const std::string name = group.num_rows == 1
                                 ? row.key()
                                 : absl::StrFormat("%s and %d more", row.key(), group.num_rows - 1);
    for (const auto& [side, trace_id] : {std::pair("before", &row.baseline_trace_id()),
                                         std::pair("after", &row.candidate_trace_id())}) {
      if (!trace_id->empty()) {
        table.AddRow({name, side, TraceAddress(site, comparison, *trace_id)});
      }
    }
  }
  return table;
}

}  // namespace assay::cli
