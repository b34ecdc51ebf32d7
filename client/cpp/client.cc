#include "client/cpp/client.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <random>
#include <set>
#include <utility>

#include "absl/strings/str_format.h"
#include "assay/v1/admin_service.grpc.pb.h"
#include "assay/v1/baseline_service.grpc.pb.h"
#include "assay/v1/comparison_service.grpc.pb.h"
#include "assay/v1/dataset_service.grpc.pb.h"
#include "assay/v1/model_service.grpc.pb.h"
#include "assay/v1/planning_service.grpc.pb.h"
#include "assay/v1/reference_model_service.grpc.pb.h"
#include "assay/v1/run_service.grpc.pb.h"
#include "assay/v1/trace_service.grpc.pb.h"
#include "assay/v1/upload_service.grpc.pb.h"
#include "client/cpp/retry.h"
#include "client/cpp/status_macros.h"

namespace assay::client {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kDeadline{30'000};
// Of calls that read or seal a whole upload or store.
constexpr milliseconds kLongDeadline{600'000};
constexpr milliseconds kAppendDeadline{60'000};
constexpr milliseconds kWatchPatience{20'000};
constexpr std::int32_t kPageSize = 1'000;

template <class Service, class Request, class Response>
absl::StatusOr<Response> Unary(Connection& connection, Service& stub,
                               grpc::Status (Service::*method)(grpc::ClientContext*, const Request&,
                                                               Response*),
                               const Request& request, milliseconds deadline = kDeadline) {
  Response response;
  ASSAY_RETURN_IF_ERROR(connection.Call(deadline, [&](grpc::ClientContext& context) {
    response.Clear();
    return (stub.*method)(&context, request, &response);
  }));
  return response;
}

// Follows the pages of a list until `limit` items, 0 for all. `items` gives the repeated field.
template <class Service, class Request, class Response, class Item>
absl::StatusOr<Response> Pages(Connection& connection, Service& stub,
                               grpc::Status (Service::*method)(grpc::ClientContext*, const Request&,
                                                               Response*),
                               Request request, std::int64_t limit,
                               google::protobuf::RepeatedPtrField<Item>* (Response::*items)()) {
  Response all;
  while (true) {
    const std::int64_t missing = limit - (all.*items)()->size();
    request.set_page_size(limit == 0 || missing > kPageSize ? kPageSize
                                                            : static_cast<std::int32_t>(missing));
    ASSAY_ASSIGN_OR_RETURN(Response page, Unary(connection, stub, method, request));
    request.set_page_token(page.next_page_token());
    all.MergeFrom(page);
    all.set_next_page_token(request.page_token());
    if (request.page_token().empty() || (limit != 0 && (all.*items)()->size() >= limit)) {
      return all;
    }
  }
}

// Reads a stream of states until one has ended; opens it again when it breaks.
template <class Resource, class Open>
absl::StatusOr<Resource> Watch(Connection& connection, const Open& open,
                               const std::function<void(const Resource&)>& on_change) {
  Backoff backoff(kWatchPatience);
  Resource resource;
  while (true) {
    grpc::ClientContext context;
    connection.Prepare(context, milliseconds{0});
    const auto reader = open(context);
    while (reader->Read(&resource)) {
      backoff.Reset();
      if (on_change) {
        on_change(resource);
      }
    }
    const absl::Status status = connection.ToAbsl(reader->Finish());
    if (status.ok() && HasEnded(resource.state())) {
      return resource;
    }
    if (!status.ok() && !absl::IsUnavailable(status)) {
      return status;
    }
    const std::optional<milliseconds> delay = backoff.Next();
    if (!delay.has_value()) {
      return status.ok() ? absl::UnavailableError("the server ended the stream too early") : status;
    }
    connection.Pause(*delay);
  }
}

// An AppendBatch on its way. Owned by the call: freed by its callback.
struct AppendCall {
  grpc::ClientContext context;
  std::shared_ptr<const v1::AppendBatchRequest> request;
  v1::AppendBatchResponse response;
  UploadTransport::AppendDone done;
};

}  // namespace

class Client::Stubs {
 public:
  explicit Stubs(const std::shared_ptr<grpc::Channel>& channel)
      : admin(channel),
        baselines(channel),
        comparisons(channel),
        datasets(channel),
        models(channel),
        reference_models(channel),
        planning(channel),
        runs(channel),
        traces(channel),
        uploads(channel) {}

  v1::AdminService::Stub admin;
  v1::BaselineService::Stub baselines;
  v1::ComparisonService::Stub comparisons;
  v1::DatasetService::Stub datasets;
  v1::ModelService::Stub models;
  v1::ReferenceModelService::Stub reference_models;
  v1::PlanningService::Stub planning;
  v1::RunService::Stub runs;
  v1::TraceService::Stub traces;
  v1::UploadService::Stub uploads;

  std::mutex mutex;
  std::condition_variable none_out;
  std::set<AppendCall*> appends;  // guarded by mutex
};

Client::Client(std::unique_ptr<Connection> connection)
    : connection_(std::move(connection)), stubs_(std::make_unique<Stubs>(connection_->channel())) {}

Client::~Client() {
  Client::CancelAppends();
  std::unique_lock<std::mutex> lock(stubs_->mutex);
  stubs_->none_out.wait(lock, [this] { return stubs_->appends.empty(); });
}

const std::string& Client::endpoint() const { return connection_->endpoint(); }

absl::StatusOr<v1::Dataset> Client::GetDataset(const v1::GetDatasetRequest& request) {
  return Unary(*connection_, stubs_->datasets, &v1::DatasetService::Stub::GetDataset, request);
}

absl::StatusOr<v1::ListDatasetsResponse> Client::ListDatasets(v1::ListDatasetsRequest request,
                                                              std::int64_t limit) {
  return Pages(*connection_, stubs_->datasets, &v1::DatasetService::Stub::ListDatasets,
               std::move(request), limit, &v1::ListDatasetsResponse::mutable_datasets);
}

absl::StatusOr<v1::DatasetVersion> Client::GetDatasetVersion(
    const v1::GetDatasetVersionRequest& request) {
  return Unary(*connection_, stubs_->datasets, &v1::DatasetService::Stub::GetDatasetVersion,
               request);
}

absl::StatusOr<v1::ListDatasetVersionsResponse> Client::ListDatasetVersions(
    v1::ListDatasetVersionsRequest request, std::int64_t limit) {
  return Pages(*connection_, stubs_->datasets, &v1::DatasetService::Stub::ListDatasetVersions,
               std::move(request), limit, &v1::ListDatasetVersionsResponse::mutable_versions);
}

absl::StatusOr<v1::ReadExamplesResponse> Client::ReadExamples(
    const v1::ReadExamplesRequest& request) {
  return Unary(*connection_, stubs_->datasets, &v1::DatasetService::Stub::ReadExamples, request);
}

absl::StatusOr<v1::ListCohortsResponse> Client::ListCohorts(const v1::ListCohortsRequest& request) {
  return Unary(*connection_, stubs_->datasets, &v1::DatasetService::Stub::ListCohorts, request);
}

absl::StatusOr<v1::CreateModelVersionResponse> Client::CreateModelVersion(
    v1::CreateModelVersionRequest request) {
  if (request.request_id().empty()) {
    request.set_request_id(NewRequestId());
  }
  return Unary(*connection_, stubs_->models, &v1::ModelService::Stub::CreateModelVersion, request,
               kLongDeadline);
}

absl::StatusOr<v1::ModelVersion> Client::GetModelVersion(
    const v1::GetModelVersionRequest& request) {
  return Unary(*connection_, stubs_->models, &v1::ModelService::Stub::GetModelVersion, request);
}

absl::StatusOr<v1::ListModelsResponse> Client::ListModels(v1::ListModelsRequest request,
                                                          std::int64_t limit) {
  return Pages(*connection_, stubs_->models, &v1::ModelService::Stub::ListModels,
               std::move(request), limit, &v1::ListModelsResponse::mutable_models);
}

absl::StatusOr<v1::ListModelVersionsResponse> Client::ListModelVersions(
    v1::ListModelVersionsRequest request, std::int64_t limit) {
  return Pages(*connection_, stubs_->models, &v1::ModelService::Stub::ListModelVersions,
               std::move(request), limit, &v1::ListModelVersionsResponse::mutable_versions);
}

absl::StatusOr<v1::OutputSet> Client::GetOutputSet(const v1::GetOutputSetRequest& request) {
  return Unary(*connection_, stubs_->models, &v1::ModelService::Stub::GetOutputSet, request);
}

absl::StatusOr<v1::ListOutputSetsResponse> Client::ListOutputSets(v1::ListOutputSetsRequest request,
                                                                  std::int64_t limit) {
  return Pages(*connection_, stubs_->models, &v1::ModelService::Stub::ListOutputSets,
               std::move(request), limit, &v1::ListOutputSetsResponse::mutable_output_sets);
}

absl::StatusOr<v1::ReadOutputsResponse> Client::ReadOutputs(const v1::ReadOutputsRequest& request) {
  return Unary(*connection_, stubs_->models, &v1::ModelService::Stub::ReadOutputs, request);
}

absl::StatusOr<v1::ModelVersion> Client::DeriveModelVersion(
    const v1::DeriveModelVersionRequest& request) {
  return Unary(*connection_, stubs_->reference_models,
               &v1::ReferenceModelService::Stub::DeriveModelVersion, request, kLongDeadline);
}

absl::StatusOr<v1::LayerReport> Client::CompareLayers(const v1::CompareLayersRequest& request) {
  return Unary(*connection_, stubs_->reference_models,
               &v1::ReferenceModelService::Stub::CompareLayers, request, kLongDeadline);
}

absl::StatusOr<v1::Diagnosis> Client::DiagnoseModel(const v1::DiagnoseModelRequest& request) {
  return Unary(*connection_, stubs_->reference_models,
               &v1::ReferenceModelService::Stub::DiagnoseModel, request, kLongDeadline);
}

absl::StatusOr<v1::Run> Client::CreateRun(v1::CreateRunRequest request) {
  if (request.request_id().empty()) {
    request.set_request_id(NewRequestId());
  }
  // A model with artifacts makes its outputs first.
  return Unary(*connection_, stubs_->runs, &v1::RunService::Stub::CreateRun, request,
               kLongDeadline);
}

absl::StatusOr<v1::Run> Client::GetRun(const v1::GetRunRequest& request) {
  return Unary(*connection_, stubs_->runs, &v1::RunService::Stub::GetRun, request);
}

absl::StatusOr<v1::ListRunsResponse> Client::ListRuns(v1::ListRunsRequest request,
                                                      std::int64_t limit) {
  return Pages(*connection_, stubs_->runs, &v1::RunService::Stub::ListRuns, std::move(request),
               limit, &v1::ListRunsResponse::mutable_runs);
}

absl::StatusOr<v1::Run> Client::CancelRun(const v1::CancelRunRequest& request) {
  return Unary(*connection_, stubs_->runs, &v1::RunService::Stub::CancelRun, request);
}

absl::StatusOr<v1::Run> Client::WatchRun(const v1::WatchRunRequest& request,
                                         const std::function<void(const v1::Run&)>& on_change) {
  return Watch<v1::Run>(
      *connection_,
      [&](grpc::ClientContext& context) { return stubs_->runs.WatchRun(&context, request); },
      on_change);
}

absl::StatusOr<v1::Comparison> Client::CreateComparison(v1::CreateComparisonRequest request) {
  if (request.request_id().empty()) {
    request.set_request_id(NewRequestId());
  }
  return Unary(*connection_, stubs_->comparisons, &v1::ComparisonService::Stub::CreateComparison,
               request);
}

absl::StatusOr<v1::Comparison> Client::GetComparison(const v1::GetComparisonRequest& request) {
  return Unary(*connection_, stubs_->comparisons, &v1::ComparisonService::Stub::GetComparison,
               request);
}

absl::StatusOr<v1::ListComparisonsResponse> Client::ListComparisons(
    v1::ListComparisonsRequest request, std::int64_t limit) {
  return Pages(*connection_, stubs_->comparisons, &v1::ComparisonService::Stub::ListComparisons,
               std::move(request), limit, &v1::ListComparisonsResponse::mutable_comparisons);
}

absl::StatusOr<v1::Comparison> Client::WatchComparison(
    const v1::WatchComparisonRequest& request,
    const std::function<void(const v1::Comparison&)>& on_change) {
  return Watch<v1::Comparison>(
      *connection_,
      [&](grpc::ClientContext& context) {
        return stubs_->comparisons.WatchComparison(&context, request);
      },
      on_change);
}

absl::StatusOr<v1::ListComparisonRowsResponse> Client::ListComparisonRows(
    v1::ListComparisonRowsRequest request, std::int64_t limit) {
  return Pages(*connection_, stubs_->comparisons, &v1::ComparisonService::Stub::ListComparisonRows,
               std::move(request), limit, &v1::ListComparisonRowsResponse::mutable_rows);
}

absl::StatusOr<v1::Baseline> Client::SetBaseline(v1::SetBaselineRequest request) {
  if (request.request_id().empty()) {
    request.set_request_id(NewRequestId());
  }
  return Unary(*connection_, stubs_->baselines, &v1::BaselineService::Stub::SetBaseline, request);
}

absl::StatusOr<v1::Baseline> Client::GetBaseline(const v1::GetBaselineRequest& request) {
  return Unary(*connection_, stubs_->baselines, &v1::BaselineService::Stub::GetBaseline, request);
}

absl::StatusOr<v1::ListBaselinesResponse> Client::ListBaselines(v1::ListBaselinesRequest request,
                                                                std::int64_t limit) {
  return Pages(*connection_, stubs_->baselines, &v1::BaselineService::Stub::ListBaselines,
               std::move(request), limit, &v1::ListBaselinesResponse::mutable_baselines);
}

absl::StatusOr<v1::ListBaselineHistoryResponse> Client::ListBaselineHistory(
    v1::ListBaselineHistoryRequest request, std::int64_t limit) {
  return Pages(*connection_, stubs_->baselines, &v1::BaselineService::Stub::ListBaselineHistory,
               std::move(request), limit, &v1::ListBaselineHistoryResponse::mutable_baselines);
}

absl::StatusOr<v1::EstimatePowerResponse> Client::EstimatePower(
    const v1::EstimatePowerRequest& request) {
  return Unary(*connection_, stubs_->planning, &v1::PlanningService::Stub::EstimatePower, request);
}

absl::StatusOr<v1::SelfTest> Client::RunSelfTest(const v1::RunSelfTestRequest& request) {
  return Unary(*connection_, stubs_->planning, &v1::PlanningService::Stub::RunSelfTest, request);
}

absl::StatusOr<v1::ListTracesResponse> Client::ListTraces(v1::ListTracesRequest request,
                                                          std::int64_t limit) {
  return Pages(*connection_, stubs_->traces, &v1::TraceService::Stub::ListTraces,
               std::move(request), limit, &v1::ListTracesResponse::mutable_traces);
}

absl::StatusOr<v1::Trace> Client::GetTrace(const v1::GetTraceRequest& request) {
  return Unary(*connection_, stubs_->traces, &v1::TraceService::Stub::GetTrace, request);
}

absl::StatusOr<v1::TraceLinks> Client::GetTraceLinks(const v1::GetTraceLinksRequest& request) {
  return Unary(*connection_, stubs_->traces, &v1::TraceService::Stub::GetTraceLinks, request);
}

absl::StatusOr<v1::QueryLatencyResponse> Client::QueryLatency(
    const v1::QueryLatencyRequest& request) {
  return Unary(*connection_, stubs_->traces, &v1::TraceService::Stub::QueryLatency, request);
}

absl::StatusOr<v1::ServerInfo> Client::GetServerInfo() {
  return Unary(*connection_, stubs_->admin, &v1::AdminService::Stub::GetServerInfo,
               v1::GetServerInfoRequest());
}

absl::StatusOr<v1::CheckStoreResponse> Client::CheckStore() {
  return Unary(*connection_, stubs_->admin, &v1::AdminService::Stub::CheckStore,
               v1::CheckStoreRequest(), kLongDeadline);
}

absl::StatusOr<v1::Upload> Client::BeginUpload(v1::BeginUploadRequest request) {
  if (request.request_id().empty()) {
    request.set_request_id(NewRequestId());
  }
  return Unary(*connection_, stubs_->uploads, &v1::UploadService::Stub::BeginUpload, request);
}

void Client::AppendBatch(std::shared_ptr<const v1::AppendBatchRequest> request, AppendDone done) {
  auto* call = new AppendCall;
  call->request = std::move(request);
  call->done = std::move(done);
  connection_->Prepare(call->context, kAppendDeadline);
  {
    const std::unique_lock<std::mutex> lock(stubs_->mutex);
    stubs_->appends.insert(call);
  }
  stubs_->uploads.async()->AppendBatch(&call->context, call->request.get(), &call->response,
                                       [this, call](const grpc::Status& status) {
                                         const std::unique_ptr<AppendCall> owned(call);
                                         if (status.ok()) {
                                           owned->done(owned->response.next_sequence());
                                         } else {
                                           owned->done(connection_->ToAbsl(status));
                                         }
                                         const std::unique_lock<std::mutex> lock(stubs_->mutex);
                                         stubs_->appends.erase(call);
                                         stubs_->none_out.notify_all();
                                       });
}

void Client::CancelAppends() {
  const std::unique_lock<std::mutex> lock(stubs_->mutex);
  for (AppendCall* call : stubs_->appends) {
    call->context.TryCancel();
  }
}

absl::StatusOr<v1::Upload> Client::GetUpload(const v1::GetUploadRequest& request) {
  return Unary(*connection_, stubs_->uploads, &v1::UploadService::Stub::GetUpload, request);
}

absl::StatusOr<v1::CommitUploadResponse> Client::CommitUpload(
    const v1::CommitUploadRequest& request) {
  return Unary(*connection_, stubs_->uploads, &v1::UploadService::Stub::CommitUpload, request,
               kLongDeadline);
}

absl::Status Client::AbortUpload(const v1::AbortUploadRequest& request) {
  return Unary(*connection_, stubs_->uploads, &v1::UploadService::Stub::AbortUpload, request)
      .status();
}

std::string NewRequestId() {
  std::random_device random;
  return absl::StrFormat("%08x%08x%08x%08x", random(), random(), random(), random());
}

bool HasEnded(v1::Run::State state) {
  return state == v1::Run::SUCCEEDED || state == v1::Run::FAILED || state == v1::Run::CANCELLED;
}

bool HasEnded(v1::Comparison::State state) {
  return state == v1::Comparison::SUCCEEDED || state == v1::Comparison::FAILED;
}

}  // namespace assay::client
