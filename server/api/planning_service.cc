#include <grpcpp/server_context.h>

#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "assay/v1/planning_service.grpc.pb.h"
#include "server/api/resolve.h"
#include "server/api/resource_names.h"
#include "server/api/services.h"
#include "server/api/set_optional.h"
#include "server/base/status_macros.h"
#include "server/run/planning.h"

namespace assay::api {
namespace {

constexpr std::int64_t kDefaultPairs = 1000;
constexpr std::int64_t kMostPairs = 100'000;

// `value`, or `otherwise` when it is 0. INVALID_ARGUMENT outside (lowest, highest).
absl::StatusOr<double> Within(std::string_view field, double value, double otherwise, double lowest,
                              double highest) {
  if (value == 0) {
    return otherwise;
  }
  if (!(value > lowest && value < highest)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s: expected more than %g and less than %g: %g", field, lowest, highest, value));
  }
  return value;
}

void ToProto(const FalseAlarms& from, v1::FalseAlarms& to) {
  to.set_num_alarms(from.num_alarms);
  to.set_num_pairs(from.num_pairs);
  to.set_rate(from.rate);
  to.set_lower(from.interval.lower);
  to.set_upper(from.interval.upper);
}

class PlanningService : public v1::PlanningService::CallbackService {
 public:
  explicit PlanningService(const ServiceContext& context)
      : dispatcher_(context.dispatcher), store_(context.store), scheduler_(context.scheduler) {}

  grpc::ServerUnaryReactor* EstimatePower(grpc::CallbackServerContext* context,
                                          const v1::EstimatePowerRequest* request,
                                          v1::EstimatePowerResponse* response) override {
    return dispatcher_.Run(context, "assay.v1.PlanningService/EstimatePower", Lane::kSlow,
                           {request, response},
                           [=, this](Call& call) { return Power(call, *request, *response); });
  }
  grpc::ServerUnaryReactor* RunSelfTest(grpc::CallbackServerContext* context,
                                        const v1::RunSelfTestRequest* request,
                                        v1::SelfTest* response) override {
    return dispatcher_.Run(context, "assay.v1.PlanningService/RunSelfTest", Lane::kSlow,
                           {request, response},
                           [=, this](Call& call) { return Test(call, *request, *response); });
  }

 private:
  absl::StatusOr<store::RunRecord> Succeeded(const Resolver& resolver, store::Id project,
                                             std::string_view field, const std::string& name) {
    ASSAY_ASSIGN_OR_RETURN(const Resolver::NamedRun named, resolver.Run(field, name));
    ASSAY_ASSIGN_OR_RETURN(const store::RunRecord run, store_.runs().GetRun(project, named.run));
    if (run.state != store::RunState::kSucceeded) {
      return absl::FailedPreconditionError(
          absl::StrFormat("%s: '%s' has not succeeded", field, Quoted(name)));
    }
    return run;
  }

  absl::Status Power(Call& call, const v1::EstimatePowerRequest& request,
                     v1::EstimatePowerResponse& response) {
    ASSAY_ASSIGN_OR_RETURN(const VersionName name, ParseVersionName("dataset_version", "datasets",
                                                                    request.dataset_version()));
    run::PowerOptions options;
    ASSAY_ASSIGN_OR_RETURN(options.alpha, Within("alpha", request.alpha(), options.alpha, 0, 0.5));
    ASSAY_ASSIGN_OR_RETURN(options.power, Within("power", request.power(), options.power, 0, 1));
    ASSAY_ASSIGN_OR_RETURN(options.flip_share, Within("flip_share", request.flip_share(),
                                                      options.flip_share, 0, 1.0000001));
    ASSAY_ASSIGN_OR_RETURN(options.correlation,
                           Within("correlation", request.correlation(), options.correlation, 0, 1));
    ASSAY_ASSIGN_OR_RETURN(const store::Id project, call.ProjectId(name.project));
    const Resolver resolver(store_, project, name.project);
    ASSAY_ASSIGN_OR_RETURN(const store::DatasetVersionRecord dataset,
                           resolver.DatasetVersion("dataset_version", request.dataset_version()));
    std::optional<store::RunRecord> run;
    if (!request.run().empty()) {
      ASSAY_ASSIGN_OR_RETURN(run, Succeeded(resolver, project, "run", request.run()));
      if (run->dataset_version_id != dataset.id) {
        return absl::InvalidArgumentError("run: it is on another dataset version");
      }
    }
    ASSAY_ASSIGN_OR_RETURN(
        const std::vector<run::PowerCell> cells,
        run::EstimatePower(store_, project, dataset, run, options, scheduler_.parallel_for()));
    for (const run::PowerCell& from : cells) {
      v1::PowerCell& to = *response.add_cells();
      to.set_metric(from.metric);
      to.set_cohort(from.cohort);
      to.set_num_rows(from.num_rows);
      to.set_standard_deviation(from.standard_deviation);
      SetOptional(from.drop, to, &v1::PowerCell::set_drop);
      SetOptional(from.rows_for_one_point, to, &v1::PowerCell::set_rows_for_one_point);
    }
    response.set_alpha(options.alpha);
    response.set_power(options.power);
    std::string assumption =
        run.has_value()
            ? absl::StrFormat(
                  "a change flips %g %% of right-or-wrong answers; other scores before "
                  "and after correlate by %g",
                  100 * options.flip_share, options.correlation)
            : absl::StrFormat("a change flips %g %% of the answers", 100 * options.flip_share);
    ASSAY_ASSIGN_OR_RETURN(const double group_factor, run::GroupFactor(store_, project, dataset));
    if (group_factor > 1) {
      assumption.append(
          absl::StrFormat("; rows of one group change each for itself (where they change together, "
                          "a drop must be up to %.3g times as large)",
                          group_factor));
    }
    response.set_assumption(assumption);
    return absl::OkStatus();
  }

  absl::Status Test(Call& call, const v1::RunSelfTestRequest& request, v1::SelfTest& response) {
    ASSAY_ASSIGN_OR_RETURN(const std::string name,
                           ProjectOfRun("baseline_run", request.baseline_run()));
    ASSAY_ASSIGN_OR_RETURN(const double alpha, Within("alpha", request.alpha(), 0.05, 0, 0.5));
    if (request.num_pairs() < 0 || request.num_pairs() > kMostPairs) {
      return absl::InvalidArgumentError(
          absl::StrFormat("num_pairs: expected 1 to %d: %d", kMostPairs, request.num_pairs()));
    }
    ASSAY_ASSIGN_OR_RETURN(const store::Id project, call.ProjectId(name));
    const Resolver resolver(store_, project, name);
    ASSAY_ASSIGN_OR_RETURN(const store::RunRecord baseline,
                           Succeeded(resolver, project, "baseline_run", request.baseline_run()));
    ASSAY_ASSIGN_OR_RETURN(const store::RunRecord candidate,
                           Succeeded(resolver, project, "candidate_run", request.candidate_run()));
    ASSAY_ASSIGN_OR_RETURN(
        const run::MetricSelfTest test,
        run::SelfTestRuns(store_, project, baseline, candidate, request.metric(),
                          request.num_pairs() == 0 ? kDefaultPairs : request.num_pairs(), alpha,
                          scheduler_.parallel_for()));
    response.set_metric(test.metric);
    response.set_num_rows(test.result.num_rows);
    response.set_num_gates(test.result.num_gates);
    response.set_alpha(test.result.alpha);
    response.set_seed(test.result.seed);
    ToProto(test.result.overall, *response.mutable_overall());
    ToProto(test.result.holm, *response.mutable_holm());
    ToProto(test.result.uncorrected, *response.mutable_uncorrected());
    return absl::OkStatus();
  }

  Dispatcher& dispatcher_;
  store::Store& store_;
  run::Scheduler& scheduler_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakePlanningService(const ServiceContext& context) {
  return std::make_unique<PlanningService>(context);
}

}  // namespace assay::api
