#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "assay/v1/admin_service.pb.h"
#include "assay/v1/baseline_service.pb.h"
#include "assay/v1/comparison_service.pb.h"
#include "assay/v1/dataset_service.pb.h"
#include "assay/v1/model_service.pb.h"
#include "assay/v1/planning_service.pb.h"
#include "assay/v1/reference_model_service.pb.h"
#include "assay/v1/run_service.pb.h"
#include "assay/v1/trace_service.pb.h"
#include "client/cpp/connection.h"
#include "client/cpp/upload.h"

namespace assay::client {

// The API, one method a call. Every call has a deadline and is repeated while the server is
// unavailable; creating calls get a request id, so that a repeat makes nothing twice. Errors are
// the server's. Lists follow the pages until `limit` items (0: all); a next page token in the
// answer means that there is more. Thread-safe.
class Client : public UploadTransport {
 public:
  explicit Client(std::unique_ptr<Connection> connection);
  // No AppendBatch may be out.
  ~Client() override;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  const std::string& endpoint() const;

  absl::StatusOr<v1::Dataset> GetDataset(const v1::GetDatasetRequest& request);
  absl::StatusOr<v1::ListDatasetsResponse> ListDatasets(v1::ListDatasetsRequest request,
                                                        std::int64_t limit);
  absl::StatusOr<v1::DatasetVersion> GetDatasetVersion(const v1::GetDatasetVersionRequest& request);
  absl::StatusOr<v1::ListDatasetVersionsResponse> ListDatasetVersions(
      v1::ListDatasetVersionsRequest request, std::int64_t limit);
  absl::StatusOr<v1::ReadExamplesResponse> ReadExamples(const v1::ReadExamplesRequest& request);
  absl::StatusOr<v1::ListCohortsResponse> ListCohorts(const v1::ListCohortsRequest& request);

  absl::StatusOr<v1::CreateModelVersionResponse> CreateModelVersion(
      v1::CreateModelVersionRequest request);
  absl::StatusOr<v1::ModelVersion> GetModelVersion(const v1::GetModelVersionRequest& request);
  absl::StatusOr<v1::ListModelsResponse> ListModels(v1::ListModelsRequest request,
                                                    std::int64_t limit);
  absl::StatusOr<v1::ListModelVersionsResponse> ListModelVersions(
      v1::ListModelVersionsRequest request, std::int64_t limit);
  absl::StatusOr<v1::OutputSet> GetOutputSet(const v1::GetOutputSetRequest& request);
  absl::StatusOr<v1::ListOutputSetsResponse> ListOutputSets(v1::ListOutputSetsRequest request,
                                                            std::int64_t limit);
  absl::StatusOr<v1::ReadOutputsResponse> ReadOutputs(const v1::ReadOutputsRequest& request);

  absl::StatusOr<v1::ModelVersion> DeriveModelVersion(const v1::DeriveModelVersionRequest& request);
  absl::StatusOr<v1::LayerReport> CompareLayers(const v1::CompareLayersRequest& request);
  absl::StatusOr<v1::Diagnosis> DiagnoseModel(const v1::DiagnoseModelRequest& request);

  absl::StatusOr<v1::Run> CreateRun(v1::CreateRunRequest request);
  absl::StatusOr<v1::Run> GetRun(const v1::GetRunRequest& request);
  absl::StatusOr<v1::ListRunsResponse> ListRuns(v1::ListRunsRequest request, std::int64_t limit);
  absl::StatusOr<v1::Run> CancelRun(const v1::CancelRunRequest& request);
  // Calls `on_change` with every state until the run has ended; returns the last. A stream that
  // breaks is opened again.
  absl::StatusOr<v1::Run> WatchRun(const v1::WatchRunRequest& request,
                                   const std::function<void(const v1::Run&)>& on_change);

  absl::StatusOr<v1::Comparison> CreateComparison(v1::CreateComparisonRequest request);
  absl::StatusOr<v1::Comparison> GetComparison(const v1::GetComparisonRequest& request);
  absl::StatusOr<v1::ListComparisonsResponse> ListComparisons(v1::ListComparisonsRequest request,
                                                              std::int64_t limit);
  // As WatchRun.
  absl::StatusOr<v1::Comparison> WatchComparison(
      const v1::WatchComparisonRequest& request,
      const std::function<void(const v1::Comparison&)>& on_change);
  absl::StatusOr<v1::ListComparisonRowsResponse> ListComparisonRows(
      v1::ListComparisonRowsRequest request, std::int64_t limit);

  absl::StatusOr<v1::Baseline> SetBaseline(v1::SetBaselineRequest request);
  absl::StatusOr<v1::Baseline> GetBaseline(const v1::GetBaselineRequest& request);
  absl::StatusOr<v1::ListBaselinesResponse> ListBaselines(v1::ListBaselinesRequest request,
                                                          std::int64_t limit);
  absl::StatusOr<v1::ListBaselineHistoryResponse> ListBaselineHistory(
      v1::ListBaselineHistoryRequest request, std::int64_t limit);

  absl::StatusOr<v1::EstimatePowerResponse> EstimatePower(const v1::EstimatePowerRequest& request);
  absl::StatusOr<v1::SelfTest> RunSelfTest(const v1::RunSelfTestRequest& request);

  absl::StatusOr<v1::ListTracesResponse> ListTraces(v1::ListTracesRequest request,
                                                    std::int64_t limit);
  absl::StatusOr<v1::Trace> GetTrace(const v1::GetTraceRequest& request);
  absl::StatusOr<v1::TraceLinks> GetTraceLinks(const v1::GetTraceLinksRequest& request);
  absl::StatusOr<v1::QueryLatencyResponse> QueryLatency(const v1::QueryLatencyRequest& request);

  absl::StatusOr<v1::ServerInfo> GetServerInfo();
  absl::StatusOr<v1::CheckStoreResponse> CheckStore();

  absl::StatusOr<v1::Upload> BeginUpload(v1::BeginUploadRequest request) override;
  void AppendBatch(std::shared_ptr<const v1::AppendBatchRequest> request, AppendDone done) override;
  void CancelAppends() override;
  absl::StatusOr<v1::Upload> GetUpload(const v1::GetUploadRequest& request) override;
  absl::StatusOr<v1::CommitUploadResponse> CommitUpload(
      const v1::CommitUploadRequest& request) override;
  absl::Status AbortUpload(const v1::AbortUploadRequest& request) override;

 private:
  class Stubs;

  const std::unique_ptr<Connection> connection_;
  const std::unique_ptr<Stubs> stubs_;
};

// 32 random hex digits, for `request_id`.
std::string NewRequestId();

// True when a run in this state changes no more.
bool HasEnded(v1::Run::State state);
bool HasEnded(v1::Comparison::State state);

}  // namespace assay::client
