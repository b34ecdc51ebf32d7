#include "server/api/otlp_json.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/type.pb.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver.h>
#include <google/protobuf/util/type_resolver_util.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.pb.h"
#include "server/base/json_depth.h"

namespace assay::api {
namespace {

// What protobuf's binary reader takes.
constexpr int kMaxDepth = 100;

// Ids are hex in OTLP's JSON. Protobuf's reader takes texts of bytes fields for base64: it refuses
// the whole request for one that is none, and gives other bytes for hex. A text has the same form
// on the wire, so the ids are described as texts to it and arrive as they were written.
class TextIdResolver : public google::protobuf::util::TypeResolver {
 public:
  TextIdResolver()
      : resolver_(google::protobuf::util::NewTypeResolverForDescriptorPool(
            "type.googleapis.com", google::protobuf::DescriptorPool::generated_pool())) {}

  google::protobuf::util::Status ResolveMessageType(const std::string& url,
                                                    google::protobuf::Type* type) override {
    google::protobuf::util::Status status = resolver_->ResolveMessageType(url, type);
    const std::string_view name = type->name();
    if (name == "opentelemetry.proto.trace.v1.Span" ||
        name == "opentelemetry.proto.trace.v1.Span.Link") {
      for (google::protobuf::Field& field : *type->mutable_fields()) {
        if (field.kind() == google::protobuf::Field::TYPE_BYTES) {
          field.set_kind(google::protobuf::Field::TYPE_STRING);
        }
      }
    }
    return status;
  }
  google::protobuf::util::Status ResolveEnumType(const std::string& url,
                                                 google::protobuf::Enum* type) override {
    return resolver_->ResolveEnumType(url, type);
  }

 private:
  const std::unique_ptr<google::protobuf::util::TypeResolver> resolver_;
};

}  // namespace

absl::StatusOr<std::string> OtlpJsonToBinary(std::string_view json) {
  namespace protobuf = google::protobuf;
  // Naming the message links its descriptor in.
  static const std::string type_url =
      "type.googleapis.com/" +
      opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest::descriptor()
          ->full_name();
  static TextIdResolver resolver;
  // Of many levels protobuf's reader would first draw a picture, for seconds.
  if (IsNestedDeeper(json, kMaxDepth)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the body is no OTLP JSON: more than %d levels deep", kMaxDepth));
  }
  protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  std::string binary;
  const protobuf::util::Status status = protobuf::util::JsonToBinaryString(
      &resolver, type_url, protobuf::StringPiece(json.data(), json.size()), &binary, options);
  if (!status.ok()) {
    // Below the first line there is a picture of the place.
    const std::string message(status.message());
    return absl::InvalidArgumentError(
        absl::StrFormat("the body is no OTLP JSON: %s", message.substr(0, message.find('\n'))));
  }
  return binary;
}

}  // namespace assay::api
