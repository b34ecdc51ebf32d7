#pragma once

#include <grpcpp/impl/service_type.h>

#include <memory>

#include "server/api/call.h"
#include "server/api/otlp_receiver.h"
#include "server/api/server_facts.h"
#include "server/api/version_cache.h"
#include "server/ingest/ingestor.h"
#include "server/run/scheduler.h"
#include "server/store/store.h"
#include "server/trace/tracer.h"

namespace assay::api {

// What the services work on. Everything outlives them.
struct ServiceContext {
  Dispatcher& dispatcher;
  store::Store& store;
  VersionCache& cache;
  ingest::Ingestor& ingestor;
  run::Scheduler& scheduler;
  trace::Tracer& tracer;
  OtlpReceiver& otlp_receiver;
  const ServerFacts& facts;
};

// The services of assay.v1. Thread-safe; they parse, call once and convert. Everything else that
// happens to a call is in Dispatcher.
std::unique_ptr<grpc::Service> MakeAdminService(const ServiceContext& context);
std::unique_ptr<grpc::Service> MakeBaselineService(const ServiceContext& context);
std::unique_ptr<grpc::Service> MakeComparisonService(const ServiceContext& context);
std::unique_ptr<grpc::Service> MakeDatasetService(const ServiceContext& context);
std::unique_ptr<grpc::Service> MakeModelService(const ServiceContext& context);
// OpenTelemetry's own, under its own name.
std::unique_ptr<grpc::Service> MakeOtlpService(const ServiceContext& context);
std::unique_ptr<grpc::Service> MakeReferenceModelService(const ServiceContext& context);
std::unique_ptr<grpc::Service> MakePlanningService(const ServiceContext& context);
std::unique_ptr<grpc::Service> MakeRunService(const ServiceContext& context);
std::unique_ptr<grpc::Service> MakeTraceService(const ServiceContext& context);
std::unique_ptr<grpc::Service> MakeUploadService(const ServiceContext& context);

}  // namespace assay::api
