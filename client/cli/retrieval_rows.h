#pragma once

#include <string>
#include <string_view>
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

// The rows of `reader` that `filter` names: `COLUMN=VALUE`, several joined by commas, all of which
// a row must have; empty: every row. INVALID_ARGUMENT when the filter is malformed, names a column
// that is not there or is not text, or leaves no rows. The reader outlives the result.
absl::StatusOr<PlacedRows> ReadRows(formats::RowReader& reader, std::string_view filter);

// All rows of `queries`, in their order, with the relevance that `judgements` gives their keys, and
// after them the judged queries that `queries` lacks, with only key and relevance. A query without
// judgements has no relevance. INVALID_ARGUMENT when `queries` has a column `relevance` of its own
// or names a key twice. The reader outlives the result.
absl::StatusOr<PlacedRows> JoinJudgements(const PlacedRows& queries,
                                          formats::RowReader& judgements);

// `queries` with a column `relevance`: every document with the same text in `column` has grade 1. A
// query without a text there has no relevance; one whose text no document has, no relevant
// document. INVALID_ARGUMENT when the column, or a column of keys, is missing on either side, when
// a document's key occurs twice, when `queries` has a column `relevance` of its own, and for more
// than 100,000,000 pairs.
absl::StatusOr<PlacedRows> JudgeByColumn(PlacedRows queries, const PlacedRows& documents,
                                         std::string_view column);

}  // namespace assay::cli
