#include "schemas/otlp/otlp_target.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace assay::otlp {
namespace {

constexpr std::string_view kDefaultPort = ":4317";

std::string Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// The first variable that is set, with its value.
std::pair<std::string, std::string> FirstVariable(const char* special, const char* general) {
  std::string value = Variable(special);
  if (!value.empty()) {
    return {special, std::move(value)};
  }
  return {general, Variable(general)};
}

// The value of a hex digit; -1 for anything else.
int HexValue(char c) {
  const auto digit = static_cast<unsigned char>(c);
  if (!absl::ascii_isxdigit(digit)) {
    return -1;
  }
  return absl::ascii_isdigit(digit) ? c - '0' : absl::ascii_tolower(digit) - 'a' + 10;
}

// `a%2Cb` as "a,b": what the format itself uses is percent-encoded, as in W3C Baggage. Absent when
// a
// `%` is not followed by two hex digits.
std::optional<std::string> PercentDecoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? HexValue(text[i + 1]) : -1;
    const int low = high >= 0 ? HexValue(text[i + 2]) : -1;
    if (low < 0) {
      return std::nullopt;
    }
    decoded += static_cast<char>(16 * high + low);
    i += 2;
  }
  return decoded;
}

}  // namespace

absl::StatusOr<std::optional<OtlpTarget>> OtlpTargetFromEnvironment() {
  const auto [name, url] =
      FirstVariable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT");
  if (url.empty()) {
    return std::nullopt;
  }
  const auto [protocol_name, protocol] =
      FirstVariable("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL");
  if (!protocol.empty() && protocol != "grpc") {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: only grpc is spoken: '%s'", protocol_name, protocol));
  }
  OtlpTarget target;
  std::string_view rest = url;
  for (const auto& [scheme, uses_tls] : {std::pair{std::string_view("http://"), false},
                                         std::pair{std::string_view("https://"), true}}) {
    if (rest.starts_with(scheme)) {
      target.uses_tls = uses_tls;
      target.address = std::string(rest.substr(scheme.size()));
    }
  }
  while (target.address.ends_with('/')) {
    target.address.pop_back();
  }
  if (target.address.empty() || target.address.find('/') != std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: expected http://HOST:PORT or https://HOST:PORT: '%s'", name, url));
  }
  const std::size_t bracket = target.address.rfind(']');
  if (target.address.find(':', bracket == std::string::npos ? 0 : bracket) == std::string::npos) {
    target.address += kDefaultPort;
  }
  const auto [headers_name, headers] =
      FirstVariable("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS");
  for (const absl::string_view part : absl::StrSplit(headers, ',', absl::SkipWhitespace())) {
    const std::pair<std::string, std::string> header =
        absl::StrSplit(absl::StripAsciiWhitespace(part), absl::MaxSplits('=', 1));
    const bool is_name =
        !header.first.empty() && std::all_of(header.first.begin(), header.first.end(), [](char c) {
          return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' ||
                 c == '.';
        });
    std::optional<std::string> value = PercentDecoded(header.second);
    const bool is_value =
        value.has_value() &&
        std::all_of(value->begin(), value->end(), [](char c) { return c >= 0x20 && c < 0x7F; });
    if (!is_name || !is_value) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "%s: expected KEY=VALUE,... in printable ASCII, with %%2C for a comma and %%25 for a "
          "percent sign",
          headers_name));
    }
    target.headers.emplace_back(absl::AsciiStrToLower(header.first), *std::move(value));
  }
  return target;
}

std::string ServiceName(const char* fallback) {
  std::string name = Variable("OTEL_SERVICE_NAME");
  return name.empty() ? fallback : name;
}

}  // namespace assay::otlp
