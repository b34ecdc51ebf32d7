#pragma once

#include "absl/status/statusor.h"
#include "server/ingest/upload_content.h"
#include "server/store/store.h"
#include "server/store/upload_store.h"

namespace assay::ingest {

// Checks an open upload whose rows are all stored, and says what a commit is to make of it.
// INVALID_ARGUMENT: no rows, a cohort column with too many values, a key that occurs twice (with
// both rows, the later one being the first of all that repeat), or an output whose key the dataset
// version lacks.
//
// Outputs in the order of the examples, with or without gaps and repetitions, are matched as fast
// as they are read; others through an index of the examples' keys, about 50 bytes an example.
absl::StatusOr<store::CommitWrite> Seal(store::Store& store, store::Id project,
                                        const store::UploadRecord& upload,
                                        const UploadContent& content);

}  // namespace assay::ingest
