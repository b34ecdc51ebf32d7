#include <grpcpp/server_context.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "assay/v1/comparison_service.grpc.pb.h"
#include "server/api/comparison_convert.h"
#include "server/api/page_token.h"
#include "server/api/resolve.h"
#include "server/api/resource_names.h"
#include "server/api/services.h"
#include "server/api/watch.h"
#include "server/base/status_macros.h"

namespace assay::api {
namespace {

constexpr int kMaxNamedRows = 1000;  // of one list of rows

class ComparisonService : public v1::ComparisonService::CallbackService {
 public:
  explicit ComparisonService(const ServiceContext& context)
      : dispatcher_(context.dispatcher),
        store_(context.store),
        cache_(context.cache),
        scheduler_(context.scheduler) {}

  grpc::ServerUnaryReactor* CreateComparison(grpc::CallbackServerContext* context,
                                             const v1::CreateComparisonRequest* request,
                                             v1::Comparison* response) override {
    return dispatcher_.Run(context, "assay.v1.ComparisonService/CreateComparison", Lane::kQuick,
                           {request, response},
                           [=, this](Call& call) { return Create(call, *request, *response); });
  }
  grpc::ServerUnaryReactor* GetComparison(grpc::CallbackServerContext* context,
                                          const v1::GetComparisonRequest* request,
                                          v1::Comparison* response) override {
    return dispatcher_.Run(context, "assay.v1.ComparisonService/GetComparison", Lane::kQuick,
                           {request, response},
                           [=, this](Call& call) { return Get(call, *request, *response); });
  }
  grpc::ServerUnaryReactor* ListComparisons(grpc::CallbackServerContext* context,
                                            const v1::ListComparisonsRequest* request,
                                            v1::ListComparisonsResponse* response) override {
    return dispatcher_.Run(context, "assay.v1.ComparisonService/ListComparisons", Lane::kQuick,
                           {request, response},
                           [=, this](Call& call) { return List(call, *request, *response); });
  }
  grpc::ServerUnaryReactor* ListComparisonRows(grpc::CallbackServerContext* context,
                                               const v1::ListComparisonRowsRequest* request,
                                               v1::ListComparisonRowsResponse* response) override {
    return dispatcher_.Run(context, "assay.v1.ComparisonService/ListComparisonRows", Lane::kSlow,
                           {request, response},
                           [=, this](Call& call) { return Rows(call, *request, *response); });
  }
  grpc::ServerWriteReactor<v1::Comparison>* WatchComparison(
      grpc::CallbackServerContext* context, const v1::WatchComparisonRequest* request) override {
    return WatchStream<v1::Comparison>::Start(
        dispatcher_, context, "assay.v1.ComparisonService/WatchComparison",
        [this, name = request->name()](Call& call) { return Look(call, name); });
  }

 private:
  // A comparison and the project it lies in.
  struct Found {
    store::Id project_id = 0;
    std::string project;
    store::ComparisonRecord comparison;
  };

  absl::StatusOr<Found> Find(Call& call, const std::string& name) {
    ASSAY_ASSIGN_OR_RETURN(const NumberedName parsed,
                           ParseNumberedName("name", "comparisons", name));
    Found found;
    found.project = parsed.project;
    ASSAY_ASSIGN_OR_RETURN(found.project_id, call.ProjectId(parsed.project));
    ASSAY_ASSIGN_OR_RETURN(found.comparison,
                           store_.runs().GetComparison(found.project_id, parsed.id));
    return found;
  }

  absl::Status Fill(const Found& found, v1::Comparison& to) {
    const VersionNames names(cache_, found.project_id, found.project);
    return ToProto(found.comparison, store_, names, to);
  }

  absl::Status Create(Call& call, const v1::CreateComparisonRequest& request,
                      v1::Comparison& response) {
    Found found;
    ASSAY_ASSIGN_OR_RETURN(found.project, ParseProjectName("parent", request.parent()));
    ASSAY_RETURN_IF_ERROR(CheckRequestId(request.request_id()));
    run::ComparisonRequest asked;
    ASSAY_ASSIGN_OR_RETURN(asked.policy, ReadPolicy(request.policy()));
    asked.cohort_pairs = {request.cohort_pairs().begin(), request.cohort_pairs().end()};
    asked.find_slices = request.find_slices();
    ASSAY_ASSIGN_OR_RETURN(found.project_id, call.ProjectId(found.project));
    const Resolver resolver(store_, found.project_id, found.project);
    ASSAY_ASSIGN_OR_RETURN(const Resolver::NamedRun baseline,
                           resolver.Run("baseline_run", request.baseline_run()));
    ASSAY_ASSIGN_OR_RETURN(const Resolver::NamedRun candidate,
                           resolver.Run("candidate_run", request.candidate_run()));
    asked.baseline_run_id = baseline.run;
    asked.baseline_id = baseline.baseline;
    asked.candidate_run_id = candidate.run;
    asked.allow_confounded = request.allow_confounded();
    asked.request_id = request.request_id();
    ASSAY_ASSIGN_OR_RETURN(found.comparison,
                           scheduler_.Compare(found.project_id, asked, call.span().context()));
    call.span().SetResource(absl::StrFormat("comparisons/%d", found.comparison.id));
    return Fill(found, response);
  }

  absl::Status Get(Call& call, const v1::GetComparisonRequest& request, v1::Comparison& response) {
    ASSAY_ASSIGN_OR_RETURN(const Found found, Find(call, request.name()));
    return Fill(found, response);
  }

  absl::Status List(Call& call, const v1::ListComparisonsRequest& request,
                    v1::ListComparisonsResponse& response) {
    ASSAY_ASSIGN_OR_RETURN(const std::string name, ParseProjectName("parent", request.parent()));
    ASSAY_ASSIGN_OR_RETURN(const store::Id project, call.ProjectId(name));
    ASSAY_ASSIGN_OR_RETURN(const std::int32_t size, PageSize(request.page_size()));
    const PageTokens tokens({"ListComparisons", request.parent()});
    ASSAY_ASSIGN_OR_RETURN(const std::int64_t before, tokens.Read(request.page_token()));
    ASSAY_ASSIGN_OR_RETURN(std::vector<store::ComparisonRecord> comparisons,
                           store_.runs().ListComparisons(project, {before, size + 1}));
    if (CutToPage(comparisons, size)) {
      response.set_next_page_token(tokens.Make(comparisons.back().id));
    }
    const VersionNames names(cache_, project, name);
    for (const store::ComparisonRecord& comparison : comparisons) {
      ASSAY_RETURN_IF_ERROR(ToProto(comparison, store_, names, *response.add_comparisons()));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<WatchUpdate<v1::Comparison>> Look(Call& call, const std::string& name) {
    ASSAY_ASSIGN_OR_RETURN(const Found found, Find(call, name));
    WatchUpdate<v1::Comparison> update;
    update.is_last = HasEnded(found.comparison.state);
    ASSAY_RETURN_IF_ERROR(Fill(found, update.message));
    return update;
  }

  absl::Status Rows(Call& call, const v1::ListComparisonRowsRequest& request,
                    v1::ListComparisonRowsResponse& response) {
    if (!v1::RowBucket_IsValid(request.bucket())) {
      return absl::InvalidArgumentError(
          absl::StrFormat("bucket: unknown: %d", static_cast<int>(request.bucket())));
    }
    if (request.rows_size() > kMaxNamedRows) {
      return absl::InvalidArgumentError(absl::StrFormat("rows: %d rows, at most %d are taken",
                                                        request.rows_size(), kMaxNamedRows));
    }
    ASSAY_ASSIGN_OR_RETURN(const std::int32_t size, PageSize(request.page_size()));
    const std::string rows = absl::StrJoin(request.rows(), ",");
    const PageTokens tokens({"ListComparisonRows", request.name(), request.metric(),
                             v1::RowBucket_Name(request.bucket()), request.cohort(), rows});
    ASSAY_ASSIGN_OR_RETURN(const std::int64_t offset, tokens.Read(request.page_token()));
    ASSAY_ASSIGN_OR_RETURN(const Found found, Find(call, request.name()));
    if (found.comparison.state != store::RunState::kSucceeded) {
      return absl::FailedPreconditionError(
          absl::StrFormat("'%s' has not succeeded, so it has no rows", request.name()));
    }
    run::RowQuery query;
    query.metric = request.metric();
    query.bucket = static_cast<run::RowBucket>(request.bucket());
    query.cohort = request.cohort();
    query.rows.assign(request.rows().begin(), request.rows().end());
    query.offset_rank = offset;
    query.limit = size;
    ASSAY_ASSIGN_OR_RETURN(
        const run::RowPage page,
        run::ListComparisonRows(store_, found.project_id, found.comparison, query));
    for (const run::ComparisonRow& row : page.rows) {
      ToProto(row, *response.add_rows());
    }
    const std::int64_t next = offset + static_cast<std::int64_t>(page.rows.size());
    if (!page.rows.empty() && next < page.total_rows) {
      response.set_next_page_token(tokens.Make(next));
    }
    response.set_total_rows(page.total_rows);
    response.set_metric(page.metric);
    response.set_fairness(static_cast<v1::Comparison::Fairness>(found.comparison.result.fairness));
    return absl::OkStatus();
  }

  Dispatcher& dispatcher_;
  store::Store& store_;
  VersionCache& cache_;
  run::Scheduler& scheduler_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeComparisonService(const ServiceContext& context) {
  return std::make_unique<ComparisonService>(context);
}

}  // namespace assay::api
