#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace assay::formats {

// The whole content of a file, in memory: mapped where it is a plain file, read where it is a pipe,
// unpacked where it is gzip (known by its first bytes). Immutable, so thread-safe; movable.
class InputFile {
 public:
  // Zero bytes that may be read behind the content.
  static constexpr std::size_t kPadding = 64;
  // Most that is taken from a pipe or out of gzip.
  static constexpr std::size_t kMaxReadBytes = std::size_t{16} << 30;

  // `path` may be `-`, standard input. INVALID_ARGUMENT, naming the file, when it cannot be opened
  // or read, is a directory, is broken gzip or has more than `max_read_bytes`. A mapped file must
  // not be truncated by others while it is in use.
  static absl::StatusOr<InputFile> Open(const std::string& path,
                                        std::size_t max_read_bytes = kMaxReadBytes);
  // Content that is in memory already (gzip included), under the name that errors give it.
  static absl::StatusOr<InputFile> FromBytes(std::string name, std::string bytes,
                                             std::size_t max_read_bytes = kMaxReadBytes);

  InputFile(InputFile&& other) noexcept;
  InputFile& operator=(InputFile&& other) noexcept;
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  ~InputFile();

  // As given; `standard input` for `-`.
  const std::string& name() const { return name_; }
  // Valid as long as the InputFile, also when that is moved. kPadding bytes behind are readable.
  std::string_view bytes() const { return {data_, size_}; }

 private:
  InputFile() = default;

  std::string name_;
  const char* data_ = nullptr;
  std::size_t size_ = 0;
  void* mapping_ = nullptr;  // owned, of mapping_size_ bytes; nullptr when heap_ holds the content
  std::size_t mapping_size_ = 0;
  char* heap_ = nullptr;  // owned, from malloc
};

}  // namespace assay::formats
