#include "server/http/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <array>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace assay::http {
namespace {

constexpr int kGzipWindowBits = 15 + 16;  // the largest window; a gzip header

// Ends the stream with the scope.
struct Inflater {
  Inflater() { is_ready = inflateInit2(&stream, kGzipWindowBits) == Z_OK; }
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  z_stream stream{};
  bool is_ready = false;
};

// What the end of a gzip file says about the size of its content, modulo 2^32.
std::uint64_t AnnouncedSize(std::string_view bytes) {
  constexpr std::size_t kSizeBytes = 4;
  std::uint64_t size = 0;
  for (std::size_t i = 0; i < std::min(kSizeBytes, bytes.size()); ++i) {
    size = size << 8U | static_cast<std::uint8_t>(bytes[bytes.size() - 1 - i]);
  }
  return size;
}

}  // namespace

absl::StatusOr<std::string> Gunzip(std::string_view bytes, std::uint64_t max_bytes) {
  Inflater inflater;
  if (!inflater.is_ready) {
    return absl::InternalError("zlib did not start");
  }
  z_stream& stream = inflater.stream;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  const std::uint64_t announced_size = AnnouncedSize(bytes);
  // Grown by doubling, it would take twice as much while it is copied.
  std::string plain;
  plain.reserve(std::min(announced_size, max_bytes));
  std::array<char, 64 << 10> piece{};
  int result = Z_OK;
  while (result == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    result = inflate(&stream, Z_NO_FLUSH);
    const std::size_t size = piece.size() - stream.avail_out;
    if (plain.size() + size > max_bytes) {
      return absl::ResourceExhaustedError(
          absl::StrFormat("the body unpacks to more than %d bytes", max_bytes));
    }
    if (plain.size() + size > announced_size) {
      return absl::InvalidArgumentError("the body unpacks to more bytes than it says");
    }
    plain.append(piece.data(), size);
  }
  if (result != Z_STREAM_END || stream.avail_in != 0) {
    return absl::InvalidArgumentError("the body is not the one gzip stream that it is said to be");
  }
  return plain;
}

}  // namespace assay::http
