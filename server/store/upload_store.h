#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/records.h"

namespace assay::store {

// One column of a batch on its way in, cut into chunks. Chunks before `first_chunk` stay; a chunk
// number that is already stored (the short last one of the batch before) is replaced.
struct ColumnChunks {
  ColumnRecord column;  // digest and null_count are filled at the commit
  std::int64_t first_chunk = 0;
  std::vector<EncodedChunk> chunks;
};

// A batch, stored whole or not at all.
struct BatchWrite {
  Id project = 0;
  Id upload = 0;
  std::int64_t sequence = 0;
  Digest content{};           // of the batch as it came in, to tell a repeat from another batch
  std::int64_t num_rows = 0;  // of the upload after this batch
  std::int64_t num_documents = 0;
  std::vector<ColumnChunks> columns;
};

// What a commit makes of an upload.
struct CommitWrite {
  Id project = 0;
  Id upload = 0;
  std::vector<ColumnRecord> columns;     // all of the upload, with digests and null counts
  std::vector<ColumnChunks> hidden;      // columns to add that are not part of the digest
  DatasetVersionRecord dataset_version;  // kDataset: name, digest, row counts
  OutputSetRecord output_set;            // kOutputSet: all but id and time
};

// Rows on their way into datasets and output sets. Thread-safe.
class UploadStore {
 public:
  virtual ~UploadStore() = default;
  // Makes an upload, durable; the record's id and times are ignored. A `request_id` (may be empty)
  // that was used before returns the upload it made.
  virtual absl::StatusOr<UploadRecord> Begin(Id project, const UploadRecord& upload,
                                             const std::string& request_id) = 0;
  virtual absl::StatusOr<UploadRecord> Get(Id project, Id upload) const = 0;
  // Content digest of a stored batch; NOT_FOUND when there is none.
  virtual absl::StatusOr<Digest> GetBatch(Id project, Id upload, std::int64_t sequence) const = 0;
  // Queues a batch for the writer and returns; `done` is called on another thread once the batch is
  // durable or has failed. ABORTED when `sequence` is not the next one. Must not block long.
  virtual void Append(BatchWrite batch, std::function<void(absl::Status)> done) = 0;
  // Seals the upload: its columns become those of a new dataset version or output set, or of the
  // existing one with the same digest. Returns the committed record.
  virtual absl::StatusOr<UploadRecord> Commit(const CommitWrite& commit) = 0;
  // Forgets an open upload and its rows. An unknown or committed one is no error.
  virtual absl::Status Abort(Id project, Id upload) = 0;
  // Forgets open uploads untouched since `before_us` and sweeps chunks that nothing refers to, in
  // small steps. Returns the number of uploads removed.
  virtual absl::StatusOr<std::int64_t> Collect(std::int64_t before_us) = 0;
};

}  // namespace assay::store
