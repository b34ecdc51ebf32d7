#include "server/api/call_metrics.h"

#include <string>

#include "absl/strings/str_format.h"

namespace assay::api {

void CallMetrics::Record(std::string_view method, absl::StatusCode code,
                         std::chrono::nanoseconds time) {
  const auto index = static_cast<std::size_t>(code);
  Counter* calls = nullptr;
  TimeHistogram* times = nullptr;
  {
    const MutexLock lock(mutex_);
    OfMethod& entry = methods_[method];
    if (entry.times == nullptr) {
      entry.times = &TimeHistogramOf("assay_rpc_duration_seconds",
                                     "Time from a call's arrival to its answer.",
                                     absl::StrFormat("method=\"%s\"", method));
    }
    Counter*& counter = entry.calls[index < kNumCodes ? index : 2];
    if (counter == nullptr) {
      counter = &CounterOf(
          "assay_rpc_total", "Calls by method and outcome.",
          absl::StrFormat("method=\"%s\",code=\"%s\"", method, absl::StatusCodeToString(code)));
    }
    calls = counter;
    times = entry.times;
  }
  calls->Add();
  times->Observe(time);
}

}  // namespace assay::api
