#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "server/base/clock.h"
#include "server/store/sqlite/read_pool.h"
#include "server/store/sqlite/writer.h"
#include "server/store/upload_store.h"

namespace assay::store {

class SqliteUploadStore : public UploadStore {
 public:
  SqliteUploadStore(ReadPool& readers, Writer& writer, Clock& clock)
      : readers_(readers), writer_(writer), clock_(clock) {}

  absl::StatusOr<UploadRecord> Begin(Id project, const UploadRecord& upload,
                                     const std::string& request_id) override;
  absl::StatusOr<UploadRecord> Get(Id project, Id upload) const override;
  absl::StatusOr<Digest> GetBatch(Id project, Id upload, std::int64_t sequence) const override;
  void Append(BatchWrite batch, std::function<void(absl::Status)> done) override;
  absl::StatusOr<UploadRecord> Commit(const CommitWrite& commit) override;
  absl::Status Abort(Id project, Id upload) override;
  absl::StatusOr<std::int64_t> Collect(std::int64_t before_us) override;

 private:
  ReadPool& readers_;
  Writer& writer_;
  Clock& clock_;
};

}  // namespace assay::store
