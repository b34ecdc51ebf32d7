#include <grpcpp/server_context.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "assay/v1/run_service.grpc.pb.h"
#include "server/api/batch_convert.h"
#include "server/api/column_reader.h"
#include "server/api/convert.h"
#include "server/api/page_token.h"
#include "server/api/resolve.h"
#include "server/api/resource_names.h"
#include "server/api/services.h"
#include "server/api/watch.h"
#include "server/base/status_macros.h"
#include "server/run/model_outputs.h"

namespace assay::api {
namespace {

constexpr std::int64_t kMaxAnswerBytes = 8 << 20;
constexpr int kMaxEvaluators = 100;
constexpr std::size_t kMaxSpecBytes = 4096;

class RunService : public v1::RunService::CallbackService {
 public:
  explicit RunService(const ServiceContext& context)
      : dispatcher_(context.dispatcher),
        store_(context.store),
        cache_(context.cache),
        ingestor_(context.ingestor),
        scheduler_(context.scheduler),
        tracer_(context.tracer) {}

  grpc::ServerUnaryReactor* CreateRun(grpc::CallbackServerContext* context,
                                      const v1::CreateRunRequest* request,
                                      v1::Run* response) override {
    return dispatcher_.Run(context, "assay.v1.RunService/CreateRun", Lane::kSlow,
                           {request, response},
                           [=, this](Call& call) { return Create(call, *request, *response); });
  }
  grpc::ServerUnaryReactor* GetRun(grpc::CallbackServerContext* context,
                                   const v1::GetRunRequest* request, v1::Run* response) override {
    return dispatcher_.Run(context, "assay.v1.RunService/GetRun", Lane::kQuick, {request, response},
                           [=, this](Call& call) { return Get(call, *request, *response); });
  }
  grpc::ServerUnaryReactor* ListRuns(grpc::CallbackServerContext* context,
                                     const v1::ListRunsRequest* request,
                                     v1::ListRunsResponse* response) override {
    return dispatcher_.Run(context, "assay.v1.RunService/ListRuns", Lane::kQuick,
                           {request, response},
                           [=, this](Call& call) { return List(call, *request, *response); });
  }
  grpc::ServerUnaryReactor* CancelRun(grpc::CallbackServerContext* context,
                                      const v1::CancelRunRequest* request,
                                      v1::Run* response) override {
    return dispatcher_.Run(context, "assay.v1.RunService/CancelRun", Lane::kQuick,
                           {request, response},
                           [=, this](Call& call) { return Cancel(call, *request, *response); });
  }
  grpc::ServerUnaryReactor* ReadScores(grpc::CallbackServerContext* context,
                                       const v1::ReadScoresRequest* request,
                                       v1::ReadScoresResponse* response) override {
    return dispatcher_.Run(context, "assay.v1.RunService/ReadScores", Lane::kSlow,
                           {request, response},
                           [=, this](Call& call) { return Read(call, *request, *response); });
  }
  grpc::ServerWriteReactor<v1::Run>* WatchRun(grpc::CallbackServerContext* context,
                                              const v1::WatchRunRequest* request) override {
    return WatchStream<v1::Run>::Start(
        dispatcher_, context, "assay.v1.RunService/WatchRun",
        [this, name = request->name()](Call& call) { return Look(call, name); });
  }

 private:
  absl::Status Create(Call& call, const v1::CreateRunRequest& request, v1::Run& response) {
    ASSAY_ASSIGN_OR_RETURN(const std::string name, ParseProjectName("parent", request.parent()));
    ASSAY_ASSIGN_OR_RETURN(run::RunRequest asked, ReadRequest(request));
    ASSAY_ASSIGN_OR_RETURN(const store::Id project, call.ProjectId(name));
    ASSAY_ASSIGN_OR_RETURN(asked.output_set_id,
                           FindOutputSet(call, Resolver(store_, project, name), project, request));
    ASSAY_ASSIGN_OR_RETURN(const store::RunRecord run,
                           scheduler_.Submit(project, asked, call.span().context()));
    call.span().SetResource(absl::StrFormat("runs/%d", run.id));
    return Fill(project, name, run, response);
  }

  static absl::StatusOr<run::RunRequest> ReadRequest(const v1::CreateRunRequest& request) {
    ASSAY_RETURN_IF_ERROR(CheckRequestId(request.request_id()));
    if (request.evaluators_size() > kMaxEvaluators) {
      return absl::InvalidArgumentError(
          absl::StrFormat("evaluators: %d of them, at most %d are taken", request.evaluators_size(),
                          kMaxEvaluators));
    }
    run::RunRequest asked;
    for (const std::string& evaluator : request.evaluators()) {
      if (evaluator.size() > kMaxSpecBytes) {
        return absl::InvalidArgumentError(absl::StrFormat(
            "evaluators: %d bytes, at most %d are taken", evaluator.size(), kMaxSpecBytes));
      }
      asked.evaluators.push_back(evaluator);
    }
    if (request.row_filter().size() > kMaxSpecBytes) {
      return absl::InvalidArgumentError(
          absl::StrFormat("row_filter: %d bytes, at most %d are taken", request.row_filter().size(),
                          kMaxSpecBytes));
    }
    asked.row_filter = request.row_filter();
    asked.reuse = request.reuse();
    asked.request_id = request.request_id();
    return asked;
  }

  // The outputs that a request names, or the newest ones of both versions. A model with artifacts
  // that has none yet makes them.
  absl::StatusOr<store::Id> FindOutputSet(Call& call, const Resolver& resolver, store::Id project,
                                          const v1::CreateRunRequest& request) {
    store::Id dataset_version = 0;
    store::Id model_version = 0;
    ASSAY_ASSIGN_OR_RETURN(dataset_version,
                           resolver.DatasetVersionOrAny(request.dataset_version()));
    ASSAY_ASSIGN_OR_RETURN(model_version, resolver.ModelVersionOrAny(request.model_version()));
    if (request.output_set().empty()) {
      if (dataset_version == 0 || model_version == 0) {
        return absl::InvalidArgumentError(
            "output_set: required, or both dataset_version and model_version");
      }
      ASSAY_ASSIGN_OR_RETURN(
          const std::vector<store::OutputSetRecord> newest,
          store_.models().ListOutputSets(project, dataset_version, model_version, {0, 1}));
      if (newest.empty()) {
        ASSAY_ASSIGN_OR_RETURN(const store::ModelVersionRecord model,
                               store_.models().GetVersion(project, model_version));
        if (!model.external) {
          ASSAY_ASSIGN_OR_RETURN(const store::DatasetVersionRecord dataset,
                                 store_.datasets().GetVersion(project, dataset_version));
          return run::ProduceOutputs({store_, ingestor_, tracer_, call.span().context(),
                                      [&] { return call.CheckAlive(); }, scheduler_.parallel_for()},
                                     project, dataset, model);
        }
        return absl::NotFoundError(absl::StrFormat(
            "no outputs of '%s' on '%s'", request.model_version(), request.dataset_version()));
      }
      return newest.front().id;
    }
    ASSAY_ASSIGN_OR_RETURN(const store::Id id,
                           resolver.Number("output_set", "outputSets", request.output_set()));
    ASSAY_ASSIGN_OR_RETURN(const store::OutputSetRecord output_set,
                           store_.models().GetOutputSet(project, id));
    if (dataset_version != 0 && dataset_version != output_set.dataset_version_id) {
      return absl::InvalidArgumentError(
          absl::StrFormat("dataset_version: '%s' is not the one that '%s' answers",
                          request.dataset_version(), request.output_set()));
    }
    if (model_version != 0 && model_version != output_set.model_version_id) {
      return absl::InvalidArgumentError(
          absl::StrFormat("model_version: '%s' is not the one that made '%s'",
                          request.model_version(), request.output_set()));
    }
    return output_set.id;
  }

  // A run that a call names, directly or by a baseline.
  struct Located {
    std::string project_name;
    store::Id project = 0;
    store::Id run = 0;
  };
  absl::StatusOr<Located> Locate(Call& call, const std::string& name) {
    Located at;
    ASSAY_ASSIGN_OR_RETURN(at.project_name, ProjectOfRun("name", name));
    ASSAY_ASSIGN_OR_RETURN(at.project, call.ProjectId(at.project_name));
    ASSAY_ASSIGN_OR_RETURN(const Resolver::NamedRun named,
                           Resolver(store_, at.project, at.project_name).Run("name", name));
    at.run = named.run;
    return at;
  }

  // A run with its summaries.
  absl::Status Fill(store::Id project, const std::string& project_name,
                    const store::RunRecord& from, v1::Run& to) {
    const VersionNames names(cache_, project, project_name);
    ASSAY_RETURN_IF_ERROR(ToProto(from, names, to));
    if (from.state == store::RunState::kSucceeded) {
      ASSAY_ASSIGN_OR_RETURN(const std::vector<store::SummaryRecord> summaries,
                             store_.runs().ListSummaries(project, from.id));
      AddSummaries(summaries, to);
      ASSAY_ASSIGN_OR_RETURN(const std::vector<ResultTable> tables,
                             store_.runs().ListTables(project, from.id));
      AddTables(tables, to);
    }
    return absl::OkStatus();
  }

  absl::Status Get(Call& call, const v1::GetRunRequest& request, v1::Run& response) {
    ASSAY_ASSIGN_OR_RETURN(const Located at, Locate(call, request.name()));
    ASSAY_ASSIGN_OR_RETURN(const store::RunRecord run, store_.runs().GetRun(at.project, at.run));
    return Fill(at.project, at.project_name, run, response);
  }

  absl::Status List(Call& call, const v1::ListRunsRequest& request,
                    v1::ListRunsResponse& response) {
    ASSAY_ASSIGN_OR_RETURN(const std::string name, ParseProjectName("parent", request.parent()));
    ASSAY_ASSIGN_OR_RETURN(const store::Id project, call.ProjectId(name));
    ASSAY_ASSIGN_OR_RETURN(const std::int32_t size, PageSize(request.page_size()));
    const PageTokens tokens(
        {"ListRuns", request.parent(), request.dataset_version(), request.model_version()});
    ASSAY_ASSIGN_OR_RETURN(const std::int64_t before, tokens.Read(request.page_token()));
    const Resolver resolver(store_, project, name);
    ASSAY_ASSIGN_OR_RETURN(const store::Id dataset_version,
                           resolver.DatasetVersionOrAny(request.dataset_version()));
    ASSAY_ASSIGN_OR_RETURN(const store::Id model_version,
                           resolver.ModelVersionOrAny(request.model_version()));
    ASSAY_ASSIGN_OR_RETURN(
        std::vector<store::RunRecord> runs,
        store_.runs().ListRuns(project, dataset_version, model_version, {before, size + 1}));
    if (CutToPage(runs, size)) {
      response.set_next_page_token(tokens.Make(runs.back().id));
    }
    const VersionNames names(cache_, project, name);
    for (const store::RunRecord& run : runs) {
      ASSAY_RETURN_IF_ERROR(ToProto(run, names, *response.add_runs()));
    }
    return absl::OkStatus();
  }

  absl::Status Cancel(Call& call, const v1::CancelRunRequest& request, v1::Run& response) {
    ASSAY_ASSIGN_OR_RETURN(const NumberedName name,
                           ParseNumberedName("name", "runs", request.name()));
    ASSAY_ASSIGN_OR_RETURN(const store::Id project, call.ProjectId(name.project));
    ASSAY_ASSIGN_OR_RETURN(const store::RunRecord run, scheduler_.Cancel(project, name.id));
    call.span().SetResource(absl::StrFormat("runs/%d", run.id));
    return Fill(project, name.project, run, response);
  }

  absl::StatusOr<WatchUpdate<v1::Run>> Look(Call& call, const std::string& run_name) {
    ASSAY_ASSIGN_OR_RETURN(const Located at, Locate(call, run_name));
    ASSAY_ASSIGN_OR_RETURN(const store::RunRecord run, store_.runs().GetRun(at.project, at.run));
    WatchUpdate<v1::Run> update;
    update.is_last = HasEnded(run.state);
    ASSAY_RETURN_IF_ERROR(Fill(at.project, at.project_name, run, update.message));
    return update;
  }

  absl::Status Read(Call& call, const v1::ReadScoresRequest& request,
                    v1::ReadScoresResponse& response) {
    ASSAY_ASSIGN_OR_RETURN(const RowRange range,
                           MakeRowRange(request.start_row(), request.max_rows()));
    ASSAY_ASSIGN_OR_RETURN(const Located at, Locate(call, request.name()));
    const store::Id project = at.project;
    ASSAY_ASSIGN_OR_RETURN(const store::RunRecord run, store_.runs().GetRun(project, at.run));
    if (run.state != store::RunState::kSucceeded) {
      return absl::FailedPreconditionError(
          absl::StrFormat("'%s' has not succeeded, so it has no scores", request.name()));
    }
    ASSAY_ASSIGN_OR_RETURN(
        const std::vector<ColumnSource> sources,
        ScoreSources(project, run, {request.metrics().begin(), request.metrics().end()}));
    ASSAY_ASSIGN_OR_RETURN(const RowBlock block,
                           ReadRows(store_.columns(), project, sources, run.num_rows, range,
                                    kMaxAnswerBytes, [&call] { return call.CheckAlive(); }));
    ColumnsToBatch(block.columns, block.num_rows, *response.mutable_batch());
    return absl::OkStatus();
  }

  // Keys of the dataset version, then status and scores of the run.
  absl::StatusOr<std::vector<ColumnSource>> ScoreSources(store::Id project,
                                                         const store::RunRecord& run,
                                                         const std::vector<std::string>& metrics) {
    ASSAY_ASSIGN_OR_RETURN(const store::DatasetVersionRecord version,
                           store_.datasets().GetVersion(project, run.dataset_version_id));
    ASSAY_ASSIGN_OR_RETURN(const std::vector<store::ColumnRecord> dataset_columns,
                           store_.columns().ListColumns(project, version.id));
    ASSAY_ASSIGN_OR_RETURN(const std::vector<store::ColumnRecord> run_columns,
                           store_.columns().ListColumns(project, run.id));
    ASSAY_ASSIGN_OR_RETURN(
        std::vector<ColumnSource> sources,
        SelectColumns(version.id,
                      absl::StrFormat("dataset %s@%d", version.dataset_name, version.number),
                      dataset_columns, store::Table::kRows, {"key"}));
    std::vector<std::string> names = {"status"};
    for (const MetricDescriptor& metric : run.metrics) {
      if (metrics.empty() && metric.kind != MetricKind::kCorpus) {
        names.push_back(metric.id);
      }
    }
    for (const std::string& id : metrics) {
      const auto found =
          std::find_if(run.metrics.begin(), run.metrics.end(),
                       [&id](const MetricDescriptor& metric) { return metric.id == id; });
      if (found == run.metrics.end()) {
        return absl::InvalidArgumentError(
            absl::StrFormat("metrics: run %d has no metric '%s'", run.id, Quoted(id)));
      }
      if (found->kind == MetricKind::kCorpus) {
        return absl::InvalidArgumentError(absl::StrFormat(
            "metrics: '%s' is computed from all rows together and has no row scores", id));
      }
      names.push_back(id);
    }
    ASSAY_ASSIGN_OR_RETURN(const std::vector<ColumnSource> scores,
                           SelectColumns(run.id, absl::StrFormat("run %d", run.id), run_columns,
                                         store::Table::kRows, names));
    sources.insert(sources.end(), scores.begin(), scores.end());
    return sources;
  }

  Dispatcher& dispatcher_;
  store::Store& store_;
  VersionCache& cache_;
  ingest::Ingestor& ingestor_;
  run::Scheduler& scheduler_;
  trace::Tracer& tracer_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeRunService(const ServiceContext& context) {
  return std::make_unique<RunService>(context);
}

}  // namespace assay::api
