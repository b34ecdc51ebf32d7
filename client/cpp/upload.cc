#include "client/cpp/upload.h"

#include <chrono>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/cpp/batch_codec.h"
#include "client/cpp/status_macros.h"

namespace assay::client {
namespace {

constexpr std::chrono::milliseconds kProgressInterval{100};

std::vector<Column> SliceAll(std::span<const Column> columns, std::int64_t begin,
                             std::int64_t end) {
  std::vector<Column> slices;
  slices.reserve(columns.size());
  for (const Column& column : columns) {
    slices.push_back(WithUsedDictionary(Slice(column, begin, end)));
  }
  return slices;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Upload>> Upload::Begin(UploadTransport& transport,
                                                      const v1::BeginUploadRequest& request,
                                                      Options options) {
  ASSAY_ASSIGN_OR_RETURN(const v1::Upload upload, transport.BeginUpload(request));
  if (!options.sleep) {
    options.sleep = [](std::chrono::milliseconds delay) { std::this_thread::sleep_for(delay); };
  }
  return std::unique_ptr<Upload>(new Upload(transport, upload.name(), std::move(options)));
}

Upload::Upload(UploadTransport& transport, std::string name, Options options)
    : transport_(transport),
      name_(std::move(name)),
      options_(std::move(options)),
      backoff_(options_.patience) {}

Upload::~Upload() {
  transport_.CancelAppends();
  {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return num_out_ == 0; });
  }
  if (!is_committed_) {
    v1::AbortUploadRequest request;
    request.set_name(name_);
    // What cannot be removed now is collected by the server later.
    transport_.AbortUpload(request).IgnoreError();
  }
}

absl::Status Upload::Append(v1::Table table, std::span<const Column> columns) {
  if (columns.empty() || columns[0].num_rows == 0) {
    return absl::OkStatus();
  }
  const std::int64_t num_rows = columns[0].num_rows;
  const std::int64_t num_bytes = EncodedBytes(columns);
  const bool fits = num_rows <= options_.max_rows && num_bytes <= options_.max_bytes;
  if (fits || num_rows == 1) {
    if (num_bytes > options_.max_row_bytes) {
      return absl::InvalidArgumentError(
          absl::StrFormat("row %d: %d bytes in one row, at most %d are taken", num_rows_[table],
                          num_bytes, options_.max_row_bytes));
    }
    return Send(table, columns);
  }
  const std::int64_t half = num_rows / 2;
  const std::int64_t begin_of_rest = num_bytes <= options_.max_bytes ? options_.max_rows : half;
  ASSAY_RETURN_IF_ERROR(Append(table, SliceAll(columns, 0, begin_of_rest)));
  return Append(table, SliceAll(columns, begin_of_rest, num_rows));
}

absl::Status Upload::Send(v1::Table table, std::span<const Column> columns) {
  auto request = std::make_shared<v1::AppendBatchRequest>();
  request->set_upload(name_);
  request->set_sequence(next_sequence_);
  request->set_table(table);
  EncodeBatch(columns, *request->mutable_batch());
  ASSAY_RETURN_IF_ERROR(WaitForPending(static_cast<std::size_t>(options_.window) - 1));

  std::unique_lock<std::mutex> lock(mutex_);
  Pending& pending = pending_[next_sequence_];
  pending.request = std::move(request);
  StartLocked(next_sequence_, pending);
  ++next_sequence_;
  num_rows_[table] += columns[0].num_rows;
  return absl::OkStatus();
}

void Upload::StartLocked(std::int64_t sequence, Pending& pending) {
  pending.is_out = true;
  ++num_out_;
  // The transport calls back on another thread, never from within this call.
  transport_.AppendBatch(
      pending.request,
      [this, sequence](const absl::StatusOr<std::int64_t>& result) { OnDone(sequence, result); });
}

void Upload::OnDone(std::int64_t sequence, const absl::StatusOr<std::int64_t>& result) {
  const std::unique_lock<std::mutex> lock(mutex_);
  --num_out_;
  const auto found = pending_.find(sequence);
  if (found != pending_.end()) {
    found->second.is_out = false;
    if (result.ok()) {
      durable_rows_ += found->second.request->batch().num_rows();
      pending_.erase(found);
    }
  }
  if (!result.ok()) {
    if (IsTransient(result.status())) {
      transient_ = result.status();
    } else if (error_.ok()) {
      error_ = result.status();
    }
  }
  changed_.notify_all();
}

absl::Status Upload::WaitForPending(std::size_t limit) {
  std::unique_lock<std::mutex> lock(mutex_);
  std::int64_t reported_rows = -1;
  while (true) {
    if (options_.on_progress && durable_rows_ != reported_rows) {
      reported_rows = durable_rows_;
      lock.unlock();
      options_.on_progress(reported_rows);
      lock.lock();
      continue;  // more may be durable by now
    }
    if (!error_.ok()) {
      return error_;
    }
    if (!transient_.ok()) {
      // Everything that is out ends first, so that nothing is sent twice at once.
      if (num_out_ == 0) {
        error_ = Resume(lock);
        continue;
      }
    } else if (pending_.size() <= limit) {
      return absl::OkStatus();
    }
    changed_.wait_for(lock, kProgressInterval);
  }
}

absl::Status Upload::Resume(std::unique_lock<std::mutex>& lock) {
  absl::Status cause = transient_;
  transient_ = absl::OkStatus();
  if (durable_rows_ > rows_at_resume_) {
    backoff_.Reset();
  }
  rows_at_resume_ = durable_rows_;
  const std::optional<std::chrono::milliseconds> delay = backoff_.Next();
  if (!delay.has_value()) {
    return cause;
  }
  lock.unlock();
  options_.sleep(*delay);
  v1::GetUploadRequest request;
  request.set_name(name_);
  const absl::StatusOr<v1::Upload> upload = transport_.GetUpload(request);
  lock.lock();
  if (!upload.ok()) {
    return upload.status();
  }
  ForgetDurableLocked(upload->next_sequence());
  for (auto& [sequence, pending] : pending_) {
    StartLocked(sequence, pending);
  }
  return absl::OkStatus();
}

void Upload::ForgetDurableLocked(std::int64_t next_sequence) {
  while (!pending_.empty() && pending_.begin()->first < next_sequence) {
    durable_rows_ += pending_.begin()->second.request->batch().num_rows();
    pending_.erase(pending_.begin());
  }
}

absl::StatusOr<v1::CommitUploadResponse> Upload::Commit() {
  ASSAY_RETURN_IF_ERROR(WaitForPending(0));
  v1::CommitUploadRequest request;
  request.set_name(name_);
  request.set_num_batches(next_sequence_);
  absl::StatusOr<v1::CommitUploadResponse> response = transport_.CommitUpload(request);
  is_committed_ = response.ok();
  return response;
}

}  // namespace assay::client
