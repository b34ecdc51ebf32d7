#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>

#include <memory>
#include <string>
#include <string_view>

#include "opentelemetry/proto/collector/trace/v1/trace_service.grpc.pb.h"
#include "server/api/otlp_receiver.h"
#include "server/api/services.h"
#include "server/base/status_macros.h"

namespace assay::api {
namespace {

namespace otlp = opentelemetry::proto::collector::trace::v1;

// Spans belong to the project of the caller's token, or to the default one.
constexpr std::string_view kDefaultProjectName = "default";

class OtlpService
    : public otlp::TraceService::WithRawCallbackMethod_Export<otlp::TraceService::Service> {
 public:
  explicit OtlpService(const ServiceContext& context)
      : dispatcher_(context.dispatcher), receiver_(context.otlp_receiver) {}

  grpc::ServerUnaryReactor* Export(grpc::CallbackServerContext* context,
                                   const grpc::ByteBuffer* request,
                                   grpc::ByteBuffer* response) override {
    return dispatcher_.RunAsync(context,
                                "opentelemetry.proto.collector.trace.v1.TraceService/Export",
                                Lane::kSlow, {}, [=, this](Call& call, const Answer& answer) {
                                  Receive(call, *request, *response, answer);
                                });
  }

 private:
  void Receive(const Call& call, const grpc::ByteBuffer& request, grpc::ByteBuffer& response,
               const Answer& answer) {
    const absl::StatusOr<store::Id> project = call.ProjectId(
        call.caller().project == kAllProjects ? kDefaultProjectName : call.caller().project);
    if (!project.ok()) {
      answer.Send(project.status());
      return;
    }
    grpc::Slice slice;
    if (!request.TrySingleSlice(&slice).ok() && !request.DumpToSingleSlice(&slice).ok()) {
      answer.Send(absl::InvalidArgumentError("the request cannot be read"));
      return;
    }
    receiver_.Receive(*project, {reinterpret_cast<const char*>(slice.begin()), slice.size()},
                      OtlpEncoding::kProtobuf,
                      [answer, &response](const absl::StatusOr<OtlpResult>& result) {
                        answer.Send(result.status(), [&] {
                          grpc::Slice bytes(ExportResponse(*result, OtlpEncoding::kProtobuf));
                          response = grpc::ByteBuffer(&bytes, 1);
                        });
                      });
  }

  Dispatcher& dispatcher_;
  OtlpReceiver& receiver_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeOtlpService(const ServiceContext& context) {
  return std::make_unique<OtlpService>(context);
}

}  // namespace assay::api
