#include <grpcpp/server_context.h>

#include <chrono>
#include <string>

#include "assay/v1/admin_service.grpc.pb.h"
#include "server/api/services.h"
#include "server/base/status_macros.h"

namespace assay::api {
namespace {

class AdminService : public v1::AdminService::CallbackService {
 public:
  explicit AdminService(const ServiceContext& context)
      : dispatcher_(context.dispatcher), store_(context.store), facts_(context.facts) {}

  grpc::ServerUnaryReactor* GetServerInfo(grpc::CallbackServerContext* context,
                                          const v1::GetServerInfoRequest* request,
                                          v1::ServerInfo* response) override {
    return dispatcher_.Run(context, "assay.v1.AdminService/GetServerInfo", Lane::kQuick,
                           {request, response},
                           [=, this](Call& call) { return Info(call, *request, *response); });
  }
  grpc::ServerUnaryReactor* CheckStore(grpc::CallbackServerContext* context,
                                       const v1::CheckStoreRequest* request,
                                       v1::CheckStoreResponse* response) override {
    return dispatcher_.Run(context, "assay.v1.AdminService/CheckStore", Lane::kSlow,
                           {request, response},
                           [=, this](Call& call) { return Check(call, *request, *response); });
  }

 private:
  absl::Status Info(Call& /*call*/, const v1::GetServerInfoRequest& /*request*/,
                    v1::ServerInfo& response) {
    const store::StoreSizes sizes = store_.Sizes();
    response.set_version(facts_.version);
    response.set_data_dir(facts_.data_dir);
    response.set_schema_version(store_.schema_version());
    response.set_store_bytes(sizes.store_bytes);
    response.set_traces_bytes(sizes.traces_bytes);
    response.set_num_workers(facts_.num_workers);
    response.set_isa(facts_.isa);
    response.set_uptime_s(std::chrono::duration_cast<std::chrono::seconds>(
                              std::chrono::steady_clock::now() - facts_.start)
                              .count());
    response.set_http_address(facts_.http_address);
    response.set_public_url(facts_.public_url);
    return absl::OkStatus();
  }

  absl::Status Check(Call& call, const v1::CheckStoreRequest& /*request*/,
                     v1::CheckStoreResponse& response) {
    if (call.caller().project != kAllProjects) {
      return absl::PermissionDeniedError(
          "checking the store needs a token for all projects: its findings name any of them");
    }
    ASSAY_ASSIGN_OR_RETURN(const store::CheckResult result, store_.Check());
    for (const store::StoreFinding& finding : result.findings) {
      v1::StoreFinding& added = *response.add_findings();
      added.set_where(finding.where);
      added.set_problem(finding.problem);
    }
    response.set_num_chunks(result.num_chunks);
    response.set_num_bytes(result.num_bytes);
    return absl::OkStatus();
  }

  Dispatcher& dispatcher_;
  store::Store& store_;
  const ServerFacts& facts_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeAdminService(const ServiceContext& context) {
  return std::make_unique<AdminService>(context);
}

}  // namespace assay::api
