#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "server/api/auth.h"
#include "server/api/otlp_receiver.h"
#include "server/api/version_cache.h"

namespace assay::api {

// OTLP over HTTP without the HTTP: who may send, what the content type means, and which status an
// outcome has. Thread-safe.
class OtlpDoor {
 public:
  struct Request {
    std::optional<std::string_view> authorization;
    std::string_view content_type;
    std::string_view body;  // decompressed
  };
  struct Answer {
    int status = 200;
    std::string content_type;
    std::optional<int> retry_after_s;
    std::string body;
  };
  using Done = std::function<void(Answer)>;

  // All outlive the door, and the door its requests.
  OtlpDoor(store::Store& store, const Authenticator& authenticator, OtlpReceiver& receiver)
      : projects_(store), authenticator_(authenticator), receiver_(receiver) {}

  // Answers once the spans are durable; as OtlpReceiver::Receive.
  void Post(const Request& request, const Done& done);

  // Refuses a request whose spans cannot be looked at, and counts it.
  Answer Refuse(const absl::Status& status, std::string_view content_type);

  // Refuses a request whose body was not read: for good when it is too large, else for a moment.
  Answer RefuseBody(bool is_too_large, std::string_view content_type);

  // The answer to a request that failed, in the form that its content type asks for.
  static Answer Failure(const absl::Status& status, std::string_view content_type);

 private:
  absl::StatusOr<store::Id> ProjectOf(const Request& request);

  VersionCache projects_;
  const Authenticator& authenticator_;
  OtlpReceiver& receiver_;
};

}  // namespace assay::api
