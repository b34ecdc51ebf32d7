#include "server/trace/reserve_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <limits>
#include <system_error>
#include <utility>

namespace assay::trace {
namespace {

bool IsNoRoom(int error) { return error == ENOSPC || error == EDQUOT || error == EFBIG; }

}  // namespace

ReserveFile::ReserveFile(std::filesystem::path path, std::int64_t size_bytes)
    : path_(std::move(path)), size_bytes_(size_bytes) {}

bool ReserveFile::Take() const {
  if (path_.empty() || IsTaken()) {
    return true;
  }
  const int file = open(path_.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0) {
    return !IsNoRoom(errno);
  }
  const int error = posix_fallocate(file, 0, size_bytes_);
  close(file);
  if (error != 0) {
    GiveUp();
  }
  return !IsNoRoom(error);
}

bool ReserveFile::TakeBesideRoom() const {
  const std::int64_t room_bytes = IsTaken() ? size_bytes_ : 2 * size_bytes_;
  return FreeBytes() >= room_bytes && Take();
}

void ReserveFile::GiveUp() const {
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

std::int64_t ReserveFile::FreeBytes() const {
  std::error_code error;
  const std::filesystem::path folder = path_.has_parent_path() ? path_.parent_path() : ".";
  const std::filesystem::space_info space = std::filesystem::space(folder, error);
  return error ? std::numeric_limits<std::int64_t>::max() / 2
               : static_cast<std::int64_t>(space.available);
}

bool ReserveFile::IsTaken() const {
  std::error_code error;
  return std::filesystem::file_size(path_, error) == static_cast<std::uintmax_t>(size_bytes_);
}

}  // namespace assay::trace
