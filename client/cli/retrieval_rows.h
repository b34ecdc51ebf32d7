#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/push.h"
#include "client/formats/row_reader.h"
#include "evaluators/columns.h"

namespace assay::cli {

// Rows in memory and where each was read.
struct PlacedRows {
  std::vector<Column> columns;
  PlaceOfRow place;
};

// All rows of `queries`, in their order, with the relevance that `judgements` gives their keys, and
// after them the judged queries that `queries` lacks, with only key and relevance. A query without
// judgements has no relevance. INVALID_ARGUMENT when `queries` has a column `relevance` of its own
// or names a key twice. The readers outlive the result.
absl::StatusOr<PlacedRows> JoinJudgements(formats::RowReader& queries,
                                          formats::RowReader& judgements);

}  // namespace assay::cli
