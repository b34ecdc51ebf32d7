#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "evaluators/kernels/isa.h"
#include "schemas/otlp/otlp_target.h"
#include "server/api/otlp_door.h"
#include "server/api/otlp_exporter.h"
#include "server/api/otlp_receiver.h"
#include "server/api/server.h"
#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/status_macros.h"
#include "server/http/connect_gateway.h"
#include "server/http/dashboard.h"
#include "server/http/otlp_route.h"
#include "server/http/router.h"
#include "server/http/server.h"
#include "server/ingest/ingestor.h"
#include "server/options.h"
#include "server/run/scheduler.h"
#include "server/server_metrics.h"
#include "server/stop_signal.h"
#include "server/store/data_dir_lock.h"
#include "server/store/span_details.h"
#include "server/store/sqlite/sqlite_store.h"
#include "server/trace/retention.h"
#include "server/trace/tracer.h"

namespace assay {
namespace {

constexpr int kConfigurationError = 2;
constexpr int kCouldNotStart = 3;
// For calls and jobs under way when the server is told to stop.
constexpr std::chrono::seconds kDrainTime{10};

std::string Build() {
#if defined(__clang__)
  return "assay " ASSAY_VERSION ", " __VERSION__;
#else
  return "assay " ASSAY_VERSION ", gcc " __VERSION__;
#endif
}

// What this server's own spans come from.
std::shared_ptr<const store::SpanSource> OwnSource() {
  store::SpanDetailsWriter details;
  details.AddText("service.version", ASSAY_VERSION);
  details.AddInt64("process.pid", getpid());
  return store::MakeSpanSource(otlp::ServiceName("assay-server"), details.Take());
}

// Takes the directory. Tries for a moment, because local commands hold its lock for an instant when
// they look whether a server is there.
absl::StatusOr<std::unique_ptr<store::DataDirLock>> TakeDirectory(
    const std::filesystem::path& directory) {
  constexpr int kAttempts = 10;
  constexpr std::chrono::milliseconds kPause{20};
  absl::StatusOr<std::unique_ptr<store::DataDirLock>> lock;
  for (int attempt = 0; attempt < kAttempts && !lock.ok(); ++attempt) {
    if (attempt > 0) {
      std::this_thread::sleep_for(kPause);
    }
    lock = store::DataDirLock::Acquire(directory);
  }
  return lock;
}

// Serves until it is told to stop. Fails only before it is ready.
absl::Status Serve(const ServeOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(const auto lock, TakeDirectory(options.data_dir));
  ASSAY_ASSIGN_OR_RETURN(UsersFile users, UsersFile::Open(options.data_dir));
  ASSAY_ASSIGN_OR_RETURN(const auto store, store::OpenSqliteStore(options.data_dir, SystemClock()));
  trace::Tracer::Options tracing;
  tracing.source = OwnSource();
  ASSAY_ASSIGN_OR_RETURN(const std::optional<otlp::OtlpTarget> collector,
                         otlp::OtlpTargetFromEnvironment());
  std::unique_ptr<api::OtlpExporter> exporter;
  if (collector.has_value()) {
    exporter = std::make_unique<api::OtlpExporter>(*collector, *tracing.source);
    tracing.exporter = exporter.get();
  }
  trace::Retention::Options keeping;
  keeping.max_age_days = options.trace_max_days;
  keeping.max_bytes = options.trace_max_bytes;
  keeping.reserve = options.data_dir / "traces.reserve";
  trace::Retention retention(store->traces(), SystemClock(), keeping);
  tracing.on_full = [&retention] { retention.Hurry(); };
  trace::Tracer tracer(store->traces(), SystemClock(), store::kDefaultProject, tracing);
  api::OtlpReceiver::Options receiving;
  receiving.on_full = [&retention] { retention.Hurry(); };
  api::OtlpReceiver otlp_receiver(store->traces(), receiving);
  const ServerMetrics metrics(*store, tracer, otlp_receiver, retention, exporter.get(), Build());
  ingest::Ingestor ingestor(*store, SystemClock());
  run::Scheduler::Options scheduling;
  scheduling.num_workers = options.num_workers;
  scheduling.build = Build();
  scheduling.isa = ActiveIsaText();
  run::Scheduler scheduler(*store, tracer, SystemClock(), scheduling);

  std::atomic<bool> is_ready = false;
  http::Server::Options http_options{options.http_listen, options.tls, {}, {}};
  http_options.tracer = &tracer;
  if (!options.public_host.empty()) {
    http_options.host_names.push_back(options.public_host);
  }
  ASSAY_ASSIGN_OR_RETURN(const auto http, http::Server::Listen(http_options));
  const std::string http_address = api::FormatAddress(http->address());
  const char* const scheme = options.tls.certificate_chain.empty() ? "http" : "https";
  const api::ServerFacts facts{
      ASSAY_VERSION,
      std::filesystem::absolute(options.data_dir).lexically_normal().string(),
      options.num_workers,
      scheduling.isa,
      http_address,
      options.public_url.empty() ? absl::StrFormat("%s://%s", scheme, http_address)
                                 : options.public_url,
      std::chrono::steady_clock::now()};
  ASSAY_ASSIGN_OR_RETURN(const auto grpc,
                         api::Server::Start({options.listen, options.tls, options.has_reflection},
                                            {*store, ingestor, scheduler, tracer, otlp_receiver,
                                             options.authenticator, facts}));
  api::OtlpDoor otlp_door(*store, options.authenticator, otlp_receiver);
  http::OtlpRoute otlp_route(otlp_door);
  http::ConnectGateway gateway(grpc->InProcessChannel(), api::Server::ServiceNames());
  // Whatever happens from here on, both ends fall silent before the gateway goes.
  const absl::Cleanup fall_silent = [&gateway, &grpc, &http] {
    gateway.Stop();
    grpc->Stop(std::chrono::steady_clock::now());
    http->Stop();
  };
  http::Router router;
  http::AddHealthRoutes(router, [&is_ready] { return is_ready.load(); });
  otlp_route.AddTo(router);
  http::AddMetricsRoute(router);
  gateway.AddRoutes(router);
  http::AddDashboardRoutes(router);
  http->Serve(std::move(router));
  ASSAY_RETURN_IF_ERROR(scheduler.Start());

  const std::string endpoint =
      absl::StrFormat("grpc=%s http=%s", api::FormatAddress(grpc->address()), http_address);
  ASSAY_RETURN_IF_ERROR(lock->PublishEndpoint(endpoint));
  is_ready = true;
  std::printf("ready %s\n", endpoint.c_str());
  std::fflush(stdout);

  const std::string reason = WaitForStop(options.exit_when_unused ? &users : nullptr);
  Log(LogLevel::kInfo, "stopping", {{"reason", reason}});
  LetSignalsKill();
  is_ready = false;
  const auto deadline = std::chrono::steady_clock::now() + kDrainTime;
  gateway.Stop();
  grpc->Stop(deadline);
  scheduler.Stop(std::chrono::duration_cast<std::chrono::milliseconds>(
      std::max(deadline - std::chrono::steady_clock::now(), std::chrono::nanoseconds(0))));
  return absl::OkStatus();
}

int NewToken(const TokenOptions& options) {
  const absl::StatusOr<api::NewToken> made =
      api::MakeToken(options.name, options.role, options.project);
  if (!made.ok()) {
    std::fprintf(stderr, "assay-server: %s\n", std::string(made.status().message()).c_str());
    return kConfigurationError;
  }
  std::printf("token (shown once): %s\nline for --token-file: %s\n", made->token.c_str(),
              made->line.c_str());
  return 0;
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
  const assay::Command command = assay::ParseCommandLine(argc, argv);
  if (command.new_token.has_value()) {
    return assay::NewToken(*command.new_token);
  }
  if (!command.serve.has_value()) {
    return command.exit_code;
  }
#ifdef NDEBUG
  // The packaged library looks for lock cycles at every lock; tests keep it.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
#endif
  assay::SelectIsa(command.serve->isa);
  signal(SIGPIPE, SIG_IGN);
  assay::BlockStopSignals();
  const absl::Status status = assay::Serve(*command.serve);
  if (!status.ok()) {
    std::fprintf(stderr, "assay-server: %s\n", std::string(status.message()).c_str());
    return absl::IsInvalidArgument(status) ? assay::kConfigurationError : assay::kCouldNotStart;
  }
  return 0;
}
