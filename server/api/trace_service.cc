#include <grpcpp/server_context.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "assay/v1/trace_service.grpc.pb.h"
#include "server/api/convert.h"
#include "server/api/page_token.h"
#include "server/api/resource_names.h"
#include "server/api/services.h"
#include "server/base/status_macros.h"
#include "server/trace/waterfall.h"

namespace assay::api {
namespace {

// `runs/12` or `comparisons/13` behind a name in the project; empty for an empty name.
absl::StatusOr<std::string> StoredResource(std::string_view project, const std::string& name) {
  if (name.empty()) {
    return "";
  }
  for (const std::string_view collection : {"runs", "comparisons"}) {
    const absl::StatusOr<NumberedName> parsed = ParseNumberedName("resource", collection, name);
    if (parsed.ok() && parsed->project == project) {
      return absl::StrFormat("%s/%d", collection, parsed->id);
    }
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "resource: expected projects/%s/runs/{run} or projects/%s/comparisons/{comparison}: '%s'",
      project, project, Quoted(name)));
}

class TraceService : public v1::TraceService::CallbackService {
 public:
  explicit TraceService(const ServiceContext& context)
      : dispatcher_(context.dispatcher), store_(context.store), tracer_(context.tracer) {}

  grpc::ServerUnaryReactor* ListTraces(grpc::CallbackServerContext* context,
                                       const v1::ListTracesRequest* request,
                                       v1::ListTracesResponse* response) override {
    return dispatcher_.Run(context, "assay.v1.TraceService/ListTraces", Lane::kSlow,
                           [=, this](Call& call) { return List(call, *request, *response); });
  }
  grpc::ServerUnaryReactor* GetTrace(grpc::CallbackServerContext* context,
                                     const v1::GetTraceRequest* request,
                                     v1::Trace* response) override {
    return dispatcher_.Run(context, "assay.v1.TraceService/GetTrace", Lane::kSlow,
                           [=, this](Call& call) { return Get(call, *request, *response); });
  }

 private:
  absl::Status List(Call& call, const v1::ListTracesRequest& request,
                    v1::ListTracesResponse& response) {
    ASSAY_ASSIGN_OR_RETURN(const std::string name, ParseProjectName("parent", request.parent()));
    ASSAY_ASSIGN_OR_RETURN(const store::Id project, call.ProjectId(name));
    ASSAY_ASSIGN_OR_RETURN(const std::string resource, StoredResource(name, request.resource()));
    ASSAY_ASSIGN_OR_RETURN(const std::int32_t size, PageSize(request.page_size()));
    const PageTokens tokens({"ListTraces", request.parent(), request.resource()});
    ASSAY_ASSIGN_OR_RETURN(const std::int64_t before, tokens.Read(request.page_token()));
    tracer_.Flush();  // so that whoever made a call finds its trace
    ASSAY_ASSIGN_OR_RETURN(std::vector<store::TraceRecord> traces,
                           store_.traces().ListTraces(project, resource, {before, size + 1}));
    if (CutToPage(traces, size)) {
      response.set_next_page_token(tokens.Make(traces.back().id));
    }
    for (const store::TraceRecord& trace : traces) {
      ToProto(name, trace, *response.add_traces());
    }
    return absl::OkStatus();
  }

  absl::Status Get(Call& call, const v1::GetTraceRequest& request, v1::Trace& response) {
    ASSAY_ASSIGN_OR_RETURN(const NamedName name, ParseNamedName("name", "traces", request.name()));
    ASSAY_ASSIGN_OR_RETURN(const store::Id project, call.ProjectId(name.project));
    tracer_.Flush();
    ASSAY_ASSIGN_OR_RETURN(const store::TraceRecord trace,
                           store_.traces().FindTrace(project, name.id));
    ASSAY_ASSIGN_OR_RETURN(std::vector<store::SpanRecord> spans,
                           store_.traces().ListSpans(project, trace.id));
    ToProto(name.project, trace, response);
    for (const trace::WaterfallRow& row : trace::ArrangeWaterfall(std::move(spans))) {
      ToProto(row.span, *response.add_spans());
    }
    return absl::OkStatus();
  }

  Dispatcher& dispatcher_;
  store::Store& store_;
  trace::Tracer& tracer_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeTraceService(const ServiceContext& context) {
  return std::make_unique<TraceService>(context);
}

}  // namespace assay::api
