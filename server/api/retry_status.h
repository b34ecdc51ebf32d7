#pragma once

#include <chrono>
#include <optional>

#include "absl/status/status.h"

namespace google::rpc {
class Status;
}

namespace assay::api {

// `status` with the advice that the same call may be made again after `delay`. It travels with the
// status as google.rpc.RetryInfo; OpenTelemetry exporters try RESOURCE_EXHAUSTED again only with
// it.
absl::Status WithRetry(absl::Status status, std::chrono::milliseconds delay);

// The advice that `status` carries; absent: none.
std::optional<std::chrono::milliseconds> RetryDelay(const absl::Status& status);

// `status` with its details, as `grpc-status-details-bin` and HTTP bodies of OTLP carry it.
google::rpc::Status ToRpcStatus(const absl::Status& status);

}  // namespace assay::api
