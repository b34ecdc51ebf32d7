#pragma once

#include <grpcpp/support/status.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/http/exchange.h"

// The Connect protocol (connectrpc.com/docs/protocol) apart from any transport.
namespace assay::http::connect {

enum class Codec : std::uint8_t { kJson, kBinary };

// Content type of a request, and of the answer to it.
struct ContentType {
  Codec codec = Codec::kJson;
  bool is_stream = false;
};

// `application/json`, `application/proto`, `application/connect+json`, `application/connect+proto`,
// parameters ignored. Absent for all others.
std::optional<ContentType> ParseContentType(std::string_view text);
std::string_view FormatContentType(ContentType type);

// A status of this code.
grpc::Status InvalidArgument(const std::string& message);

// `connect-timeout-ms`: 1 to 10 digits. INVALID_ARGUMENT otherwise.
absl::StatusOr<std::chrono::milliseconds> ParseTimeout(std::string_view text);

// Name of a code, such as `not_found`, and the HTTP status that goes with it.
std::string_view CodeName(grpc::StatusCode code);
int HttpStatus(grpc::StatusCode code);

// `{"code": ..., "message": ..., "details": [...]}`; details come from a serialised
// google.rpc.Status in `status.error_details()`.
std::string ErrorJson(const grpc::Status& status);

// A message of a stream: one byte of flags, four of length (big endian), then its bytes.
inline constexpr std::uint8_t kCompressed = 0x01;
inline constexpr std::uint8_t kEndOfStream = 0x02;
std::string Envelope(std::uint8_t flags, std::string_view bytes);
// The one message of a request stream. INVALID_ARGUMENT when there is not exactly one.
absl::StatusOr<std::string_view> OpenEnvelope(std::string_view body);

// Base64 with the standard alphabet and no padding.
std::string Base64(std::string_view bytes);

}  // namespace assay::http::connect
