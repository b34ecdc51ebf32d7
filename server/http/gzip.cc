#include "server/http/gzip.h"

#include <zlib.h>

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

}  // namespace

absl::StatusOr<std::string> Gunzip(std::string_view bytes, std::uint64_t max_bytes) {
  Inflater inflater;
  if (!inflater.is_ready) {
    return absl::InternalError("zlib did not start");
  }
  z_stream& stream = inflater.stream;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string plain;
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
    plain.append(piece.data(), size);
  }
  if (result != Z_STREAM_END || stream.avail_in != 0) {
    return absl::InvalidArgumentError("the body is not the one gzip stream that it is said to be");
  }
  return plain;
}

}  // namespace assay::http
