#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "schemas/otlp/otlp_target.h"

namespace grpc::experimental {
class ClientInterceptorFactoryInterface;
}

namespace assay::client {

// The spans of one command, for an OpenTelemetry collector: one of the command itself, from
// construction to Finish, and one below it for every attempt at a call. The server's spans join
// them, because calls carry a `traceparent`. Nothing here blocks or fails the command.
// Thread-safe.
class CommandTrace {
 public:
  // `name` is that of the command, "assay diff".
  CommandTrace(const otlp::OtlpTarget& target, std::string_view name);
  // Without Finish the command's own span is lost.
  ~CommandTrace();
  CommandTrace(const CommandTrace&) = delete;
  CommandTrace& operator=(const CommandTrace&) = delete;

  // Makes the spans of a channel's calls. The trace outlives the calls.
  std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface> MakeInterceptors();

  // Ends the command's span and sends what is left, for a second at most. An error says that not
  // every span arrived, and why. No call may be under way; nothing may follow.
  absl::Status Finish(int exit_code, const absl::Status& status);

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace assay::client
