#include <grpcpp/server_context.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "assay/v1/dataset_service.grpc.pb.h"
#include "server/api/batch_convert.h"
#include "server/api/column_reader.h"
#include "server/api/convert.h"
#include "server/api/page_token.h"
#include "server/api/resource_names.h"
#include "server/api/services.h"
#include "server/base/status_macros.h"

namespace assay::api {
namespace {

constexpr std::int64_t kMaxAnswerBytes = 8 << 20;
constexpr std::string_view kCohortPrefix = "cohort.";

class DatasetService : public v1::DatasetService::CallbackService {
 public:
  explicit DatasetService(const ServiceContext& context)
      : dispatcher_(context.dispatcher), store_(context.store) {}

  grpc::ServerUnaryReactor* GetDataset(grpc::CallbackServerContext* context,
                                       const v1::GetDatasetRequest* request,
                                       v1::Dataset* response) override {
    return dispatcher_.Run(context, "assay.v1.DatasetService/GetDataset", Lane::kQuick,
                           {request, response},
                           [=, this](Call& call) { return Get(call, *request, *response); });
  }
  grpc::ServerUnaryReactor* ListDatasets(grpc::CallbackServerContext* context,
                                         const v1::ListDatasetsRequest* request,
                                         v1::ListDatasetsResponse* response) override {
    return dispatcher_.Run(context, "assay.v1.DatasetService/ListDatasets", Lane::kQuick,
                           {request, response},
                           [=, this](Call& call) { return List(call, *request, *response); });
  }
  grpc::ServerUnaryReactor* GetDatasetVersion(grpc::CallbackServerContext* context,
                                              const v1::GetDatasetVersionRequest* request,
                                              v1::DatasetVersion* response) override {
    return dispatcher_.Run(context, "assay.v1.DatasetService/GetDatasetVersion", Lane::kQuick,
                           {request, response},
                           [=, this](Call& call) { return GetVersion(call, *request, *response); });
  }
  grpc::ServerUnaryReactor* ListDatasetVersions(
      grpc::CallbackServerContext* context, const v1::ListDatasetVersionsRequest* request,
      v1::ListDatasetVersionsResponse* response) override {
    return dispatcher_.Run(
        context, "assay.v1.DatasetService/ListDatasetVersions", Lane::kQuick, {request, response},
        [=, this](Call& call) { return ListVersions(call, *request, *response); });
  }
  grpc::ServerUnaryReactor* ReadExamples(grpc::CallbackServerContext* context,
                                         const v1::ReadExamplesRequest* request,
                                         v1::ReadExamplesResponse* response) override {
    return dispatcher_.Run(context, "assay.v1.DatasetService/ReadExamples", Lane::kSlow,
                           {request, response},
                           [=, this](Call& call) { return Read(call, *request, *response); });
  }
  grpc::ServerUnaryReactor* ListCohorts(grpc::CallbackServerContext* context,
                                        const v1::ListCohortsRequest* request,
                                        v1::ListCohortsResponse* response) override {
    return dispatcher_.Run(context, "assay.v1.DatasetService/ListCohorts", Lane::kSlow,
                           {request, response},
                           [=, this](Call& call) { return Cohorts(call, *request, *response); });
  }

 private:
  // A version and the project it lies in.
  struct FoundVersion {
    store::Id project_id = 0;
    std::string project;
    store::DatasetVersionRecord version;
    std::string text;  // `dataset digits@1`
  };

  absl::StatusOr<FoundVersion> Find(Call& call, const std::string& name) {
    ASSAY_ASSIGN_OR_RETURN(const VersionName parsed, ParseVersionName("name", "datasets", name));
    FoundVersion found;
    found.project = parsed.project;
    ASSAY_ASSIGN_OR_RETURN(found.project_id, call.ProjectId(parsed.project));
    ASSAY_ASSIGN_OR_RETURN(
        found.version, store_.datasets().FindVersion(found.project_id, parsed.id, parsed.version));
    found.text = absl::StrFormat("dataset %s@%d", found.version.dataset_name, found.version.number);
    return found;
  }

  // A dataset with its newest version.
  absl::Status Fill(store::Id project_id, const std::string& project,
                    const store::DatasetRecord& from, v1::Dataset& to) {
    to.set_name(FormatNamedName(project, "datasets", from.name));
    ToProto(from.created_us, *to.mutable_create_time());
    const absl::StatusOr<store::DatasetVersionRecord> latest =
        store_.datasets().FindVersion(project_id, from.name, "latest");
    if (latest.ok()) {
      ToProto(project, *latest, *to.mutable_latest_version());
      return absl::OkStatus();
    }
    return absl::IsNotFound(latest.status()) ? absl::OkStatus() : latest.status();
  }

  absl::Status Get(Call& call, const v1::GetDatasetRequest& request, v1::Dataset& response) {
    ASSAY_ASSIGN_OR_RETURN(const NamedName name,
                           ParseNamedName("name", "datasets", request.name()));
    ASSAY_ASSIGN_OR_RETURN(const store::Id project, call.ProjectId(name.project));
    ASSAY_ASSIGN_OR_RETURN(const store::DatasetRecord dataset,
                           store_.datasets().FindDataset(project, name.id));
    return Fill(project, name.project, dataset, response);
  }

  absl::Status List(Call& call, const v1::ListDatasetsRequest& request,
                    v1::ListDatasetsResponse& response) {
    ASSAY_ASSIGN_OR_RETURN(const std::string name, ParseProjectName("parent", request.parent()));
    ASSAY_ASSIGN_OR_RETURN(const store::Id project, call.ProjectId(name));
    ASSAY_ASSIGN_OR_RETURN(const std::int32_t size, PageSize(request.page_size()));
    const PageTokens tokens({"ListDatasets", request.parent()});
    ASSAY_ASSIGN_OR_RETURN(const std::int64_t before, tokens.Read(request.page_token()));
    ASSAY_ASSIGN_OR_RETURN(std::vector<store::DatasetRecord> datasets,
                           store_.datasets().ListDatasets(project, {before, size + 1}));
    if (CutToPage(datasets, size)) {
      response.set_next_page_token(tokens.Make(datasets.back().id));
    }
    for (const store::DatasetRecord& dataset : datasets) {
      ASSAY_RETURN_IF_ERROR(Fill(project, name, dataset, *response.add_datasets()));
    }
    return absl::OkStatus();
  }

  absl::Status GetVersion(Call& call, const v1::GetDatasetVersionRequest& request,
                          v1::DatasetVersion& response) {
    ASSAY_ASSIGN_OR_RETURN(const FoundVersion found, Find(call, request.name()));
    ASSAY_ASSIGN_OR_RETURN(const std::vector<store::ColumnRecord> columns,
                           store_.columns().ListColumns(found.project_id, found.version.id));
    ToProto(found.project, found.version, response);
    AddColumns(columns, response);
    return absl::OkStatus();
  }

  absl::Status ListVersions(Call& call, const v1::ListDatasetVersionsRequest& request,
                            v1::ListDatasetVersionsResponse& response) {
    ASSAY_ASSIGN_OR_RETURN(const NamedName name,
                           ParseNamedName("parent", "datasets", request.parent()));
    ASSAY_ASSIGN_OR_RETURN(const store::Id project, call.ProjectId(name.project));
    ASSAY_ASSIGN_OR_RETURN(const std::int32_t size, PageSize(request.page_size()));
    const PageTokens tokens({"ListDatasetVersions", request.parent()});
    ASSAY_ASSIGN_OR_RETURN(const std::int64_t before, tokens.Read(request.page_token()));
    ASSAY_ASSIGN_OR_RETURN(const store::DatasetRecord dataset,
                           store_.datasets().FindDataset(project, name.id));
    ASSAY_ASSIGN_OR_RETURN(std::vector<store::DatasetVersionRecord> versions,
                           store_.datasets().ListVersions(project, dataset.id, {before, size + 1}));
    if (CutToPage(versions, size)) {
      response.set_next_page_token(tokens.Make(versions.back().number));
    }
    for (const store::DatasetVersionRecord& version : versions) {
      ToProto(name.project, version, *response.add_versions());
    }
    return absl::OkStatus();
  }

  absl::Status Read(Call& call, const v1::ReadExamplesRequest& request,
                    v1::ReadExamplesResponse& response) {
    ASSAY_ASSIGN_OR_RETURN(const RowRange range,
                           MakeRowRange(request.start_row(), request.max_rows()));
    if (!v1::Table_IsValid(request.table())) {
      return absl::InvalidArgumentError(
          absl::StrFormat("table: unknown: %d", static_cast<int>(request.table())));
    }
    const bool wants_documents = request.table() == v1::TABLE_DOCUMENTS;
    ASSAY_ASSIGN_OR_RETURN(const FoundVersion found, Find(call, request.name()));
    ASSAY_ASSIGN_OR_RETURN(const std::vector<store::ColumnRecord> columns,
                           store_.columns().ListColumns(found.project_id, found.version.id));
    ASSAY_ASSIGN_OR_RETURN(
        const std::vector<ColumnSource> sources,
        SelectColumns(found.version.id, found.text, columns,
                      wants_documents ? store::Table::kDocuments : store::Table::kRows,
                      {request.columns().begin(), request.columns().end()}));
    ASSAY_ASSIGN_OR_RETURN(
        const RowBlock block,
        ReadRows(store_.columns(), found.project_id, sources,
                 wants_documents ? found.version.num_documents : found.version.num_rows, range,
                 kMaxAnswerBytes, [&call] { return call.CheckAlive(); }));
    ColumnsToBatch(block.columns, block.num_rows, *response.mutable_batch());
    return absl::OkStatus();
  }

  absl::Status Cohorts(Call& call, const v1::ListCohortsRequest& request,
                       v1::ListCohortsResponse& response) {
    ASSAY_ASSIGN_OR_RETURN(const FoundVersion found, Find(call, request.name()));
    ASSAY_ASSIGN_OR_RETURN(const std::vector<store::ColumnRecord> columns,
                           store_.columns().ListColumns(found.project_id, found.version.id));
    for (const std::string& name : CohortColumns(columns)) {
      ASSAY_ASSIGN_OR_RETURN(
          const std::vector<ColumnSource> source,
          SelectColumns(found.version.id, found.text, columns, store::Table::kRows, {name}));
      ASSAY_ASSIGN_OR_RETURN(
          const ValueCounts counts,
          CountValues(store_.columns(), found.project_id, source.front(), found.version.num_rows,
                      [&call] { return call.CheckAlive(); }));
      v1::CohortColumn& added = *response.add_cohorts();
      added.set_name(name.substr(kCohortPrefix.size()));
      added.set_null_count(counts.null_count);
      for (const auto& [value, num_rows] : counts.values) {
        v1::CohortValue& added_value = *added.add_values();
        added_value.set_value(value);
        added_value.set_num_rows(num_rows);
      }
    }
    return absl::OkStatus();
  }

  Dispatcher& dispatcher_;
  store::Store& store_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeDatasetService(const ServiceContext& context) {
  return std::make_unique<DatasetService>(context);
}

}  // namespace assay::api
