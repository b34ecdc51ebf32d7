#pragma once

#include <filesystem>
#include <string>

#include "absl/status/statusor.h"

namespace assay {

// Keeps SIGTERM, SIGINT and SIGHUP for WaitForStop. Call before the first thread starts: threads
// inherit it.
void BlockStopSignals();

// The file DATA_DIR/users, which every process that uses a server of its own holds locked shared
// (flock). Owned by one thread.
class UsersFile {
 public:
  // FAILED_PRECONDITION when the file cannot be opened.
  static absl::StatusOr<UsersFile> Open(const std::filesystem::path& data_dir);
  UsersFile(UsersFile&& other) noexcept;
  UsersFile& operator=(UsersFile&& other) = delete;
  // Gives up the lock, if it holds it.
  ~UsersFile();

  // True when no process uses the server: it then holds the lock, so that none can begin to.
  bool TryLock();
  void Unlock();

 private:
  explicit UsersFile(int fd) : fd_(fd) {}
  int fd_;
};

// Waits for a stop signal; with `users` also for the time when nobody uses the server any more. A
// server that nobody has used yet gets ten seconds. Returns the reason in words.
std::string WaitForStop(UsersFile* users);

// From now on a stop signal ends the process at once.
void LetSignalsKill();

}  // namespace assay
