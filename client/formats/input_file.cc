#include "client/formats/input_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "client/formats/input_error.h"

namespace assay::formats {
namespace {

constexpr std::size_t kReadBytes = std::size_t{1} << 20;

// Bytes from malloc that grow, always with zeroed padding behind them.
class Buffer {
 public:
  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { std::free(data_); }

  std::size_t size() const { return size_; }
  // Room for at least `count` more bytes, which Added then counts; nullptr when memory is out.
  char* Room(std::size_t count) {
    if (capacity_ - size_ < count) {
      const std::size_t wanted = std::max(size_ + count, capacity_ + capacity_ / 2);
      char* const grown = static_cast<char*>(std::realloc(data_, wanted + InputFile::kPadding));
      if (grown == nullptr) {
        return nullptr;
      }
      data_ = grown;
      capacity_ = wanted;
    }
    return data_ + size_;
  }
  void Added(std::size_t count) { size_ += count; }
  char* Release() {
    if (Room(0) == nullptr && Room(1) == nullptr) {
      return nullptr;
    }
    std::memset(data_ + size_, 0, InputFile::kPadding);
    return std::exchange(data_, nullptr);
  }

 private:
  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd, bool is_owned) : fd_(fd), is_owned_(is_owned) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (is_owned_ && fd_ >= 0) {
      close(fd_);
    }
  }
  int get() const { return fd_; }

 private:
  const int fd_;
  const bool is_owned_;
};

absl::Status SystemError(std::string_view name, std::string_view what, int error) {
  return LineError({.file = name}, absl::StrFormat("%s: %s", what, std::strerror(error)));
}

absl::Status TooLong(std::string_view name, std::size_t max_bytes) {
  return LineError({.file = name},
                   absl::StrFormat("longer than %d bytes, the most that is taken", max_bytes));
}

absl::Status OutOfMemory(std::string_view name) {
  return LineError({.file = name}, "does not fit in memory");
}

absl::Status ReadAll(int fd, std::string_view name, std::size_t max_bytes, Buffer& buffer) {
  for (;;) {
    char* const room = buffer.Room(kReadBytes);
    if (room == nullptr) {
      return OutOfMemory(name);
    }
    const ssize_t count = read(fd, room, kReadBytes);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return SystemError(name, "cannot be read", errno);
    }
    if (count == 0) {
      return absl::OkStatus();
    }
    buffer.Added(static_cast<std::size_t>(count));
    if (buffer.size() > max_bytes) {
      return TooLong(name, max_bytes);
    }
  }
}

bool IsGzip(std::string_view bytes) {
  return bytes.size() >= 2 && bytes[0] == '\x1f' && bytes[1] == '\x8b';
}

// Ends zlib's state on every way out.
struct Inflater {
  z_stream stream{};
  bool is_open = false;
  ~Inflater() {
    if (is_open) {
      inflateEnd(&stream);
    }
  }
};

// Unpacks all members; zeros behind the last are padding.
absl::Status Gunzip(std::string_view packed, std::string_view name, std::size_t max_bytes,
                    Buffer& buffer) {
  constexpr int kGzipWindow = 15 + 16;
  Inflater inflater;
  z_stream& stream = inflater.stream;
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) {
    return OutOfMemory(name);
  }
  inflater.is_open = true;
  std::size_t begin = 0;
  for (;;) {
    if (stream.avail_in == 0 && begin < packed.size()) {
      const std::size_t count = std::min(packed.size() - begin, std::size_t{1} << 30);
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data() + begin));
      stream.avail_in = static_cast<uInt>(count);
      begin += count;
    }
    char* const room = buffer.Room(kReadBytes);
    if (room == nullptr) {
      return OutOfMemory(name);
    }
    stream.next_out = reinterpret_cast<Bytef*>(room);
    stream.avail_out = kReadBytes;
    const int result = inflate(&stream, Z_NO_FLUSH);
    buffer.Added(kReadBytes - stream.avail_out);
    if (buffer.size() > max_bytes) {
      return TooLong(name, max_bytes);
    }
    if (result == Z_STREAM_END) {
      const std::string_view rest = packed.substr(begin - stream.avail_in);
      if (rest.find_first_not_of('\0') == std::string_view::npos) {
        return absl::OkStatus();
      }
      if (!IsGzip(rest)) {
        return LineError({.file = name}, "broken gzip: other bytes behind the end");
      }
      inflateReset(&stream);
    } else if (result == Z_BUF_ERROR && stream.avail_in == 0 && begin == packed.size()) {
      return LineError({.file = name}, "broken gzip: the file is truncated");
    } else if (result != Z_OK) {
      return LineError(
          {.file = name},
          absl::StrFormat("broken gzip: %s", stream.msg != nullptr ? stream.msg : "unknown error"));
    }
  }
}

}  // namespace

absl::StatusOr<InputFile> InputFile::Open(const std::string& path, std::size_t max_read_bytes) {
  const bool is_standard_input = path == "-";
  InputFile file;
  file.name_ = is_standard_input ? "standard input" : path;
  const FileDescriptor fd(
      is_standard_input ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC),
      !is_standard_input);
  if (fd.get() < 0) {
    return SystemError(path, "cannot be opened", errno);
  }
  struct stat status = {};
  if (fstat(fd.get(), &status) != 0) {
    return SystemError(file.name_, "cannot be read", errno);
  }
  if (S_ISDIR(status.st_mode)) {
    return LineError({.file = file.name_}, "is a directory");
  }
  const bool can_map =
      S_ISREG(status.st_mode) && status.st_size > 0 && lseek(fd.get(), 0, SEEK_CUR) == 0;
  if (can_map) {
    // The file goes over the front of a larger zeroed mapping, whose rest is the padding.
    const auto size = static_cast<std::size_t>(status.st_size);
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t mapping_size = (size + kPadding + page - 1) / page * page;
    void* const mapping =
        mmap(nullptr, mapping_size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED) {
      return OutOfMemory(file.name_);
    }
    file.mapping_ = mapping;
    file.mapping_size_ = mapping_size;
    if (mmap(mapping, size, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd.get(), 0) == MAP_FAILED) {
      return SystemError(file.name_, "cannot be read", errno);
    }
    madvise(mapping, size, MADV_SEQUENTIAL);
    file.data_ = static_cast<const char*>(mapping);
    file.size_ = size;
    if (!IsGzip(file.bytes())) {
      return file;
    }
  }
  Buffer buffer;
  if (!can_map) {
    if (absl::Status status_read = ReadAll(fd.get(), file.name_, max_read_bytes, buffer);
        !status_read.ok()) {
      return status_read;
    }
    file.size_ = buffer.size();
    file.heap_ = buffer.Release();
    file.data_ = file.heap_;
    if (file.heap_ == nullptr) {
      return OutOfMemory(file.name_);
    }
    if (!IsGzip(file.bytes())) {
      return file;
    }
  }
  Buffer unpacked;
  if (absl::Status status_gzip = Gunzip(file.bytes(), file.name_, max_read_bytes, unpacked);
      !status_gzip.ok()) {
    return status_gzip;
  }
  InputFile result;
  result.name_ = file.name_;
  result.size_ = unpacked.size();
  result.heap_ = unpacked.Release();
  result.data_ = result.heap_;
  return result;
}

absl::StatusOr<InputFile> InputFile::FromBytes(std::string name, std::string bytes,
                                               std::size_t max_read_bytes) {
  InputFile file;
  file.name_ = std::move(name);
  Buffer buffer;
  if (IsGzip(bytes)) {
    if (absl::Status status = Gunzip(bytes, file.name_, max_read_bytes, buffer); !status.ok()) {
      return status;
    }
  } else {
    char* const room = buffer.Room(bytes.size() + 1);
    if (room == nullptr) {
      return OutOfMemory(file.name_);
    }
    std::copy(bytes.begin(), bytes.end(), room);
    buffer.Added(bytes.size());
  }
  file.size_ = buffer.size();
  file.heap_ = buffer.Release();
  file.data_ = file.heap_;
  return file;
}

InputFile::InputFile(InputFile&& other) noexcept
    : name_(std::move(other.name_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      mapping_(std::exchange(other.mapping_, nullptr)),
      mapping_size_(std::exchange(other.mapping_size_, 0)),
      heap_(std::exchange(other.heap_, nullptr)) {}

InputFile& InputFile::operator=(InputFile&& other) noexcept {
  InputFile old(std::move(*this));
  name_ = std::move(other.name_);
  data_ = std::exchange(other.data_, nullptr);
  size_ = std::exchange(other.size_, 0);
  mapping_ = std::exchange(other.mapping_, nullptr);
  mapping_size_ = std::exchange(other.mapping_size_, 0);
  heap_ = std::exchange(other.heap_, nullptr);
  return *this;
}

InputFile::~InputFile() {
  if (mapping_ != nullptr) {
    munmap(mapping_, mapping_size_);
  }
  std::free(heap_);
}

}  // namespace assay::formats
