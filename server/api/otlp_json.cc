#include "server/api/otlp_json.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver.h>
#include <google/protobuf/util/type_resolver_util.h>

#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.pb.h"
#include "server/base/json_depth.h"

namespace assay::api {
namespace {

// What protobuf's binary reader takes.
constexpr int kMaxDepth = 100;

}  // namespace

absl::StatusOr<std::string> OtlpJsonToBinary(std::string_view json) {
  namespace protobuf = google::protobuf;
  // Naming the message links its descriptor in.
  static const std::string type_url =
      "type.googleapis.com/" +
      opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest::descriptor()
          ->full_name();
  static const std::unique_ptr<protobuf::util::TypeResolver> resolver(
      protobuf::util::NewTypeResolverForDescriptorPool("type.googleapis.com",
                                                       protobuf::DescriptorPool::generated_pool()));
  // Of many levels protobuf's reader would first draw a picture, for seconds.
  if (IsNestedDeeper(json, kMaxDepth)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the body is no OTLP JSON: more than %d levels deep", kMaxDepth));
  }
  protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  std::string binary;
  const protobuf::util::Status status = protobuf::util::JsonToBinaryString(
      resolver.get(), type_url, protobuf::StringPiece(json.data(), json.size()), &binary, options);
  if (!status.ok()) {
    // Below the first line there is a picture of the place.
    const std::string message(status.message());
    return absl::InvalidArgumentError(
        absl::StrFormat("the body is no OTLP JSON: %s", message.substr(0, message.find('\n'))));
  }
  return binary;
}

}  // namespace assay::api
