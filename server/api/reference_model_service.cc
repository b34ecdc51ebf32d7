#include <grpcpp/server_context.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "assay/v1/reference_model_service.grpc.pb.h"
#include "server/api/convert.h"
#include "server/api/model_report.h"
#include "server/api/resolve.h"
#include "server/api/resource_names.h"
#include "server/api/services.h"
#include "server/base/status_macros.h"
#include "server/run/model_derivation.h"
#include "server/run/model_rows.h"
#include "server/run/recorded_outputs.h"
#include "server/run/stale_index.h"
#include "server/run/stored_model.h"

namespace assay::api {
namespace {

constexpr int kMaxSwaps = 100;
// What tells the name of an output set from that of a model version.
constexpr std::string_view kOutputSetPart = "/outputSets/";

void FillSide(const run::SearchSide& from, v1::RetrievalReport::Side& to) {
  to.set_precision_at_1(from.quality.precision_at_1);
  to.set_precision_at_10(from.quality.precision_at_k);
  to.set_mrr_at_10(from.quality.mrr);
  to.set_ndcg_at_10(from.quality.ndcg);
  to.set_top10_jaccard(from.top_jaccard);
  to.set_top1_changed(from.top1_changed);
}

class ReferenceModelService : public v1::ReferenceModelService::CallbackService {
 public:
  explicit ReferenceModelService(const ServiceContext& context)
      : dispatcher_(context.dispatcher),
        store_(context.store),
        tracer_(context.tracer),
        facts_(context.facts) {}

  grpc::ServerUnaryReactor* DeriveModelVersion(grpc::CallbackServerContext* context,
                                               const v1::DeriveModelVersionRequest* request,
                                               v1::ModelVersion* response) override {
    return dispatcher_.Run(context, "assay.v1.ReferenceModelService/DeriveModelVersion",
                           Lane::kSlow, {request, response},
                           [=, this](Call& call) { return Derive(call, *request, *response); });
  }
  grpc::ServerUnaryReactor* CompareLayers(grpc::CallbackServerContext* context,
                                          const v1::CompareLayersRequest* request,
                                          v1::LayerReport* response) override {
    return dispatcher_.Run(context, "assay.v1.ReferenceModelService/CompareLayers", Lane::kSlow,
                           {request, response},
                           [=, this](Call& call) { return Compare(call, *request, *response); });
  }
  grpc::ServerUnaryReactor* DiagnoseModel(grpc::CallbackServerContext* context,
                                          const v1::DiagnoseModelRequest* request,
                                          v1::Diagnosis* response) override {
    return dispatcher_.Run(context, "assay.v1.ReferenceModelService/DiagnoseModel", Lane::kSlow,
                           {request, response},
                           [=, this](Call& call) { return Inspect(call, *request, *response); });
  }

 private:
  absl::Status Derive(Call& call, const v1::DeriveModelVersionRequest& request,
                      v1::ModelVersion& response) {
    ASSAY_ASSIGN_OR_RETURN(const VersionName name,
                           ParseVersionName("base", "models", request.base()));
    ASSAY_ASSIGN_OR_RETURN(const store::Id project, call.ProjectId(name.project));
    const Resolver resolver(store_, project, name.project);
    ASSAY_ASSIGN_OR_RETURN(const store::ModelVersionRecord base,
                           resolver.ModelVersion("base", request.base()));
    if (request.activations_size() > kMaxSwaps) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "activations: %d of them, at most %d are taken", request.activations_size(), kMaxSwaps));
    }
    run::ModelChanges changes;
    changes.activations = {request.activations().begin(), request.activations().end()};
    changes.quantization = request.quantization();
    changes.dtype = request.dtype();
    if (request.has_temperature()) {
      changes.temperature = request.temperature();
    }
    if (!request.calibration_dataset().empty()) {
      ASSAY_ASSIGN_OR_RETURN(
          changes.calibration,
          resolver.DatasetVersion("calibration_dataset", request.calibration_dataset()));
    }
    ASSAY_ASSIGN_OR_RETURN(changes.calibration_rows,
                           run::ParseRowFilter(request.calibration_rows()));
    ASSAY_ASSIGN_OR_RETURN(const store::ModelVersionRecord version,
                           run::DeriveVersion(store_, project, base, changes));
    ToProto(name.project, version, response);
    return AddStoredCost(version, response);
  }

  absl::Status Compare(Call& call, const v1::CompareLayersRequest& request,
                       v1::LayerReport& response) {
    ASSAY_ASSIGN_OR_RETURN(const VersionName name,
                           ParseVersionName("baseline", "models", request.baseline()));
    ASSAY_ASSIGN_OR_RETURN(const store::Id project, call.ProjectId(name.project));
    const Resolver resolver(store_, project, name.project);
    ASSAY_ASSIGN_OR_RETURN(const store::ModelVersionRecord baseline,
                           resolver.ModelVersion("baseline", request.baseline()));
    ASSAY_ASSIGN_OR_RETURN(const store::DatasetVersionRecord dataset,
                           resolver.DatasetVersion("dataset_version", request.dataset_version()));
    ASSAY_ASSIGN_OR_RETURN(const run::StoredModel before,
                           run::LoadStoredModel(store_, project, baseline));
    response.set_baseline(ModelVersionResourceName(name.project, baseline.model_name,
                                                   baseline.number, baseline.derivation));
    response.set_dataset_version(
        FormatVersionName(name.project, "datasets", dataset.dataset_name, dataset.number));
    response.set_isa(facts_.isa);
    AddCost(before.model.architecture(), before.numerics, *response.mutable_baseline_cost());
    if (request.candidate().find(kOutputSetPart) != std::string::npos) {
      ASSAY_ASSIGN_OR_RETURN(const store::Id outputs,
                             resolver.Number("candidate", "outputSets", request.candidate()));
      response.set_candidate(FormatNumberedName(name.project, "outputSets", outputs));
      return CompareRecorded(call, project, dataset, before, outputs, response);
    }
    ASSAY_ASSIGN_OR_RETURN(const store::ModelVersionRecord candidate,
                           resolver.ModelVersion("candidate", request.candidate()));
    response.set_candidate(ModelVersionResourceName(name.project, candidate.model_name,
                                                    candidate.number, candidate.derivation));
    return CompareVersions(call, project, dataset, before, candidate, response);
  }

  absl::Status CompareVersions(Call& call, store::Id project,
                               const store::DatasetVersionRecord& dataset,
                               const run::StoredModel& before,
                               const store::ModelVersionRecord& candidate,
                               v1::LayerReport& response) {
    ASSAY_ASSIGN_OR_RETURN(const run::StoredModel after,
                           run::LoadStoredModel(store_, project, candidate));
    const Architecture& architecture = before.model.architecture();
    ASSAY_ASSIGN_OR_RETURN(const run::ModelRows rows,
                           run::ReadModelRows(store_, project, dataset, architecture, {},
                                              run::MaxLayerRows(architecture)));
    if (rows.num_rows() == 0) {
      return absl::FailedPreconditionError("dataset_version: no row has finite features");
    }
    run::LayerTimer timer_before;
    run::LayerTimer timer_after;
    trace::Span span = tracer_.StartSpan("model.compare_layers", call.span().context());
    span.SetAttribute("rows", rows.num_rows());
    ASSAY_ASSIGN_OR_RETURN(
        const ModelComparison comparison,
        CompareModels({before.model, before.numerics, timer_before},
                      {after.model, after.numerics, timer_after}, rows.features, rows.targets));
    span.End();
    AddComparison(comparison, rows.rows, timer_before, timer_after, response);
    AddCost(after.model.architecture(), after.numerics, *response.mutable_candidate_cost());
    ASSAY_RETURN_IF_ERROR(call.CheckAlive());
    ASSAY_RETURN_IF_ERROR(AddRetrieval(project, dataset, before, after, rows, response));
    response.set_num_rows(rows.num_rows());
    response.set_num_skipped(rows.num_skipped);
    return absl::OkStatus();
  }

  // What was recorded, by whatever runtime, against what the model gives for the same rows.
  absl::Status CompareRecorded(Call& call, store::Id project,
                               const store::DatasetVersionRecord& dataset,
                               const run::StoredModel& model, store::Id output_set,
                               v1::LayerReport& response) {
    ASSAY_ASSIGN_OR_RETURN(const run::RunInputs inputs,
                           run::OpenRunInputs(store_, project, output_set));
    if (inputs.dataset.id != dataset.id) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "candidate: outputs %d answer %s@%d, not %s@%d", output_set, inputs.dataset.dataset_name,
          inputs.dataset.number, dataset.dataset_name, dataset.number));
    }
    const Architecture& architecture = model.model.architecture();
    ASSAY_ASSIGN_OR_RETURN(
        const run::RecordedOutputs recorded,
        run::ReadRecordedOutputs(store_, inputs, architecture, run::MaxLayerRows(architecture)));
    if (recorded.num_rows == 0) {
      return absl::FailedPreconditionError(
          "candidate: no row has both finite features and an answer");
    }
    run::LayerTimer no_times;
    trace::Span span = tracer_.StartSpan("model.compare_outputs", call.span().context());
    span.SetAttribute("rows", recorded.num_rows);
    ASSAY_ASSIGN_OR_RETURN(const ModelComparison comparison,
                           CompareOutputs({model.model, model.numerics, no_times},
                                          recorded.features, recorded.values));
    span.End();
    AddComparison(comparison, {}, no_times, no_times, response);
    response.set_num_rows(recorded.num_rows);
    response.set_num_skipped(recorded.num_skipped);
    return absl::OkStatus();
  }

  // Of embedding models on datasets with documents; nothing otherwise.
  absl::Status AddRetrieval(store::Id project, const store::DatasetVersionRecord& dataset,
                            const run::StoredModel& before, const run::StoredModel& after,
                            const run::ModelRows& rows, v1::LayerReport& response) {
    if (before.model.architecture().embedding.empty() || dataset.num_documents == 0) {
      return absl::OkStatus();
    }
    const absl::StatusOr<run::ModelDocuments> documents =
        run::ReadModelDocuments(store_, project, dataset, before.model.architecture(), rows);
    if (absl::IsNotFound(documents.status())) {
      return absl::OkStatus();
    }
    ASSAY_RETURN_IF_ERROR(documents.status());
    ASSAY_ASSIGN_OR_RETURN(const run::SearchComparison search,
                           run::CompareSearch(before, after, rows, *documents));
    v1::RetrievalReport& report = *response.mutable_retrieval();
    FillSide(search.baseline, *report.mutable_baseline());
    FillSide(search.both_sides, *report.mutable_both_sides());
    FillSide(search.stale_index, *report.mutable_stale_index());
    report.set_num_queries(rows.num_rows());
    report.set_num_documents(documents->num_documents);
    return absl::OkStatus();
  }

  absl::Status Inspect(Call& call, const v1::DiagnoseModelRequest& request,
                       v1::Diagnosis& response) {
    ASSAY_ASSIGN_OR_RETURN(const VersionName name,
                           ParseVersionName("model_version", "models", request.model_version()));
    ASSAY_ASSIGN_OR_RETURN(const store::Id project, call.ProjectId(name.project));
    const Resolver resolver(store_, project, name.project);
    ASSAY_ASSIGN_OR_RETURN(const store::ModelVersionRecord version,
                           resolver.ModelVersion("model_version", request.model_version()));
    ASSAY_ASSIGN_OR_RETURN(const store::DatasetVersionRecord dataset,
                           resolver.DatasetVersion("dataset_version", request.dataset_version()));
    ASSAY_ASSIGN_OR_RETURN(const run::StoredModel stored,
                           run::LoadStoredModel(store_, project, version));
    const Architecture& architecture = stored.model.architecture();
    ASSAY_ASSIGN_OR_RETURN(const run::ModelRows rows,
                           run::ReadModelRows(store_, project, dataset, architecture, {},
                                              run::MaxLayerRows(architecture)));
    if (rows.num_rows() == 0) {
      return absl::FailedPreconditionError("dataset_version: no row has finite features");
    }
    ASSAY_ASSIGN_OR_RETURN(const std::vector<Finding> findings,
                           Diagnose(stored.model, stored.numerics, rows.features, rows.targets));
    AddFindings(findings, response);
    response.set_model_version(ModelVersionResourceName(name.project, version.model_name,
                                                        version.number, version.derivation));
    response.set_dataset_version(
        FormatVersionName(name.project, "datasets", dataset.dataset_name, dataset.number));
    response.set_num_rows(rows.num_rows());
    return absl::OkStatus();
  }

  Dispatcher& dispatcher_;
  store::Store& store_;
  trace::Tracer& tracer_;
  const ServerFacts& facts_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeReferenceModelService(const ServiceContext& context) {
  return std::make_unique<ReferenceModelService>(context);
}

}  // namespace assay::api
