#include <grpcpp/server_context.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "assay/v1/upload_service.grpc.pb.h"
#include "server/api/batch_convert.h"
#include "server/api/convert.h"
#include "server/api/resolve.h"
#include "server/api/resource_names.h"
#include "server/api/services.h"
#include "server/base/status_macros.h"

namespace assay::api {
namespace {

// 16 MiB of values; the rest is for what is around them.
constexpr std::size_t kMaxBatchBytes = (16 << 20) + (1 << 20);

constexpr std::size_t kMaxMachineBytes = 256;

class UploadService : public v1::UploadService::CallbackService {
 public:
  explicit UploadService(const ServiceContext& context)
      : dispatcher_(context.dispatcher),
        store_(context.store),
        cache_(context.cache),
        ingestor_(context.ingestor) {}

  grpc::ServerUnaryReactor* AppendBatch(grpc::CallbackServerContext* context,
                                        const v1::AppendBatchRequest* request,
                                        v1::AppendBatchResponse* response) override {
    return dispatcher_.RunAsync(context, "assay.v1.UploadService/AppendBatch", Lane::kSlow,
                                {request, response}, [=, this](Call& call, const Answer& answer) {
                                  StartAppend(call, *request, *response, answer);
                                });
  }
  grpc::ServerUnaryReactor* BeginUpload(grpc::CallbackServerContext* context,
                                        const v1::BeginUploadRequest* request,
                                        v1::Upload* response) override {
    return dispatcher_.Run(context, "assay.v1.UploadService/BeginUpload", Lane::kQuick,
                           {request, response},
                           [=, this](Call& call) { return Begin(call, *request, *response); });
  }
  grpc::ServerUnaryReactor* GetUpload(grpc::CallbackServerContext* context,
                                      const v1::GetUploadRequest* request,
                                      v1::Upload* response) override {
    return dispatcher_.Run(context, "assay.v1.UploadService/GetUpload", Lane::kQuick,
                           {request, response},
                           [=, this](Call& call) { return Get(call, *request, *response); });
  }
  grpc::ServerUnaryReactor* CommitUpload(grpc::CallbackServerContext* context,
                                         const v1::CommitUploadRequest* request,
                                         v1::CommitUploadResponse* response) override {
    return dispatcher_.Run(context, "assay.v1.UploadService/CommitUpload", Lane::kSlow,
                           {request, response},
                           [=, this](Call& call) { return Commit(call, *request, *response); });
  }
  grpc::ServerUnaryReactor* AbortUpload(grpc::CallbackServerContext* context,
                                        const v1::AbortUploadRequest* request,
                                        v1::AbortUploadResponse* response) override {
    return dispatcher_.Run(context, "assay.v1.UploadService/AbortUpload", Lane::kQuick,
                           {request, response},
                           [=, this](Call& call) { return Abort(call, *request, *response); });
  }

 private:
  absl::Status Begin(Call& call, const v1::BeginUploadRequest& request, v1::Upload& response) {
    ASSAY_ASSIGN_OR_RETURN(const std::string name, ParseProjectName("parent", request.parent()));
    ASSAY_RETURN_IF_ERROR(CheckRequestId(request.request_id()));
    ASSAY_ASSIGN_OR_RETURN(const store::Id project, call.ProjectId(name));
    store::UploadRecord target;
    if (request.has_dataset()) {
      ASSAY_RETURN_IF_ERROR(CheckUserId("dataset.dataset", request.dataset().dataset()));
      target.kind = store::UploadKind::kDataset;
      target.dataset_name = request.dataset().dataset();
    } else if (request.has_output_set()) {
      ASSAY_RETURN_IF_ERROR(FindTarget(project, name, request.output_set(), target));
    } else {
      return absl::InvalidArgumentError("target: required: dataset or output_set");
    }
    ASSAY_ASSIGN_OR_RETURN(const store::UploadRecord upload,
                           ingestor_.Begin(project, target, request.request_id()));
    ToProto(name, upload, response);
    return absl::OkStatus();
  }

  absl::Status FindTarget(store::Id project, const std::string& project_name,
                          const v1::BeginUploadRequest::OutputSetTarget& from,
                          store::UploadRecord& to) {
    if (from.machine().size() > kMaxMachineBytes) {
      return absl::InvalidArgumentError(
          absl::StrFormat("output_set.machine: %d bytes, at most %d are taken",
                          from.machine().size(), kMaxMachineBytes));
    }
    const Resolver resolver(store_, project, project_name);
    ASSAY_ASSIGN_OR_RETURN(
        const store::DatasetVersionRecord dataset_version,
        resolver.DatasetVersion("output_set.dataset_version", from.dataset_version()));
    ASSAY_ASSIGN_OR_RETURN(const store::ModelVersionRecord model_version,
                           resolver.ModelVersion("output_set.model_version", from.model_version()));
    to.kind = store::UploadKind::kOutputSet;
    to.dataset_version_id = dataset_version.id;
    to.model_version_id = model_version.id;
    to.machine = from.machine();
    return absl::OkStatus();
  }

  void StartAppend(Call& call, const v1::AppendBatchRequest& request,
                   v1::AppendBatchResponse& response, const Answer& answer) {
    if (request.ByteSizeLong() > kMaxBatchBytes) {
      answer.Send(absl::ResourceExhaustedError(absl::StrFormat(
          "the batch has %d bytes, at most %d are taken", request.ByteSizeLong(), kMaxBatchBytes)));
      return;
    }
    absl::StatusOr<AppendArguments> arguments = ReadAppend(call, request);
    if (!arguments.ok()) {
      answer.Send(arguments.status());
      return;
    }
    ingestor_.Append(arguments->project, arguments->upload, request.sequence(), arguments->table,
                     std::move(arguments->columns), request.batch().num_rows(),
                     [&response, answer](const absl::StatusOr<std::int64_t>& result) {
                       answer.Send(result.status(),
                                   [&response, &result] { response.set_next_sequence(*result); });
                     });
  }

  struct AppendArguments {
    store::Id project = 0;
    store::Id upload = 0;
    store::Table table = store::Table::kRows;
    std::vector<Column> columns;
  };
  static absl::StatusOr<AppendArguments> ReadAppend(Call& call,
                                                    const v1::AppendBatchRequest& request) {
    ASSAY_ASSIGN_OR_RETURN(const NumberedName name,
                           ParseNumberedName("upload", "uploads", request.upload()));
    if (request.sequence() < 0) {
      return absl::InvalidArgumentError(
          absl::StrFormat("sequence: must not be negative: %d", request.sequence()));
    }
    if (!v1::Table_IsValid(request.table())) {
      return absl::InvalidArgumentError(
          absl::StrFormat("table: unknown: %d", static_cast<int>(request.table())));
    }
    AppendArguments arguments;
    arguments.upload = name.id;
    arguments.table =
        request.table() == v1::TABLE_DOCUMENTS ? store::Table::kDocuments : store::Table::kRows;
    ASSAY_ASSIGN_OR_RETURN(arguments.project, call.ProjectId(name.project));
    ASSAY_ASSIGN_OR_RETURN(arguments.columns, ColumnsFromBatch(request.batch()));
    return arguments;
  }

  absl::Status Get(Call& call, const v1::GetUploadRequest& request, v1::Upload& response) {
    ASSAY_ASSIGN_OR_RETURN(const NumberedName name,
                           ParseNumberedName("name", "uploads", request.name()));
    ASSAY_ASSIGN_OR_RETURN(const store::Id project, call.ProjectId(name.project));
    ASSAY_ASSIGN_OR_RETURN(const store::UploadRecord upload, ingestor_.Get(project, name.id));
    ToProto(name.project, upload, response);
    return absl::OkStatus();
  }

  absl::Status Commit(Call& call, const v1::CommitUploadRequest& request,
                      v1::CommitUploadResponse& response) {
    ASSAY_ASSIGN_OR_RETURN(const NumberedName name,
                           ParseNumberedName("name", "uploads", request.name()));
    if (request.num_batches() < 0) {
      return absl::InvalidArgumentError(
          absl::StrFormat("num_batches: must not be negative: %d", request.num_batches()));
    }
    ASSAY_ASSIGN_OR_RETURN(const store::Id project, call.ProjectId(name.project));
    ASSAY_ASSIGN_OR_RETURN(const store::UploadRecord upload,
                           ingestor_.Commit(project, name.id, request.num_batches()));
    ASSAY_ASSIGN_OR_RETURN(const std::vector<store::ColumnRecord> columns,
                           store_.columns().ListColumns(project, upload.result_id));
    response.set_already_existed(upload.already_existed);
    if (upload.kind == store::UploadKind::kDataset) {
      ASSAY_ASSIGN_OR_RETURN(const store::DatasetVersionRecord version,
                             store_.datasets().GetVersion(project, upload.result_id));
      ToProto(name.project, version, *response.mutable_dataset_version());
      AddColumns(columns, *response.mutable_dataset_version());
      return absl::OkStatus();
    }
    ASSAY_ASSIGN_OR_RETURN(const store::OutputSetRecord output_set,
                           store_.models().GetOutputSet(project, upload.result_id));
    const VersionNames names(cache_, project, name.project);
    ASSAY_RETURN_IF_ERROR(ToProto(output_set, names, *response.mutable_output_set()));
    AddColumns(columns, *response.mutable_output_set());
    return absl::OkStatus();
  }

  absl::Status Abort(Call& call, const v1::AbortUploadRequest& request,
                     v1::AbortUploadResponse& /*response*/) {
    ASSAY_ASSIGN_OR_RETURN(const NumberedName name,
                           ParseNumberedName("name", "uploads", request.name()));
    ASSAY_ASSIGN_OR_RETURN(const store::Id project, call.ProjectId(name.project));
    return ingestor_.Abort(project, name.id);
  }

  Dispatcher& dispatcher_;
  store::Store& store_;
  VersionCache& cache_;
  ingest::Ingestor& ingestor_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeUploadService(const ServiceContext& context) {
  return std::make_unique<UploadService>(context);
}

}  // namespace assay::api
