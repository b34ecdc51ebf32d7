#include <grpcpp/server_context.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "assay/v1/model_service.grpc.pb.h"
#include "server/api/batch_convert.h"
#include "server/api/column_reader.h"
#include "server/api/convert.h"
#include "server/api/model_digest.h"
#include "server/api/model_report.h"
#include "server/api/page_token.h"
#include "server/api/resolve.h"
#include "server/api/resource_names.h"
#include "server/api/services.h"
#include "server/base/status_macros.h"
#include "server/run/stored_model.h"

namespace assay::api {
namespace {

constexpr std::int64_t kMaxAnswerBytes = 8 << 20;

class ModelService : public v1::ModelService::CallbackService {
 public:
  explicit ModelService(const ServiceContext& context)
      : dispatcher_(context.dispatcher), store_(context.store), cache_(context.cache) {}

  grpc::ServerUnaryReactor* CreateModelVersion(grpc::CallbackServerContext* context,
                                               const v1::CreateModelVersionRequest* request,
                                               v1::CreateModelVersionResponse* response) override {
    return dispatcher_.Run(context, "assay.v1.ModelService/CreateModelVersion", Lane::kSlow,
                           {request, response},
                           [=, this](Call& call) { return Create(call, *request, *response); });
  }
  grpc::ServerUnaryReactor* GetModelVersion(grpc::CallbackServerContext* context,
                                            const v1::GetModelVersionRequest* request,
                                            v1::ModelVersion* response) override {
    return dispatcher_.Run(context, "assay.v1.ModelService/GetModelVersion", Lane::kQuick,
                           {request, response},
                           [=, this](Call& call) { return GetVersion(call, *request, *response); });
  }
  grpc::ServerUnaryReactor* ListModels(grpc::CallbackServerContext* context,
                                       const v1::ListModelsRequest* request,
                                       v1::ListModelsResponse* response) override {
    return dispatcher_.Run(context, "assay.v1.ModelService/ListModels", Lane::kQuick,
                           {request, response},
                           [=, this](Call& call) { return List(call, *request, *response); });
  }
  grpc::ServerUnaryReactor* ListModelVersions(grpc::CallbackServerContext* context,
                                              const v1::ListModelVersionsRequest* request,
                                              v1::ListModelVersionsResponse* response) override {
    return dispatcher_.Run(
        context, "assay.v1.ModelService/ListModelVersions", Lane::kQuick, {request, response},
        [=, this](Call& call) { return ListVersions(call, *request, *response); });
  }
  grpc::ServerUnaryReactor* GetOutputSet(grpc::CallbackServerContext* context,
                                         const v1::GetOutputSetRequest* request,
                                         v1::OutputSet* response) override {
    return dispatcher_.Run(context, "assay.v1.ModelService/GetOutputSet", Lane::kQuick,
                           {request, response},
                           [=, this](Call& call) { return GetOutputs(call, *request, *response); });
  }
  grpc::ServerUnaryReactor* ListOutputSets(grpc::CallbackServerContext* context,
                                           const v1::ListOutputSetsRequest* request,
                                           v1::ListOutputSetsResponse* response) override {
    return dispatcher_.Run(
        context, "assay.v1.ModelService/ListOutputSets", Lane::kQuick, {request, response},
        [=, this](Call& call) { return ListOutputs(call, *request, *response); });
  }
  grpc::ServerUnaryReactor* ReadOutputs(grpc::CallbackServerContext* context,
                                        const v1::ReadOutputsRequest* request,
                                        v1::ReadOutputsResponse* response) override {
    return dispatcher_.Run(context, "assay.v1.ModelService/ReadOutputs", Lane::kSlow,
                           {request, response},
                           [=, this](Call& call) { return Read(call, *request, *response); });
  }

 private:
  absl::Status Create(Call& call, const v1::CreateModelVersionRequest& request,
                      v1::CreateModelVersionResponse& response) {
    ASSAY_ASSIGN_OR_RETURN(const std::string name, ParseProjectName("parent", request.parent()));
    ASSAY_RETURN_IF_ERROR(CheckUserId("model", request.model()));
    ASSAY_RETURN_IF_ERROR(CheckRequestId(request.request_id()));
    ASSAY_ASSIGN_OR_RETURN(store::ModelVersionRecord version, request.version().external()
                                                                  ? ExternalVersion(request)
                                                                  : VersionWithArtifacts(request));
    version.model_name = request.model();
    ASSAY_ASSIGN_OR_RETURN(const store::Id project, call.ProjectId(name));
    ASSAY_ASSIGN_OR_RETURN(
        const auto added,
        store_.models().AddVersion(project, version, request.request_id(),
                                   version.external ? std::vector<store::ColumnChunks>()
                                                    : run::WeightsColumn(request.weights())));
    ToProto(name, added.first, *response.mutable_version());
    response.set_already_existed(added.second);
    return absl::OkStatus();
  }

  static absl::StatusOr<store::ModelVersionRecord> ExternalVersion(
      const v1::CreateModelVersionRequest& request) {
    if (!request.architecture().empty() || !request.weights().empty()) {
      return absl::InvalidArgumentError(
          "version.external: a version with architecture and weights is not external");
    }
    store::ModelVersionRecord version;
    version.config = {request.version().config().begin(), request.version().config().end()};
    version.activation = request.version().activation();
    version.weights_digest = request.version().weights_digest();
    version.architecture = request.version().architecture();
    version.dtype = request.version().dtype();
    version.quantization = request.version().quantization();
    version.preprocessing = request.version().preprocessing();
    ASSAY_RETURN_IF_ERROR(CheckModelVersion(version));
    ASSAY_ASSIGN_OR_RETURN(version.digest, ModelVersionDigest(version));
    return version;
  }

  static absl::StatusOr<store::ModelVersionRecord> VersionWithArtifacts(
      const v1::CreateModelVersionRequest& request) {
    constexpr std::size_t kMaxArchitectureBytes = 4 << 20;
    if (request.architecture().empty() || request.weights().empty()) {
      return absl::InvalidArgumentError(
          "version.external: must be true unless architecture and weights are given");
    }
    if (request.architecture().size() > kMaxArchitectureBytes) {
      return absl::InvalidArgumentError(
          absl::StrFormat("architecture: %d bytes, at most %d are taken",
                          request.architecture().size(), kMaxArchitectureBytes));
    }
    ASSAY_ASSIGN_OR_RETURN(store::ModelVersionRecord version,
                           run::MakeStoredVersion(request.architecture(), request.weights()));
    version.config = {request.version().config().begin(), request.version().config().end()};
    ASSAY_RETURN_IF_ERROR(CheckModelVersion(version));
    version.digest = run::StoredVersionDigest(version);
    return version;
  }

  absl::Status GetVersion(Call& call, const v1::GetModelVersionRequest& request,
                          v1::ModelVersion& response) {
    ASSAY_ASSIGN_OR_RETURN(const VersionName name,
                           ParseVersionName("name", "models", request.name()));
    ASSAY_ASSIGN_OR_RETURN(const store::Id project, call.ProjectId(name.project));
    ASSAY_ASSIGN_OR_RETURN(const store::ModelVersionRecord version,
                           store_.models().FindVersion(project, name.id, name.version));
    ToProto(name.project, version, response);
    return AddStoredCost(version, response);
  }

  absl::Status List(Call& call, const v1::ListModelsRequest& request,
                    v1::ListModelsResponse& response) {
    ASSAY_ASSIGN_OR_RETURN(const std::string name, ParseProjectName("parent", request.parent()));
    ASSAY_ASSIGN_OR_RETURN(const store::Id project, call.ProjectId(name));
    ASSAY_ASSIGN_OR_RETURN(const std::int32_t size, PageSize(request.page_size()));
    const PageTokens tokens({"ListModels", request.parent()});
    ASSAY_ASSIGN_OR_RETURN(const std::int64_t before, tokens.Read(request.page_token()));
    ASSAY_ASSIGN_OR_RETURN(std::vector<store::ModelRecord> models,
                           store_.models().ListModels(project, {before, size + 1}));
    if (CutToPage(models, size)) {
      response.set_next_page_token(tokens.Make(models.back().id));
    }
    for (const store::ModelRecord& model : models) {
      v1::Model& added = *response.add_models();
      added.set_name(FormatNamedName(name, "models", model.name));
      ToProto(model.created_us, *added.mutable_create_time());
      ASSAY_ASSIGN_OR_RETURN(const store::ModelVersionRecord latest,
                             store_.models().FindVersion(project, model.name, "latest"));
      ToProto(name, latest, *added.mutable_latest_version());
    }
    return absl::OkStatus();
  }

  absl::Status ListVersions(Call& call, const v1::ListModelVersionsRequest& request,
                            v1::ListModelVersionsResponse& response) {
    ASSAY_ASSIGN_OR_RETURN(const NamedName name,
                           ParseNamedName("parent", "models", request.parent()));
    ASSAY_ASSIGN_OR_RETURN(const store::Id project, call.ProjectId(name.project));
    ASSAY_ASSIGN_OR_RETURN(const std::int32_t size, PageSize(request.page_size()));
    const PageTokens tokens({"ListModelVersions", request.parent()});
    ASSAY_ASSIGN_OR_RETURN(const std::int64_t before, tokens.Read(request.page_token()));
    ASSAY_ASSIGN_OR_RETURN(const store::ModelRecord model,
                           store_.models().FindModel(project, name.id));
    ASSAY_ASSIGN_OR_RETURN(std::vector<store::ModelVersionRecord> versions,
                           store_.models().ListVersions(project, model.id, {before, size + 1}));
    if (CutToPage(versions, size)) {
      response.set_next_page_token(tokens.Make(versions.back().number));
    }
    for (const store::ModelVersionRecord& version : versions) {
      ToProto(name.project, version, *response.add_versions());
    }
    return absl::OkStatus();
  }

  absl::Status GetOutputs(Call& call, const v1::GetOutputSetRequest& request,
                          v1::OutputSet& response) {
    ASSAY_ASSIGN_OR_RETURN(const NumberedName name,
                           ParseNumberedName("name", "outputSets", request.name()));
    ASSAY_ASSIGN_OR_RETURN(const store::Id project, call.ProjectId(name.project));
    ASSAY_ASSIGN_OR_RETURN(const store::OutputSetRecord output_set,
                           store_.models().GetOutputSet(project, name.id));
    ASSAY_ASSIGN_OR_RETURN(const std::vector<store::ColumnRecord> columns,
                           store_.columns().ListColumns(project, output_set.id));
    const VersionNames names(cache_, project, name.project);
    ASSAY_RETURN_IF_ERROR(ToProto(output_set, names, response));
    AddColumns(columns, response);
    return absl::OkStatus();
  }

  absl::Status ListOutputs(Call& call, const v1::ListOutputSetsRequest& request,
                           v1::ListOutputSetsResponse& response) {
    ASSAY_ASSIGN_OR_RETURN(const std::string name, ParseProjectName("parent", request.parent()));
    ASSAY_ASSIGN_OR_RETURN(const store::Id project, call.ProjectId(name));
    ASSAY_ASSIGN_OR_RETURN(const std::int32_t size, PageSize(request.page_size()));
    const PageTokens tokens(
        {"ListOutputSets", request.parent(), request.dataset_version(), request.model_version()});
    ASSAY_ASSIGN_OR_RETURN(const std::int64_t before, tokens.Read(request.page_token()));
    const Resolver resolver(store_, project, name);
    ASSAY_ASSIGN_OR_RETURN(const store::Id dataset_version,
                           resolver.DatasetVersionOrAny(request.dataset_version()));
    ASSAY_ASSIGN_OR_RETURN(const store::Id model_version,
                           resolver.ModelVersionOrAny(request.model_version()));
    ASSAY_ASSIGN_OR_RETURN(std::vector<store::OutputSetRecord> output_sets,
                           store_.models().ListOutputSets(project, dataset_version, model_version,
                                                          {before, size + 1}));
    if (CutToPage(output_sets, size)) {
      response.set_next_page_token(tokens.Make(output_sets.back().id));
    }
    const VersionNames names(cache_, project, name);
    for (const store::OutputSetRecord& output_set : output_sets) {
      ASSAY_RETURN_IF_ERROR(ToProto(output_set, names, *response.add_output_sets()));
    }
    return absl::OkStatus();
  }

  absl::Status Read(Call& call, const v1::ReadOutputsRequest& request,
                    v1::ReadOutputsResponse& response) {
    ASSAY_ASSIGN_OR_RETURN(const NumberedName name,
                           ParseNumberedName("name", "outputSets", request.name()));
    ASSAY_ASSIGN_OR_RETURN(const RowRange range,
                           MakeRowRange(request.start_row(), request.max_rows()));
    ASSAY_ASSIGN_OR_RETURN(const store::Id project, call.ProjectId(name.project));
    ASSAY_ASSIGN_OR_RETURN(const store::OutputSetRecord output_set,
                           store_.models().GetOutputSet(project, name.id));
    ASSAY_ASSIGN_OR_RETURN(const std::vector<store::ColumnRecord> columns,
                           store_.columns().ListColumns(project, output_set.id));
    ASSAY_ASSIGN_OR_RETURN(
        const std::vector<ColumnSource> sources,
        SelectColumns(output_set.id, absl::StrFormat("output set %d", output_set.id), columns,
                      store::Table::kRows, {request.columns().begin(), request.columns().end()}));
    ASSAY_ASSIGN_OR_RETURN(const RowBlock block,
                           ReadRows(store_.columns(), project, sources, output_set.num_rows, range,
                                    kMaxAnswerBytes, [&call] { return call.CheckAlive(); }));
    ColumnsToBatch(block.columns, block.num_rows, *response.mutable_batch());
    return absl::OkStatus();
  }

  Dispatcher& dispatcher_;
  store::Store& store_;
  VersionCache& cache_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeModelService(const ServiceContext& context) {
  return std::make_unique<ModelService>(context);
}

}  // namespace assay::api
