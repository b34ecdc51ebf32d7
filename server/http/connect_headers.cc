#include "server/http/connect_headers.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"

namespace assay::http::connect {
namespace {

constexpr std::string_view kForwarded[] = {"authorization", "traceparent", "tracestate"};

bool IsPrintable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
}

bool IsMetadataKey(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  });
}

}  // namespace

grpc::Status ReadHeader(const Request& request, ContentType type, RequestHeader& header) {
  header.type = type;
  if (request.Header("connect-protocol-version").value_or("1") != "1") {
    return InvalidArgument("connect-protocol-version: there is only 1");
  }
  const std::string_view encoding =
      request.Header(type.is_stream ? "connect-content-encoding" : "content-encoding")
          .value_or("identity");
  header.is_gzip = encoding == "gzip" && !type.is_stream;
  if (encoding != "identity" && !header.is_gzip) {
    return {grpc::StatusCode::UNIMPLEMENTED, "this encoding of the body is not supported"};
  }
  if (const auto timeout = request.Header("connect-timeout-ms")) {
    const absl::StatusOr<std::chrono::milliseconds> parsed = ParseTimeout(*timeout);
    if (!parsed.ok()) {
      return InvalidArgument(std::string(parsed.status().message()));
    }
    if (parsed->count() == 0) {  // gRPC's timers are too coarse to notice
      return {grpc::StatusCode::DEADLINE_EXCEEDED, "connect-timeout-ms: no time at all"};
    }
    header.deadline = std::chrono::system_clock::now() + *parsed;
  }
  for (const std::string_view name : kForwarded) {
    const std::optional<std::string_view> value = request.Header(name);
    if (!value.has_value()) {
      continue;
    }
    if (request.CountHeader(name) > 1 || !IsPrintable(*value)) {
      return InvalidArgument(
          absl::StrFormat("header %s: expected once, of printable ASCII characters", name));
    }
    header.metadata.emplace_back(name, *value);
  }
  return grpc::Status::OK;
}

void AppendMetadata(const std::multimap<grpc::string_ref, grpc::string_ref>& metadata,
                    std::string_view prefix, Headers& headers) {
  for (const auto& [key_ref, value_ref] : metadata) {
    const std::string key(key_ref.data(), key_ref.size());
    std::string value(value_ref.data(), value_ref.size());
    if (absl::StartsWith(key, "grpc-") || !IsMetadataKey(key)) {
      continue;
    }
    if (absl::EndsWith(key, "-bin")) {
      value = Base64(value);
    }
    if (IsPrintable(value)) {
      headers.emplace_back(absl::StrFormat("%s%s", prefix, key), std::move(value));
    }
  }
}

}  // namespace assay::http::connect
