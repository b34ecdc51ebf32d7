#pragma once

#include <atomic>
#include <memory>

#include "server/api/otlp_door.h"
#include "server/base/thread_pool.h"
#include "server/http/router.h"

namespace assay::http {

// `POST /v1/traces`: spans from OpenTelemetry exporters, protobuf or JSON,
// plain or gzip, at most 64 MiB after decompression. Thread-safe.
class OtlpRoute {
 public:
  // `door` outlives the route.
  explicit OtlpRoute(api::OtlpDoor& door);
  // Waits for requests under way; the server must bring no more.
  ~OtlpRoute();
  void AddTo(Router& router);

 private:
  class Pending;
  void Answer(const std::shared_ptr<Pending>& pending);

  api::OtlpDoor& door_;
  std::atomic<int> num_pending_ = 0;
  ThreadPool pool_;
};

// `GET /metrics`: what the server counts, in Prometheus' text format.
void AddMetricsRoute(Router& router);

}  // namespace assay::http
