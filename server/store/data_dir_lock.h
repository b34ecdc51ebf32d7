#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace assay::store {

// Holds a data directory for one process: an exclusive lock on DIRECTORY/lock, which names the
// holder's process id. The operating system drops it with the process, however that ends. Not for
// network file systems. Thread-compatible.
class DataDirLock {
 public:
  // Creates the directory (for its owner alone) where it does not exist. FAILED_PRECONDITION,
  // naming the process that holds it, when another one does.
  static absl::StatusOr<std::unique_ptr<DataDirLock>> Acquire(
      const std::filesystem::path& directory);
  // Removes the endpoint file and lets go.
  ~DataDirLock();
  DataDirLock(const DataDirLock&) = delete;
  DataDirLock& operator=(const DataDirLock&) = delete;

  // Writes DIRECTORY/endpoint, from which local commands learn how to reach the holder: one line,
  // `grpc=HOST:PORT http=HOST:PORT`. Replaced as a whole: a reader never sees half of it.
  absl::Status PublishEndpoint(std::string_view line);

 private:
  DataDirLock(std::filesystem::path directory, int descriptor)
      : directory_(std::move(directory)), descriptor_(descriptor) {}

  const std::filesystem::path directory_;
  const int descriptor_;
};

}  // namespace assay::store
