#include <grpcpp/server_context.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "assay/v1/baseline_service.grpc.pb.h"
#include "server/api/convert.h"
#include "server/api/page_token.h"
#include "server/api/resolve.h"
#include "server/api/resource_names.h"
#include "server/api/services.h"
#include "server/base/clock.h"
#include "server/base/status_macros.h"

namespace assay::api {
namespace {

constexpr std::size_t kMaxReasonBytes = 1000;
constexpr std::size_t kMaxActorBytes = 256;
constexpr std::int64_t kUsPerSecond = 1'000'000;
constexpr std::int64_t kMaxTtlSeconds = std::int64_t{100} * 366 * 24 * 3600;

class BaselineService : public v1::BaselineService::CallbackService {
 public:
  explicit BaselineService(const ServiceContext& context)
      : dispatcher_(context.dispatcher), store_(context.store), cache_(context.cache) {}

  grpc::ServerUnaryReactor* SetBaseline(grpc::CallbackServerContext* context,
                                        const v1::SetBaselineRequest* request,
                                        v1::Baseline* response) override {
    return dispatcher_.Run(context, "assay.v1.BaselineService/SetBaseline", Lane::kQuick,
                           {request, response},
                           [=, this](Call& call) { return Set(call, *request, *response); });
  }
  grpc::ServerUnaryReactor* GetBaseline(grpc::CallbackServerContext* context,
                                        const v1::GetBaselineRequest* request,
                                        v1::Baseline* response) override {
    return dispatcher_.Run(context, "assay.v1.BaselineService/GetBaseline", Lane::kQuick,
                           {request, response},
                           [=, this](Call& call) { return Get(call, *request, *response); });
  }
  grpc::ServerUnaryReactor* ListBaselines(grpc::CallbackServerContext* context,
                                          const v1::ListBaselinesRequest* request,
                                          v1::ListBaselinesResponse* response) override {
    return dispatcher_.Run(context, "assay.v1.BaselineService/ListBaselines", Lane::kQuick,
                           {request, response},
                           [=, this](Call& call) { return List(call, *request, *response); });
  }
  grpc::ServerUnaryReactor* ListBaselineHistory(
      grpc::CallbackServerContext* context, const v1::ListBaselineHistoryRequest* request,
      v1::ListBaselineHistoryResponse* response) override {
    return dispatcher_.Run(context, "assay.v1.BaselineService/ListBaselineHistory", Lane::kQuick,
                           {request, response},
                           [=, this](Call& call) { return History(call, *request, *response); });
  }

 private:
  absl::Status Fill(const VersionNames& names, const store::BaselineRecord& from,
                    v1::Baseline& to) {
    ASSAY_ASSIGN_OR_RETURN(const store::RunRecord run,
                           store_.runs().GetRun(names.project_id(), from.run_id));
    to.set_name(FormatNamedName(names.project(), "baselines", from.name));
    to.set_run(FormatNumberedName(names.project(), "runs", from.run_id));
    to.set_reason(from.reason);
    to.set_actor(from.actor);
    ToProto(from.created_us, *to.mutable_set_time());
    if (from.expires_us.has_value()) {
      ToProto(*from.expires_us, *to.mutable_expire_time());
      to.set_expired(*from.expires_us <= SystemClock().NowUs());
    }
    ASSAY_ASSIGN_OR_RETURN(*to.mutable_model_version(),
                           names.ModelVersionName(run.model_version_id));
    ASSAY_ASSIGN_OR_RETURN(*to.mutable_dataset_version(),
                           names.DatasetVersionName(run.dataset_version_id));
    return absl::OkStatus();
  }

  template <typename Response>
  absl::Status FillPage(const VersionNames& names, const PageTokens& tokens, std::int32_t size,
                        std::vector<store::BaselineRecord> baselines, Response& response) {
    if (CutToPage(baselines, size)) {
      response.set_next_page_token(tokens.Make(baselines.back().id));
    }
    for (const store::BaselineRecord& baseline : baselines) {
      ASSAY_RETURN_IF_ERROR(Fill(names, baseline, *response.add_baselines()));
    }
    return absl::OkStatus();
  }

  static absl::StatusOr<store::BaselineRecord> ReadRequest(const Caller& caller,
                                                           const v1::SetBaselineRequest& request) {
    ASSAY_RETURN_IF_ERROR(CheckRequestId(request.request_id()));
    ASSAY_RETURN_IF_ERROR(CheckUserId("baseline_id", request.baseline_id()));
    if (request.reason().empty() || request.reason().size() > kMaxReasonBytes) {
      return absl::InvalidArgumentError(absl::StrFormat("reason: expected 1 to %d bytes: %d",
                                                        kMaxReasonBytes, request.reason().size()));
    }
    if (request.actor().size() > kMaxActorBytes) {
      return absl::InvalidArgumentError(absl::StrFormat("actor: %d bytes, at most %d are taken",
                                                        request.actor().size(), kMaxActorBytes));
    }
    store::BaselineRecord baseline;
    baseline.name = request.baseline_id();
    baseline.reason = request.reason();
    baseline.actor = caller.is_known || request.actor().empty() ? caller.name : request.actor();
    if (request.has_ttl()) {
      const std::int64_t ttl_us =
          request.ttl().seconds() * kUsPerSecond + request.ttl().nanos() / 1000;
      if (request.ttl().seconds() < 0 || request.ttl().seconds() > kMaxTtlSeconds || ttl_us <= 0) {
        return absl::InvalidArgumentError("ttl: expected more than 0 and at most 100 years");
      }
      baseline.expires_us = SystemClock().NowUs() + ttl_us;
    }
    return baseline;
  }

  absl::Status Set(Call& call, const v1::SetBaselineRequest& request, v1::Baseline& response) {
    ASSAY_ASSIGN_OR_RETURN(const std::string name, ParseProjectName("parent", request.parent()));
    ASSAY_ASSIGN_OR_RETURN(store::BaselineRecord asked, ReadRequest(call.caller(), request));
    ASSAY_ASSIGN_OR_RETURN(const store::Id project, call.ProjectId(name));
    ASSAY_ASSIGN_OR_RETURN(const Resolver::NamedRun named,
                           Resolver(store_, project, name).Run("run", request.run()));
    ASSAY_ASSIGN_OR_RETURN(const store::RunRecord run, store_.runs().GetRun(project, named.run));
    if (run.state != store::RunState::kSucceeded) {
      return absl::FailedPreconditionError(
          absl::StrFormat("run: '%s' has not succeeded", Quoted(request.run())));
    }
    asked.run_id = named.run;
    ASSAY_ASSIGN_OR_RETURN(const store::BaselineRecord baseline,
                           store_.baselines().Set(project, asked, request.request_id()));
    return Fill(VersionNames(cache_, project, name), baseline, response);
  }

  absl::Status Get(Call& call, const v1::GetBaselineRequest& request, v1::Baseline& response) {
    ASSAY_ASSIGN_OR_RETURN(const NamedName name,
                           ParseNamedName("name", "baselines", request.name()));
    ASSAY_ASSIGN_OR_RETURN(const store::Id project, call.ProjectId(name.project));
    ASSAY_ASSIGN_OR_RETURN(const store::BaselineRecord baseline,
                           store_.baselines().Find(project, name.id));
    return Fill(VersionNames(cache_, project, name.project), baseline, response);
  }

  absl::Status List(Call& call, const v1::ListBaselinesRequest& request,
                    v1::ListBaselinesResponse& response) {
    ASSAY_ASSIGN_OR_RETURN(const std::string name, ParseProjectName("parent", request.parent()));
    ASSAY_ASSIGN_OR_RETURN(const store::Id project, call.ProjectId(name));
    ASSAY_ASSIGN_OR_RETURN(const std::int32_t size, PageSize(request.page_size()));
    const PageTokens tokens({"ListBaselines", request.parent()});
    ASSAY_ASSIGN_OR_RETURN(const std::int64_t before, tokens.Read(request.page_token()));
    ASSAY_ASSIGN_OR_RETURN(std::vector<store::BaselineRecord> baselines,
                           store_.baselines().List(project, {before, size + 1}));
    return FillPage(VersionNames(cache_, project, name), tokens, size, std::move(baselines),
                    response);
  }

  absl::Status History(Call& call, const v1::ListBaselineHistoryRequest& request,
                       v1::ListBaselineHistoryResponse& response) {
    ASSAY_ASSIGN_OR_RETURN(const NamedName name,
                           ParseNamedName("name", "baselines", request.name()));
    ASSAY_ASSIGN_OR_RETURN(const store::Id project, call.ProjectId(name.project));
    ASSAY_ASSIGN_OR_RETURN(const std::int32_t size, PageSize(request.page_size()));
    const PageTokens tokens({"ListBaselineHistory", request.name()});
    ASSAY_ASSIGN_OR_RETURN(const std::int64_t before, tokens.Read(request.page_token()));
    ASSAY_ASSIGN_OR_RETURN(std::vector<store::BaselineRecord> baselines,
                           store_.baselines().History(project, name.id, {before, size + 1}));
    if (baselines.empty() && before == 0) {
      return absl::NotFoundError(absl::StrFormat("no such baseline: '%s'", Quoted(name.id)));
    }
    return FillPage(VersionNames(cache_, project, name.project), tokens, size, std::move(baselines),
                    response);
  }

  Dispatcher& dispatcher_;
  store::Store& store_;
  VersionCache& cache_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeBaselineService(const ServiceContext& context) {
  return std::make_unique<BaselineService>(context);
}

}  // namespace assay::api
