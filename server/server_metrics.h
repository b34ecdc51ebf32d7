#pragma once

#include <memory>
#include <string>
#include <vector>

#include "server/api/otlp_exporter.h"
#include "server/api/otlp_receiver.h"
#include "server/base/metrics.h"
#include "server/store/store.h"
#include "server/trace/retention.h"
#include "server/trace/tracer.h"

namespace assay {

// Lets /metrics ask the parts of a server what they have counted, for as long as it lives; the
// parts outlive it.
class ServerMetrics {
 public:
  // `exporter` may be nullptr.
  ServerMetrics(store::Store& store, trace::Tracer& tracer, api::OtlpReceiver& receiver,
                trace::Retention& retention, api::OtlpExporter* exporter, const std::string& build);

 private:
  std::vector<std::unique_ptr<MetricSource>> sources_;
};

}  // namespace assay
