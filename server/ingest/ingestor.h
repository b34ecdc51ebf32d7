#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "evaluators/columns.h"
#include "server/base/clock.h"
#include "server/store/store.h"

namespace assay::ingest {

// Turns batches, cut anywhere, into chunks of 4,096 rows, and uploads into dataset versions and
// output sets. Validation, coding and hashing run on its own threads; what is acknowledged is
// durable. Thread-safe.
class Ingestor {
 public:
  struct Options {
    int num_threads = 2;
    // Batches of one upload that may wait for an earlier one.
    int max_batches_ahead = 16;
    // Bytes of all batches in hand before RESOURCE_EXHAUSTED.
    std::int64_t max_pending_bytes = 128 << 20;
    std::int64_t abandon_after_us = 24LL * 3600 * 1'000'000;
  };
  // `store` and `clock` outlive the ingestor.
  Ingestor(store::Store& store, Clock& clock);
  Ingestor(store::Store& store, Clock& clock, Options options);
  // Finishes what is in hand and joins.
  ~Ingestor();
  Ingestor(const Ingestor&) = delete;
  Ingestor& operator=(const Ingestor&) = delete;

  // Opens an upload; checks the dataset name, or that both versions exist.
  absl::StatusOr<store::UploadRecord> Begin(store::Id project, const store::UploadRecord& target,
                                            const std::string& request_id);
  // Takes a batch and returns; `done` is called once, on another thread, with the number of durable
  // batches or the error. Errors name column and row (`column 'label', row 17: ...`, rows counted
  // over the upload from 0). A batch that fails leaves the upload as it was.
  void Append(store::Id project, store::Id upload, std::int64_t sequence, store::Table table,
              std::vector<Column> columns, std::int64_t num_rows,
              std::function<void(absl::StatusOr<std::int64_t>)> done);
  absl::StatusOr<store::UploadRecord> Get(store::Id project, store::Id upload) const;
  // Seals the upload: checks keys (unique; for outputs, known to the dataset), standard columns'
  // types and cohort sizes, and stores the result. INVALID_ARGUMENT removes the upload.
  absl::StatusOr<store::UploadRecord> Commit(store::Id project, store::Id upload,
                                             std::int64_t num_batches);
  absl::Status Abort(store::Id project, store::Id upload);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace assay::ingest
