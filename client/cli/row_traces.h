#pragma once

#include <string_view>

#include "assay/v1/comparison_service.pb.h"
#include "client/cli/table.h"

namespace assay::cli {

// Where the traces of rows are found, a line for each side of a row that names one: its page, or
// the command that shows it where `site`, the address of the dashboard, is empty. `comparison` is
// the name of theirs. Of the first `max_rows` such rows, those with the same traces together;
// without lines when no row names a trace.
Table RowTracesTable(const v1::ListComparisonRowsResponse& rows, std::string_view comparison,
                     std::string_view site, int max_rows);

}  // namespace assay::cli
