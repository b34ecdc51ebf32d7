#include "client/cli/row_traces.h"

#include <string>
#include <utility>

#include "client/cli/page.h"

namespace assay::cli {

Table RowTracesTable(const v1::ListComparisonRowsResponse& rows, std::string_view comparison,
                     std::string_view site, int max_rows) {
  Table table({{"ROW", Align::kLeft, true}, {"SIDE"}, {"TRACE"}});
  int num_shown = 0;
  for (const v1::ComparisonRow& row : rows.rows()) {
    if (row.baseline_trace_id().empty() && row.candidate_trace_id().empty()) {
      continue;
    }
    if (num_shown++ == max_rows) {
      break;
    }
    for (const auto& [side, trace_id] : {std::pair("before", &row.baseline_trace_id()),
                                         std::pair("after", &row.candidate_trace_id())}) {
      if (!trace_id->empty()) {
        table.AddRow({row.key(), side, TraceAddress(site, comparison, *trace_id)});
      }
    }
  }
  return table;
}

}  // namespace assay::cli
