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
// durable. Everything it knows about an open upload is read back from the store when it is needed,
// so uploads continue after a restart. Thread-safe.
class Ingestor {
 public:
  struct Options {
    int num_threads = 2;
    // Batches of one upload that may wait for an earlier one.
    int max_batches_ahead = 16;
    // Bytes of all batches in hand before RESOURCE_EXHAUSTED. Batches whose turn it is may take as
    // much again, so that those that wait for them never stop everything.
    std::int64_t max_pending_bytes = 128 << 20;
    // How long a batch waits for an earlier one before it is given back as UNAVAILABLE.
    std::int64_t max_wait_us = 30LL * 1'000'000;
    // Open uploads that were left alone that long are removed, at start and once an hour.
    std::int64_t abandon_after_us = 24LL * 3600 * 1'000'000;
  };
  // `store` and `clock` outlive the ingestor.
  Ingestor(store::Store& store, Clock& clock);
  Ingestor(store::Store& store, Clock& clock, Options options);
  // Finishes what is in hand and joins.
  ~Ingestor();
  Ingestor(const Ingestor&) = delete;
  Ingestor& operator=(const Ingestor&) = delete;

  // Opens an upload; checks the dataset name, or that both versions exist, and `machine` (at most
  // 256 bytes).
  absl::StatusOr<store::UploadRecord> Begin(store::Id project, const store::UploadRecord& target,
                                            const std::string& request_id);
  // Takes a batch and returns; `done` is called once, on another thread, with the number of durable
  // batches or the error, and must not block. Errors:
  //   INVALID_ARGUMENT    bad rows; names column and row (`column 'label', row 17: ...`, rows
  //                       counted over the table from 0)
  //   ALREADY_EXISTS      a batch with that sequence number and other content is stored
  //   FAILED_PRECONDITION the upload is sealed
  //   NOT_FOUND           no such upload
  //   RESOURCE_EXHAUSTED  too far ahead of its turn, or too much in hand: send it again later
  //   ABORTED             an earlier batch failed, so this one cannot follow it
  //   UNAVAILABLE         the earlier batch did not come, or the server is stopping
  // A batch that fails leaves the upload as it was.
  void Append(store::Id project, store::Id upload, std::int64_t sequence, store::Table table,
              std::vector<Column> columns, std::int64_t num_rows,
              std::function<void(absl::StatusOr<std::int64_t>)> done);
  absl::StatusOr<store::UploadRecord> Get(store::Id project, store::Id upload) const;
  // Seals the upload: checks keys (unique; for outputs, known to the dataset) and cohort sizes, and
  // stores the result. INVALID_ARGUMENT removes the upload; FAILED_PRECONDITION when another number
  // of batches is durable. A sealed upload is returned again. Works on the calling thread, about
  // 0.1 s for a million rows.
  absl::StatusOr<store::UploadRecord> Commit(store::Id project, store::Id upload,
                                             std::int64_t num_batches);
  // Removes an upload; batches in hand are given back. An unknown upload is no error.
  absl::Status Abort(store::Id project, store::Id upload);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace assay::ingest
