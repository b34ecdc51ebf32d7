#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "client/formats/input_file.h"
#include "client/formats/row_reader.h"

namespace assay::formats {

// Rows of TREC files, one a query, in order of first sight: `key` and `relevance` from qrels
// (query, iteration, document, grade), `key` and `ranking` from runs (query, Q0, document, rank,
// score, tag). Iteration, Q0, rank and tag are not looked at. Documents stay in the order of the
// file.
//
// Columns stand between blanks and tabs; blank lines are passed over, and lines whose `#` in front
// is followed by a blank, a tab or nothing (ids such as `#1` or `doc#3` are ids). Grades are
// integers and may be negative; scores are numbers, infinite ones too, not NaN. A document twice in
// a query is an error, also when other queries stand between. The lines of a query need not be
// adjacent, so the whole file is read before the first row.
absl::StatusOr<std::unique_ptr<RowReader>> OpenTrecQrels(const InputFile& file,
                                                         const ReaderOptions& options);
absl::StatusOr<std::unique_ptr<RowReader>> OpenTrecRun(const InputFile& file,
                                                       const ReaderOptions& options);

}  // namespace assay::formats
