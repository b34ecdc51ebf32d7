#include "server/api/otlp_door.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "google/rpc/status.pb.h"
#include "server/api/retry_status.h"
#include "server/base/status_macros.h"

namespace assay::api {
namespace {

constexpr std::string_view kMethod = "opentelemetry.proto.collector.trace.v1.TraceService/Export";
constexpr char kProtobufType[] = "application/x-protobuf";
constexpr char kJsonType[] = "application/json";
constexpr std::string_view kDefaultProjectName = "default";

// Absent when the type is neither of the two.
std::optional<OtlpEncoding> EncodingOf(std::string_view content_type) {
  const std::string_view type = content_type.substr(0, content_type.find(';'));
  const std::string name = absl::AsciiStrToLower(
      absl::StripAsciiWhitespace(absl::string_view(type.data(), type.size())));
  if (name == kProtobufType) {
    return OtlpEncoding::kProtobuf;
  }
  if (name == kJsonType) {
    return OtlpEncoding::kJson;
  }
  return std::nullopt;
}

const char* TypeOf(OtlpEncoding encoding) {
  return encoding == OtlpEncoding::kJson ? kJsonType : kProtobufType;
}

// OTLP's own table: exporters try 429, 502, 503 and 504 again, and nothing else.
int HttpStatus(const absl::Status& status) {
  if (RetryDelay(status).has_value()) {
    return absl::IsResourceExhausted(status) ? 429 : 503;
  }
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return 400;
    case absl::StatusCode::kUnauthenticated:
      return 401;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kResourceExhausted:
      return 413;
    case absl::StatusCode::kUnavailable:
      return 503;
    default:
      return 500;
  }
}

}  // namespace

OtlpDoor::Answer OtlpDoor::Failure(const absl::Status& status, std::string_view content_type) {
  const OtlpEncoding encoding = EncodingOf(content_type).value_or(OtlpEncoding::kJson);
  const google::rpc::Status message = ToRpcStatus(status);
  Answer answer;
  answer.status = HttpStatus(status);
  answer.content_type = TypeOf(encoding);
  if (const auto delay = RetryDelay(status)) {
    answer.retry_after_s = static_cast<int>(std::max<std::int64_t>(
        1, std::chrono::duration_cast<std::chrono::seconds>(*delay).count()));
  }
  if (encoding == OtlpEncoding::kProtobuf) {
    answer.body = message.SerializeAsString();
  } else {
    // Writing a message of generated code to a string cannot fail.
    (void)google::protobuf::util::MessageToJsonString(message, &answer.body);
  }
  return answer;
}

OtlpDoor::Answer OtlpDoor::Refuse(const absl::Status& status, std::string_view content_type) {
  receiver_.CountRefused();
  return Failure(status, content_type);
}

OtlpDoor::Answer OtlpDoor::RefuseBody(bool is_too_large, std::string_view content_type) {
  constexpr std::chrono::seconds kRetryWhenBusy{1};
  return Refuse(
      is_too_large
          ? absl::ResourceExhaustedError(
                absl::StrFormat("the body has more than %d bytes", OtlpReceiver::kMaxRequestBytes))
          : WithRetry(absl::UnavailableError("too many large requests; try again"), kRetryWhenBusy),
      content_type);
}

absl::StatusOr<store::Id> OtlpDoor::ProjectOf(const Request& request) {
  ASSAY_ASSIGN_OR_RETURN(const Caller caller, authenticator_.Authenticate(request.authorization));
  ASSAY_RETURN_IF_ERROR(Authorize(caller, kMethod));
  return projects_.ProjectId(caller.project == kAllProjects ? kDefaultProjectName
                                                            : std::string_view(caller.project));
}

void OtlpDoor::Post(const Request& request, const Done& done) {
  const absl::StatusOr<store::Id> project = ProjectOf(request);
  if (!project.ok()) {
    done(Refuse(project.status(), request.content_type));
    return;
  }
  const std::optional<OtlpEncoding> encoding = EncodingOf(request.content_type);
  if (!encoding.has_value()) {
    Answer answer = Refuse(absl::InvalidArgumentError(absl::StrFormat(
                               "content-type: expected %s or %s", kProtobufType, kJsonType)),
                           kJsonType);
    answer.status = 415;
    done(std::move(answer));
    return;
  }
  receiver_.Receive(*project, request.body, *encoding,
                    [done, encoding = *encoding](const absl::StatusOr<OtlpResult>& result) {
                      if (!result.ok()) {
                        done(Failure(result.status(), TypeOf(encoding)));
                        return;
                      }
                      done({.status = 200,
                            .content_type = TypeOf(encoding),
                            .retry_after_s = std::nullopt,
                            .body = ExportResponse(*result, encoding)});
                    });
}

}  // namespace assay::api
