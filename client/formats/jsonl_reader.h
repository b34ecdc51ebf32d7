#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "client/formats/input_file.h"
#include "client/formats/row_reader.h"

namespace assay::formats {

// Rows of JSON Lines: one object a line; blank lines and a byte order mark are passed over.
//
// Values by field (standard_columns.h): text is kept as the decoded string; other scalars that
// become text keep their spelling (3, 3.0, true). Vectors, tokens and references are lists.
// `ranking` is a list of [document, score] or {"document":, "score":}; `relevance` an object of
// grades or such a list with "grade"; a score may be the text "Infinity" or "-Infinity".
// "cohorts": {"a": 1} is the same as "cohort.a": 1, and "scores" as "score.*". Any other field is
// text, a number or JSON by its first value that is not null; numbers become JSON, byte for byte,
// when one of them is an integer beyond 2^53. A later value of another type is an error.
//
// The columns are those that have a value somewhere in the file: it is scanned for them first. A
// field that a line lacks, or has as null, is null there. Vectors have the length of the first.
absl::StatusOr<std::unique_ptr<RowReader>> OpenJsonl(const InputFile& file,
                                                     const ReaderOptions& options);

}  // namespace assay::formats
