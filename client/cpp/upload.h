#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "assay/v1/upload_service.pb.h"
#include "client/cpp/retry.h"
#include "evaluators/columns.h"

namespace assay::client {

// The calls that an upload needs. Client is one; tests have others.
class UploadTransport {
 public:
  // The number of durable batches, or the error. Called once, on any thread.
  using AppendDone = std::function<void(absl::StatusOr<std::int64_t>)>;

  virtual ~UploadTransport() = default;
  virtual absl::StatusOr<v1::Upload> BeginUpload(v1::BeginUploadRequest request) = 0;
  // Sends a batch once, without repeating, and returns.
  virtual void AppendBatch(std::shared_ptr<const v1::AppendBatchRequest> request,
                           AppendDone done) = 0;
  // Ends every AppendBatch that is out as CANCELLED.
  virtual void CancelAppends() = 0;
  virtual absl::StatusOr<v1::Upload> GetUpload(const v1::GetUploadRequest& request) = 0;
  virtual absl::StatusOr<v1::CommitUploadResponse> CommitUpload(
      const v1::CommitUploadRequest& request) = 0;
  virtual absl::Status AbortUpload(const v1::AbortUploadRequest& request) = 0;
};

// Moves rows into the store: batches are cut to what the server takes and a window of them is kept
// in flight while the caller makes the next. A broken link is resumed from the highest durable
// batch. Owned by one thread.
class Upload {
 public:
  struct Options {
    int window = 4;
    std::int64_t max_rows = 65'536;    // of a batch
    std::int64_t max_bytes = 8 << 20;  // of a batch, unless one row is larger
    std::int64_t max_row_bytes = 15 << 20;
    // How long to go on without progress while the server is unavailable or busy.
    std::chrono::milliseconds patience{60'000};
    // Called from Append and Commit with the number of durable rows, documents included.
    std::function<void(std::int64_t durable_rows)> on_progress;
    // Sleeps between attempts; replaced in tests.
    std::function<void(std::chrono::milliseconds)> sleep;
  };

  // `transport` outlives the upload.
  static absl::StatusOr<std::unique_ptr<Upload>> Begin(UploadTransport& transport,
                                                       const v1::BeginUploadRequest& request,
                                                       Options options);
  // Removes what was not committed from the server.
  ~Upload();
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;

  // Sends rows, any number of them, to `table`. Waits while the window is full. An error is the
  // server's, of this or an earlier batch, and every later call returns it again.
  absl::Status Append(v1::Table table, std::span<const Column> columns);
  // Waits for every batch and seals the upload.
  absl::StatusOr<v1::CommitUploadResponse> Commit();

 private:
  struct Pending {
    std::shared_ptr<const v1::AppendBatchRequest> request;
    bool is_out = false;
  };

  Upload(UploadTransport& transport, std::string name, Options options);
  absl::Status Send(v1::Table table, std::span<const Column> columns);
  void StartLocked(std::int64_t sequence, Pending& pending);
  void OnDone(std::int64_t sequence, const absl::StatusOr<std::int64_t>& result);
  // Waits until at most `limit` batches are pending, resuming where needed.
  absl::Status WaitForPending(std::size_t limit);
  absl::Status Resume(std::unique_lock<std::mutex>& lock);
  void ForgetDurableLocked(std::int64_t next_sequence);

  UploadTransport& transport_;
  const std::string name_;
  const Options options_;
  std::int64_t next_sequence_ = 0;              // of the calling thread
  std::map<v1::Table, std::int64_t> num_rows_;  // sent so far, of the calling thread
  bool is_committed_ = false;
  Backoff backoff_;
  std::int64_t rows_at_resume_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  // What follows is guarded by mutex_.
  std::map<std::int64_t, Pending> pending_;  // by sequence
  int num_out_ = 0;
  std::int64_t durable_rows_ = 0;
  absl::Status error_;      // of the lowest batch that failed for good
  absl::Status transient_;  // the last that calls for resuming
};

}  // namespace assay::client
