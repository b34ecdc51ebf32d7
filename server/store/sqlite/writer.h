#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "server/base/mutex.h"
#include "server/store/sqlite/checkpointer.h"
#include "server/store/sqlite/database.h"

namespace assay::store {

// The only way to write a file: one thread that runs queued work, many pieces a transaction, and
// answers each once the transaction is durable. A piece that fails undoes itself alone; when the
// transaction fails (disk full), all of its pieces do, and the writer goes on. Thread-safe.
class Writer {
 public:
  // Runs on the writer's thread, inside a savepoint of a transaction.
  using Work = std::function<absl::Status(Database&)>;
  // Called on the writer's thread; must be quick and must not call Run.
  using Done = std::function<void(absl::Status)>;

  // `checkpointer`, of the same file, copies the log into it; without one, commits do, as
  // `database` was told to.
  explicit Writer(std::unique_ptr<Database> database,
                  std::unique_ptr<Checkpointer> checkpointer = nullptr);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Queues `work`, which writes about `size_bytes`, and returns. Pieces run in order of submission.
  void Submit(Work work, std::size_t size_bytes, Done done);
  // Queues `work` and waits until it is durable or has failed. `work` may refer to locals.
  absl::Status Run(Work work);
  // Once what is queued has run: copies the log into the file, cuts the file to its size and gives
  // the log's space back to the file system. RESOURCE_EXHAUSTED when the file has no room to grow,
  // UNAVAILABLE when readers need the log; then the log stays.
  absl::Status Checkpoint();
  // Finishes what is queued and ends the thread; nothing may be queued afterwards. The connection
  // stays open until destruction: the last one to close a file must be able to write, or the log
  // stays behind.
  void Finish();

 private:
  struct Piece {
    Work work;  // nullptr: a checkpoint, which no transaction may surround
    std::size_t size_bytes = 0;
    Done done;
    absl::Status status;
  };

  void Loop();
  // Waits for work; the pieces of the next group, at first only the oldest. Empty: closing.
  bool WaitForPiece(Piece& piece);
  // The next piece of a running group; false when none waits, or a checkpoint.
  bool TakePiece(Piece& piece);
  void RunGroup(Piece first);
  absl::Status RunPieces(Piece first, std::vector<Piece>& group);
  absl::Status TruncateLog();

  // Both used by thread_ alone.
  const std::unique_ptr<Database> database_;
  const std::unique_ptr<Checkpointer> checkpointer_;  // nullptr: commits copy the log
  Mutex mutex_;
  std::condition_variable has_work_;
  std::deque<Piece> queue_ ASSAY_GUARDED_BY(mutex_);
  bool is_closing_ ASSAY_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace assay::store
