#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <grpcpp/server_context.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "assay/v1/trace_service.grpc.pb.h"
#include "server/api/page_token.h"
#include "server/api/resource_names.h"
#include "server/api/services.h"
#include "server/api/trace_convert.h"
#include "server/base/hex.h"
#include "server/base/metrics.h"
#include "server/base/status_macros.h"
#include "server/run/trace_links.h"
#include "server/trace/span_tree.h"

namespace assay::api {
namespace {

constexpr std::int32_t kDefaultSpans = 10'000;
constexpr std::int32_t kMaxSpans = 50'000;
constexpr std::int64_t kHour = 60;  // minutes
constexpr std::int64_t kMaxSteps = 10'000;

// Cut to what the store can hold.
std::int64_t NanosecondsOf(const google::protobuf::Timestamp& time) {
  constexpr std::int64_t kLastSecond = std::numeric_limits<std::int64_t>::max() / 1'000'000'000 - 1;
  return std::clamp<std::int64_t>(time.seconds(), 0, kLastSecond) * 1'000'000'000 + time.nanos();
}

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

// What selects the traces of a list. INVALID_ARGUMENT names the field.
absl::StatusOr<store::TraceQuery> ReadQuery(std::string_view project,
                                            const v1::ListTracesRequest& request) {
  constexpr int kMaxAttributes = 16;
  store::TraceQuery query;
  ASSAY_ASSIGN_OR_RETURN(query.resource, StoredResource(project, request.resource()));
  ASSAY_ASSIGN_OR_RETURN(query.size, PageSize(request.page_size()));
  if (request.min_duration_ns() < 0 || request.max_duration_ns() < 0) {
    return absl::InvalidArgumentError("min_duration_ns and max_duration_ns must not be negative");
  }
  if (request.attributes_size() > kMaxAttributes) {
    return absl::InvalidArgumentError(
        absl::StrFormat("attributes: at most %d are taken", kMaxAttributes));
  }
  if (!v1::ListTracesRequest::Order_IsValid(request.order())) {
    return absl::InvalidArgumentError(
        absl::StrFormat("order: unknown: %d", static_cast<int>(request.order())));
  }
  query.service = request.service();
  query.name = request.span_name();
  query.has_error = request.only_errors();
  query.attributes.assign(request.attributes().begin(), request.attributes().end());
  query.min_duration_ns = request.min_duration_ns();
  if (request.max_duration_ns() > 0) {
    query.max_duration_ns = request.max_duration_ns();
  }
  if (request.has_start_time_from()) {
    query.start_from_ns = NanosecondsOf(request.start_time_from());
  }
  if (request.has_start_time_before()) {
    query.start_before_ns = NanosecondsOf(request.start_time_before());
  }
  query.is_slowest_first = request.order() == v1::ListTracesRequest::SLOWEST;
  return query;
}

// The bytes of a message; equal messages have equal bytes.
std::string Deterministic(const google::protobuf::Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

bool Contains(const google::protobuf::RepeatedPtrField<std::string>& list,
              const std::string& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

class TraceService : public v1::TraceService::CallbackService {
 public:
  explicit TraceService(const ServiceContext& context)
      : dispatcher_(context.dispatcher), store_(context.store), tracer_(context.tracer) {}

  grpc::ServerUnaryReactor* ListTraces(grpc::CallbackServerContext* context,
                                       const v1::ListTracesRequest* request,
                                       v1::ListTracesResponse* response) override {
    return dispatcher_.Run(context, "assay.v1.TraceService/ListTraces", Lane::kSlow,
                           {request, response},
                           [=, this](Call& call) { return List(call, *request, *response); });
  }
  grpc::ServerUnaryReactor* GetTrace(grpc::CallbackServerContext* context,
                                     const v1::GetTraceRequest* request,
                                     v1::Trace* response) override {
    return dispatcher_.Run(context, "assay.v1.TraceService/GetTrace", Lane::kSlow,
                           {request, response},
                           [=, this](Call& call) { return Get(call, *request, *response); });
  }

  grpc::ServerUnaryReactor* GetTraceLinks(grpc::CallbackServerContext* context,
                                          const v1::GetTraceLinksRequest* request,
                                          v1::TraceLinks* response) override {
    return dispatcher_.Run(context, "assay.v1.TraceService/GetTraceLinks", Lane::kSlow,
                           {request, response},
                           [=, this](Call& call) { return Links(call, *request, *response); });
  }
  grpc::ServerUnaryReactor* QueryLatency(grpc::CallbackServerContext* context,
                                         const v1::QueryLatencyRequest* request,
                                         v1::QueryLatencyResponse* response) override {
    return dispatcher_.Run(context, "assay.v1.TraceService/QueryLatency", Lane::kSlow,
                           {request, response},
                           [=, this](Call& call) { return Latency(call, *request, *response); });
  }

 private:
  absl::Status List(Call& call, const v1::ListTracesRequest& request,
                    v1::ListTracesResponse& response) {
    ASSAY_ASSIGN_OR_RETURN(const std::string name, ParseProjectName("parent", request.parent()));
    ASSAY_ASSIGN_OR_RETURN(const store::Id project, call.ProjectId(name));
    ASSAY_ASSIGN_OR_RETURN(store::TraceQuery query, ReadQuery(name, request));
    v1::ListTracesRequest selection = request;
    selection.clear_page_token();
    selection.clear_page_size();
    const PageTokens tokens({"ListTraces", Deterministic(selection)});
    ASSAY_ASSIGN_OR_RETURN(const auto after, tokens.ReadWithKey(request.page_token()));
    query.after = {after.first, after.second};
    tracer_.Flush();  // so that whoever made a call finds its trace
    ASSAY_ASSIGN_OR_RETURN(const store::TracePage page, store_.traces().FindTraces(project, query));
    if (page.next.has_value()) {
      response.set_next_page_token(tokens.Make(page.next->id, page.next->duration_ns));
    }
    for (const store::TraceRecord& trace : page.traces) {
      ToProto(name, trace, *response.add_traces());
    }
    return absl::OkStatus();
  }

  // A trace by its full name; what ended before the call is there.
  absl::StatusOr<store::TraceRecord> Find(const Call& call, const std::string& text,
                                          std::string& project, store::Id& project_id) {
    ASSAY_ASSIGN_OR_RETURN(const NamedName name, ParseNamedName("name", "traces", text));
    project = name.project;
    ASSAY_ASSIGN_OR_RETURN(project_id, call.ProjectId(name.project));
    tracer_.Flush();
    return store_.traces().FindTrace(project_id, name.id);
  }

  absl::Status Get(Call& call, const v1::GetTraceRequest& request, v1::Trace& response) {
    std::string project;
    store::Id project_id = 0;
    ASSAY_ASSIGN_OR_RETURN(const store::TraceRecord trace,
                           Find(call, request.name(), project, project_id));
    if (request.window_from_ns() < 0 || request.window_to_ns() < 0 || request.max_spans() < 0) {
      return absl::InvalidArgumentError("window and max_spans must not be negative");
    }
    store::SpanWindow window;
    window.from_ns = request.window_from_ns();
    if (request.window_to_ns() != 0) {
      window.to_ns = request.window_to_ns();
    }
    window.max_spans =
        request.max_spans() == 0 ? kDefaultSpans : std::min(request.max_spans(), kMaxSpans);
    ASSAY_ASSIGN_OR_RETURN(const std::vector<store::SpanRecord> spans,
                           store_.traces().ListSpans(project_id, trace.id, window));
    ToProto(project, trace, response);
    response.set_is_partial(std::ssize(spans) < trace.num_spans);
    if (response.is_partial() && std::ssize(spans) == window.max_spans) {
      cut_traces_.Add();
    }
    CountOddities(trace::MakeSpanTree(spans), response.is_partial());
    return AddSpans(spans, response);
  }

  // A window has spans without their parents by itself.
  void CountOddities(const trace::SpanTree& tree, bool is_partial) {
    if (tree.num_orphans > 0 && !is_partial) {
      orphaned_traces_.Add();
    }
    if (tree.num_circles > 0) {
      circular_traces_.Add();
    }
    if (tree.num_early > 0) {
      skewed_traces_.Add();
    }
  }

  absl::Status Links(Call& call, const v1::GetTraceLinksRequest& request,
                     v1::TraceLinks& response) {
    std::string project;
    store::Id project_id = 0;
    ASSAY_ASSIGN_OR_RETURN(const store::TraceRecord trace,
                           Find(call, request.name(), project, project_id));
    ASSAY_ASSIGN_OR_RETURN(const run::TraceLinks links,
                           run::FindTraceLinks(store_, project_id, HexText(trace.trace_id)));
    for (const run::TracedRow& row : links.rows) {
      v1::TraceLinks::Row& message = *response.add_rows();
      message.set_output_set(FormatNumberedName(project, "outputSets", row.output_set));
      message.set_row(row.row);
      message.set_key(row.key);
      message.set_span_id(row.span_id);
    }
    for (const store::Id run : links.runs) {
      response.add_runs(FormatNumberedName(project, "runs", run));
    }
    for (const store::Id comparison : links.comparisons) {
      response.add_comparisons(FormatNumberedName(project, "comparisons", comparison));
    }
    const std::string own = absl::StrFormat("projects/%s/%s", project, trace.resource);
    if (trace.resource.starts_with("runs/") && !Contains(response.runs(), own)) {
      response.add_runs(own);
    }
    if (trace.resource.starts_with("comparisons/") && !Contains(response.comparisons(), own)) {
      response.add_comparisons(own);
    }
    return absl::OkStatus();
  }

  absl::Status Latency(Call& call, const v1::QueryLatencyRequest& request,
                       v1::QueryLatencyResponse& response) {
    ASSAY_ASSIGN_OR_RETURN(const std::string name, ParseProjectName("parent", request.parent()));
    ASSAY_ASSIGN_OR_RETURN(const store::Id project, call.ProjectId(name));
    if (!request.has_start_time() || !request.has_end_time()) {
      return absl::InvalidArgumentError("start_time and end_time: required");
    }
    if (request.step_minutes() < 0) {
      return absl::InvalidArgumentError(
          absl::StrFormat("step_minutes: must not be negative: %d", request.step_minutes()));
    }
    const bool is_hourly = request.step_minutes() != 0 && request.step_minutes() % kHour == 0;
    const std::int64_t unit = is_hourly ? kHour : 1;
    store::LatencyQuery query;
    query.service = request.service();
    query.name = request.span_name();
    query.from_minute = request.start_time().seconds() / 60 / unit * unit;
    query.before_minute = ((request.end_time().seconds() + 59) / 60 + unit - 1) / unit * unit;
    const std::int64_t length = query.before_minute - query.from_minute;
    if (query.from_minute < 0 || length <= 0) {
      return absl::InvalidArgumentError("end_time: must be behind start_time");
    }
    query.step_minutes = request.step_minutes() == 0 ? length : request.step_minutes();
    if (length / query.step_minutes > kMaxSteps) {
      return absl::InvalidArgumentError(
          absl::StrFormat("step_minutes: gives more than %d steps", kMaxSteps));
    }
    tracer_.Flush();
    ASSAY_ASSIGN_OR_RETURN(const std::vector<store::LatencyStep> steps,
                           store_.traces().ReadLatency(project, query));
    AddSeries(steps, response);
    return absl::OkStatus();
  }

  Dispatcher& dispatcher_;
  store::Store& store_;
  trace::Tracer& tracer_;
  Counter& cut_traces_ = CounterOf("assay_cut_traces_total",
                                   "Traces that were read without all of their spans: too many.");
  static constexpr std::string_view kOddTraces = "assay_odd_traces_total";
  static constexpr std::string_view kOddHelp =
      "Traces that were read with spans whose parent never came, whose parents form a circle, or "
      "that began before their parent.";
  Counter& orphaned_traces_ = CounterOf(kOddTraces, kOddHelp, "why=\"parent_missing\"");
  Counter& circular_traces_ = CounterOf(kOddTraces, kOddHelp, "why=\"parent_circle\"");
  Counter& skewed_traces_ = CounterOf(kOddTraces, kOddHelp, "why=\"clock_skew\"");
};

}  // namespace

std::unique_ptr<grpc::Service> MakeTraceService(const ServiceContext& context) {
  return std::make_unique<TraceService>(context);
}

}  // namespace assay::api
