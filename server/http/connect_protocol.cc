#include "server/http/connect_protocol.h"

#include <array>
#include <charconv>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "server/http/json_text.h"
#include "server/http/rpc_status.h"

namespace assay::http::connect {
namespace {

constexpr std::size_t kEnvelopeHead = 5;
constexpr std::size_t kMaxTimeoutDigits = 10;

struct CodeEntry {
  std::string_view name;
  int http_status;
};

// By gRPC's number.
constexpr std::array<CodeEntry, 17> kCodes = {{{"", 200},
                                               {"canceled", 499},
                                               {"unknown", 500},
                                               {"invalid_argument", 400},
                                               {"deadline_exceeded", 504},
                                               {"not_found", 404},
                                               {"already_exists", 409},
                                               {"permission_denied", 403},
                                               {"resource_exhausted", 429},
                                               {"failed_precondition", 400},
                                               {"aborted", 409},
                                               {"out_of_range", 400},
                                               {"unimplemented", 501},
                                               {"internal", 500},
                                               {"unavailable", 503},
                                               {"data_loss", 500},
                                               {"unauthenticated", 401}}};

const CodeEntry& Entry(grpc::StatusCode code) {
  const auto number = static_cast<std::size_t>(code);
  return number < kCodes.size() ? kCodes[number] : kCodes[grpc::StatusCode::UNKNOWN];
}

constexpr std::pair<std::string_view, ContentType> kContentTypes[] = {
    {"application/json", {Codec::kJson, false}},
    {"application/proto", {Codec::kBinary, false}},
    {"application/connect+json", {Codec::kJson, true}},
    {"application/connect+proto", {Codec::kBinary, true}},
};

}  // namespace

std::optional<ContentType> ParseContentType(std::string_view text) {
  std::string name(text.substr(0, text.find(';')));
  absl::StripAsciiWhitespace(&name);
  absl::AsciiStrToLower(&name);
  for (const auto& [known, type] : kContentTypes) {
    if (name == known) {
      return type;
    }
  }
  return std::nullopt;
}

std::string_view FormatContentType(ContentType type) {
  for (const auto& [name, known] : kContentTypes) {
    if (known.codec == type.codec && known.is_stream == type.is_stream) {
      return name;
    }
  }
  return "";
}

grpc::Status InvalidArgument(const std::string& message) {
  return {grpc::StatusCode::INVALID_ARGUMENT, message};
}

absl::StatusOr<std::chrono::milliseconds> ParseTimeout(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0 ||
      text.size() > kMaxTimeoutDigits) {
    return absl::InvalidArgumentError("connect-timeout-ms: expected 1 to 10 digits");
  }
  return std::chrono::milliseconds(value);
}

std::string_view CodeName(grpc::StatusCode code) { return Entry(code).name; }

int HttpStatus(grpc::StatusCode code) { return Entry(code).http_status; }

std::string ErrorJson(const grpc::Status& status) {
  std::string json =
      absl::StrFormat("{\"code\":%s,\"message\":%s", JsonQuoted(CodeName(status.error_code())),
                      JsonQuoted(status.error_message()));
  std::string_view separator = ",\"details\":[";
  const std::vector<RpcStatusDetail> details = ParseRpcStatus(status.error_details());
  for (const RpcStatusDetail& detail : details) {
    json.append(separator);
    absl::StrAppendFormat(&json, "{\"type\":%s,\"value\":\"%s\"}", JsonQuoted(detail.type),
                          Base64(detail.value));
    separator = ",";
  }
  json.append(details.empty() ? "}" : "]}");
  return json;
}

std::string Envelope(std::uint8_t flags, std::string_view bytes) {
  std::string envelope;
  envelope.reserve(kEnvelopeHead + bytes.size());
  envelope.push_back(static_cast<char>(flags));
  for (const int shift : {24, 16, 8, 0}) {
    envelope.push_back(static_cast<char>(bytes.size() >> shift));
  }
  envelope.append(bytes);
  return envelope;
}

absl::StatusOr<std::string_view> OpenEnvelope(std::string_view body) {
  if (body.size() < kEnvelopeHead) {
    return absl::InvalidArgumentError("expected one message in an envelope");
  }
  std::uint64_t size = 0;
  for (std::size_t i = 1; i < kEnvelopeHead; ++i) {
    size = size << 8 | static_cast<unsigned char>(body[i]);
  }
  if (body[0] != 0 || size != body.size() - kEnvelopeHead) {
    return absl::InvalidArgumentError(
        body[0] != 0 ? "expected an envelope without flags"
                     : "expected exactly one message in an envelope of its length");
  }
  return body.substr(kEnvelopeHead);
}

std::string Base64(std::string_view bytes) {
  std::string text = absl::Base64Escape({bytes.data(), bytes.size()});
  while (!text.empty() && text.back() == '=') {
    text.pop_back();
  }
  return text;
}

}  // namespace assay::http::connect
