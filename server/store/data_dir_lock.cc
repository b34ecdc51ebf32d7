#include "server/store/data_dir_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <system_error>

#include "absl/strings/str_format.h"

namespace assay::store {
namespace {

namespace fs = std::filesystem;

absl::Status Failure(std::string_view doing, const fs::path& path, int error) {
  return absl::FailedPreconditionError(absl::StrFormat("cannot %s '%s': %s", doing, path.string(),
                                                       std::generic_category().message(error)));
}

// The process id in the file; "unknown" when there is none yet.
std::string ReadHolder(int descriptor) {
  char text[24];
  const ssize_t size = pread(descriptor, text, sizeof(text), 0);
  std::string holder(text, size > 0 ? static_cast<std::size_t>(size) : 0);
  holder.resize(std::min(holder.size(), holder.find_first_not_of("0123456789")));
  return holder.empty() ? "unknown" : holder;
}

bool WriteAll(int descriptor, std::string_view text) {
  return pwrite(descriptor, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
}

}  // namespace

absl::StatusOr<std::unique_ptr<DataDirLock>> DataDirLock::Acquire(const fs::path& directory) {
  std::error_code error;
  if (fs::create_directories(directory, error)) {
    fs::permissions(directory, fs::perms::owner_all, error);
  }
  if (error) {
    return Failure("create", directory, error.value());
  }
  const fs::path path = directory / "lock";
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (descriptor < 0) {
    return Failure("open", path, errno);
  }
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    const int lock_error = errno;
    const std::string holder = ReadHolder(descriptor);
    close(descriptor);
    if (lock_error != EWOULDBLOCK) {
      return Failure("lock", path, lock_error);
    }
    return absl::FailedPreconditionError(
        absl::StrFormat("data directory '%s' is in use by another assay-server, process %s",
                        directory.string(), holder));
  }
  if (ftruncate(descriptor, 0) != 0 || !WriteAll(descriptor, absl::StrFormat("%d\n", getpid()))) {
    const int write_error = errno;
    close(descriptor);
    return Failure("write", path, write_error);
  }
  // Left by a holder that was killed.
  fs::remove(directory / "endpoint", error);
  return std::unique_ptr<DataDirLock>(new DataDirLock(directory, descriptor));
}

DataDirLock::~DataDirLock() {
  std::error_code error;
  fs::remove(directory_ / "endpoint", error);
  close(descriptor_);
}

absl::Status DataDirLock::PublishEndpoint(std::string_view line) {
  const fs::path path = directory_ / "endpoint";
  const fs::path partial = directory_ / "endpoint.new";
  const int descriptor =
      open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (descriptor < 0) {
    return Failure("open", partial, errno);
  }
  const bool is_written = WriteAll(descriptor, absl::StrFormat("%s\n", line));
  const int write_error = errno;
  close(descriptor);
  if (!is_written) {
    return Failure("write", partial, write_error);
  }
  std::error_code error;
  fs::rename(partial, path, error);
  return error ? Failure("rename", partial, error.value()) : absl::OkStatus();
}

}  // namespace assay::store
