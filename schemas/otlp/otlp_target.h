#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace assay::otlp {

// Where spans go and how.
struct OtlpTarget {
  std::string address;  // HOST:PORT
  bool uses_tls = false;
  std::vector<std::pair<std::string, std::string>> headers;
};

// Reads OTEL_EXPORTER_OTLP_TRACES_ENDPOINT or OTEL_EXPORTER_OTLP_ENDPOINT (http://HOST:PORT or
// https://HOST:PORT, 4317 when there is no port) and ..._HEADERS (`KEY=VALUE,...`). Absent when
// there is no endpoint. INVALID_ARGUMENT names the variable that is wrong, also when
// OTEL_EXPORTER_OTLP_PROTOCOL asks for something else than `grpc`.
absl::StatusOr<std::optional<OtlpTarget>> OtlpTargetFromEnvironment();

// OTEL_SERVICE_NAME, or `fallback` when it is not set or empty.
std::string ServiceName(const char* fallback);

}  // namespace assay::otlp
