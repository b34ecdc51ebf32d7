#include "server/store/sqlite/writer.h"

#include <cassert>
#include <chrono>
#include <cstdint>
#include <future>
#include <utility>

#include "absl/strings/str_format.h"
#include "server/base/log.h"
#include "server/base/status_macros.h"
#include "server/store/sqlite/transaction.h"

namespace assay::store {
namespace {

// Bounds of a group: how long its first piece waits for the others, and what a commit syncs.
constexpr std::chrono::milliseconds kMaxGroupTime{20};
constexpr std::size_t kMaxGroupBytes = 16 << 20;
constexpr std::size_t kMaxGroupPieces = 1024;

absl::Status RunInSavepoint(Database& database, const Writer::Work& work) {
  ASSAY_ASSIGN_OR_RETURN(Savepoint savepoint, Savepoint::Begin(database));
  ASSAY_RETURN_IF_ERROR(work(database));
  return std::move(savepoint).Release();
}

}  // namespace

Writer::Writer(std::unique_ptr<Database> database, std::unique_ptr<Checkpointer> checkpointer)
    : database_(std::move(database)),
      checkpointer_(std::move(checkpointer)),
      thread_([this] { Loop(); }) {}

Writer::~Writer() { Finish(); }

void Writer::Finish() {
  if (!thread_.joinable()) {
    return;
  }
  {
    const MutexLock lock(mutex_);
    is_closing_ = true;
  }
  has_work_.notify_one();
  thread_.join();
}

void Writer::Submit(Work work, std::size_t size_bytes, Done done) {
  {
    const MutexLock lock(mutex_);
    queue_.push_back(
        {.work = std::move(work), .size_bytes = size_bytes, .done = std::move(done), .status = {}});
  }
  has_work_.notify_one();
}

absl::Status Writer::Run(Work work) {
  assert(std::this_thread::get_id() != thread_.get_id());
  // Shared: the writer may still be inside set_value when the result is here.
  auto promise = std::make_shared<std::promise<absl::Status>>();
  std::future<absl::Status> result = promise->get_future();
  Submit(std::move(work), 0,
         [promise](absl::Status status) { promise->set_value(std::move(status)); });
  return result.get();
}

absl::Status Writer::Checkpoint() { return Run(nullptr); }

bool Writer::WaitForPiece(Piece& piece) {
  MutexLock lock(mutex_);
  while (queue_.empty()) {
    if (is_closing_) {
      return false;
    }
    lock.Wait(has_work_);
  }
  piece = std::move(queue_.front());
  queue_.pop_front();
  return true;
}

bool Writer::TakePiece(Piece& piece) {
  const MutexLock lock(mutex_);
  if (queue_.empty() || queue_.front().work == nullptr) {
    return false;
  }
  piece = std::move(queue_.front());
  queue_.pop_front();
  return true;
}

void Writer::Loop() {
  Piece piece;
  while (WaitForPiece(piece)) {
    if (piece.work == nullptr) {
      piece.done(TruncateLog());
    } else {
      RunGroup(std::move(piece));
    }
  }
}

void Writer::RunGroup(Piece first) {
  std::vector<Piece> group;
  const absl::Status status = RunPieces(std::move(first), group);
  if (!status.ok()) {
    Log(LogLevel::kError, "a group of writes failed",
        {{"file", database_->path()}, {"writes", group.size()}, {"error", status}});
  }
  for (Piece& piece : group) {
    piece.work = nullptr;  // Frees what it holds before anyone acts on the answer.
    piece.done(piece.status.ok() ? status : piece.status);
  }
  if (status.ok() && checkpointer_ != nullptr) {
    checkpointer_->AfterCommit(database_->log_pages());
  }
}

absl::Status Writer::TruncateLog() {
  if (checkpointer_ != nullptr) {
    checkpointer_->Settle();  // SQLite refuses a second copy beside one that runs.
  }
  ASSAY_ASSIGN_OR_RETURN(const std::int64_t is_busy,
                         database_->QueryInt64("PRAGMA wal_checkpoint(TRUNCATE)"));
  return is_busy == 0 ? absl::OkStatus()
                      : absl::UnavailableError(
                            absl::StrFormat("the log of %s is being read", database_->path()));
}

absl::Status Writer::RunPieces(Piece first, std::vector<Piece>& group) {
  const auto start = std::chrono::steady_clock::now();
  std::size_t num_bytes = 0;
  group.push_back(std::move(first));
  ASSAY_ASSIGN_OR_RETURN(Transaction transaction, Transaction::BeginWrite(*database_));
  for (;;) {
    Piece& piece = group.back();
    piece.status = RunInSavepoint(*database_, piece.work);
    if (!database_->IsInTransaction()) {
      // SQLite gave the whole transaction up, so what ran before is undone as well.
      return piece.status.ok() ? absl::InternalError("the transaction was rolled back")
                               : piece.status;
    }
    num_bytes += piece.size_bytes;
    Piece next;
    if (num_bytes >= kMaxGroupBytes || group.size() >= kMaxGroupPieces ||
        std::chrono::steady_clock::now() - start >= kMaxGroupTime || !TakePiece(next)) {
      break;
    }
    group.push_back(std::move(next));
  }
  return std::move(transaction).Commit();
}

}  // namespace assay::store
