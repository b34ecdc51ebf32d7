#include "server/api/server.h"

#include <grpc/support/log.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/impl/server_builder_plugin.h>

#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "server/api/call.h"
#include "server/api/services.h"
#include "server/base/log.h"

namespace assay::api {
namespace {

// The largest messages are one of spans and one with the weights of a model; the rest is for what
// is around it. Calls with smaller limits check them themselves.
constexpr int kMaxReceiveBytes = static_cast<int>(OtlpReceiver::kMaxRequestBytes);
constexpr std::chrono::milliseconds kCancelPatience{200};
constexpr int kKeepaliveTimeMs = 60'000;
constexpr int kKeepaliveTimeoutMs = 20'000;
constexpr int kMinPingIntervalMs = 10'000;

constexpr std::string_view kServiceNames[] = {
    "assay.v1.AdminService",          "assay.v1.BaselineService", "assay.v1.ComparisonService",
    "assay.v1.DatasetService",        "assay.v1.ModelService",    "assay.v1.PlanningService",
    "assay.v1.ReferenceModelService", "assay.v1.RunService",      "assay.v1.TraceService",
    "assay.v1.UploadService"};

// gRPC's own messages, which would otherwise go to stderr in a form of their own.
void LogFromGrpc(gpr_log_func_args* args) {
  const LogLevel level =
      args->severity == GPR_LOG_SEVERITY_ERROR ? LogLevel::kWarning : LogLevel::kDebug;
  Log(level, "grpc", {{"file", args->file}, {"line", args->line}, {"message", args->message}});
}

// Switches reflection on or off for one server. The library alone would switch it on for all of
// them, just by being linked.
class ReflectionOption : public grpc::ServerBuilderOption {
 public:
  explicit ReflectionOption(bool is_on) : is_on_(is_on) {}
  void UpdateArguments(grpc::ChannelArguments* /*arguments*/) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    auto reflection = std::make_unique<grpc::reflection::ProtoServerReflectionPlugin>();
    std::erase_if(*plugins, [name = reflection->name()](const auto& plugin) {
      return plugin->name() == name;
    });
    if (is_on_) {
      plugins->push_back(std::move(reflection));
    }
  }

 private:
  const bool is_on_;
};

std::shared_ptr<grpc::ServerCredentials> MakeCredentials(const TlsFiles& tls) {
  if (tls.certificate_chain.empty()) {
    return grpc::InsecureServerCredentials();
  }
  grpc::SslServerCredentialsOptions options;
  options.pem_key_cert_pairs.push_back({tls.private_key, tls.certificate_chain});
  return grpc::SslServerCredentials(options);
}

}  // namespace

class Server::Impl {
 public:
  explicit Impl(const Backends& backends)
      : cache(backends.store), dispatcher(cache, backends.tracer, backends.authenticator, {}) {}

  VersionCache cache;
  Dispatcher dispatcher;
  std::vector<std::unique_ptr<grpc::Service>> services;
  std::unique_ptr<grpc::Server> server;
  bool is_stopped = false;
};

Server::Server() = default;

Server::~Server() { Stop(std::chrono::steady_clock::now()); }

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const Options& options,
                                                      const Backends& backends) {
  gpr_set_log_function(LogFromGrpc);
  grpc::EnableDefaultHealthCheckService(true);

  std::unique_ptr<Server> server(new Server);
  server->impl_ = std::make_unique<Impl>(backends);
  Impl& impl = *server->impl_;
  const ServiceContext context{impl.dispatcher,        backends.store,     impl.cache,
                               backends.ingestor,      backends.scheduler, backends.tracer,
                               backends.otlp_receiver, backends.facts};
  impl.services.push_back(MakeAdminService(context));
  impl.services.push_back(MakeBaselineService(context));
  impl.services.push_back(MakeComparisonService(context));
  impl.services.push_back(MakeDatasetService(context));
  impl.services.push_back(MakeModelService(context));
  impl.services.push_back(MakeOtlpService(context));
  impl.services.push_back(MakeReferenceModelService(context));
  impl.services.push_back(MakePlanningService(context));
  impl.services.push_back(MakeRunService(context));
  impl.services.push_back(MakeTraceService(context));
  impl.services.push_back(MakeUploadService(context));

  grpc::ServerBuilder builder;
  for (const std::unique_ptr<grpc::Service>& service : impl.services) {
    builder.RegisterService(service.get());
  }
  builder.SetOption(std::make_unique<ReflectionOption>(options.has_reflection));
  builder.SetMaxReceiveMessageSize(kMaxReceiveBytes);
  // Two servers must not share a port without noticing.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options.max_concurrent_streams);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kMinPingIntervalMs);
  int port = 0;
  builder.AddListeningPort(FormatAddress(options.listen), MakeCredentials(options.tls), &port);
  impl.server = builder.BuildAndStart();
  if (impl.server == nullptr || port == 0) {
    impl.server.reset();
    const std::string reason = WhyNotBindable(options.listen);
    if (reason.empty() && !options.tls.certificate_chain.empty()) {
      return absl::InvalidArgumentError(
          "TLS certificate and key do not go together or are not PEM");
    }
    return absl::UnavailableError(absl::StrFormat("cannot listen on %s: %s",
                                                  FormatAddress(options.listen),
                                                  reason.empty() ? "gRPC did not start" : reason));
  }
  server->address_ = {options.listen.host, port};
  for (const std::string_view name : kServiceNames) {
    impl.server->GetHealthCheckService()->SetServingStatus(std::string(name), true);
  }
  return server;
}

std::shared_ptr<grpc::Channel> Server::InProcessChannel() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);  // answers have no limit of their own
  return impl_->server->InProcessChannel(arguments);
}

std::span<const std::string_view> Server::ServiceNames() { return kServiceNames; }

void Server::BeginStop() {
  if (impl_->server != nullptr) {
    impl_->server->GetHealthCheckService()->Shutdown();
  }
  impl_->dispatcher.RefuseCalls();
}

void Server::Stop(std::chrono::steady_clock::time_point deadline) {
  if (std::exchange(impl_->is_stopped, true) || impl_->server == nullptr) {
    return;
  }
  BeginStop();
  if (!impl_->dispatcher.WaitUntilIdle(deadline)) {
    Log(LogLevel::kWarning, "calls were still under way at the end of their time");
  }
  // What is left: calls past the deadline, and streams of health and reflection, which would go on
  // for ever.
  impl_->server->Shutdown(std::chrono::system_clock::now() + kCancelPatience);
  impl_->server->Wait();
}

}  // namespace assay::api
