#include "server/server_metrics.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"

namespace assay {
namespace {

// NaN when the store cannot say.
double JobsOf(store::Store& store, std::int64_t store::JobCounts::*count) {
  const absl::StatusOr<store::JobCounts> counts = store.runs().CountJobs();
  return counts.ok() ? static_cast<double>((*counts).*count)
                     : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

ServerMetrics::ServerMetrics(store::Store& store, trace::Tracer& tracer,
                             api::OtlpReceiver& receiver, trace::Retention& retention,
                             api::OtlpExporter* exporter, const std::string& build) {
  using Type = MetricSource::Type;
  const auto add = [this](std::string_view name, std::string_view help, Type type,
                          std::function<double()> value, std::string_view labels = "") {
    sources_.push_back(std::make_unique<MetricSource>(name, help, type, std::move(value), labels));
  };
  const auto count = [&add](std::string_view name, std::string_view help,
                            const std::atomic<std::int64_t>& value) {
    add(name, help, Type::kCounter, [&value] { return static_cast<double>(value.load()); });
  };
  std::string text = build;
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '"' || c == '\\' || c == '\n'; }, ' ');
  add(
      "assay_build_info", "Always 1; the build is in the label.", Type::kGauge, [] { return 1.0; },
      absl::StrFormat("build=\"%s\"", text));
  add(
      "assay_store_bytes", "Size of the files of the store, with their logs.", Type::kGauge,
      [&store] { return static_cast<double>(store.Sizes().store_bytes); }, "file=\"assay.db\"");
  add(
      "assay_store_bytes", "Size of the files of the store, with their logs.", Type::kGauge,
      [&store] { return static_cast<double>(store.Sizes().traces_bytes); }, "file=\"traces.db\"");
  add(
      "assay_wal_bytes", "Size of the write-ahead logs.", Type::kGauge,
      [&store] { return static_cast<double>(store.Sizes().store_wal_bytes); }, "file=\"assay.db\"");
  add(
      "assay_wal_bytes", "Size of the write-ahead logs.", Type::kGauge,
      [&store] { return static_cast<double>(store.Sizes().traces_wal_bytes); },
      "file=\"traces.db\"");
  add(
      "assay_jobs", "Shards, summaries and comparisons that wait for a worker or have one.",
      Type::kGauge, [&store] { return JobsOf(store, &store::JobCounts::num_queued); },
      "state=\"queued\"");
  add(
      "assay_jobs", "Shards, summaries and comparisons that wait for a worker or have one.",
      Type::kGauge, [&store] { return JobsOf(store, &store::JobCounts::num_running); },
      "state=\"running\"");
  add("assay_spans_dropped_total", "Own spans that were not stored.", Type::kCounter,
      [&tracer] { return static_cast<double>(tracer.num_dropped()); });
  const api::OtlpReceiver::Counters& received = receiver.counters();
  count("assay_otlp_requests_total", "Requests with spans from outside.", received.num_requests);
  count("assay_otlp_refused_requests_total",
        "Such requests that were malformed, too large or too many.", received.num_refused_requests);
  count("assay_otlp_spans_total", "Spans from outside that were stored or known.",
        received.num_taken_spans);
  count("assay_otlp_rejected_spans_total", "Spans from outside with wrong ids or times.",
        received.num_rejected_spans);
  count("assay_otlp_backward_spans_total", "Spans from outside that ended before they began.",
        received.num_backward_spans);
  count("assay_otlp_cut_values_total",
        "Attributes, events, links and texts from outside that were left out or shortened.",
        received.num_cut_values);
  add("assay_otlp_pending_bytes", "Bytes of requests with spans that are under way.", Type::kGauge,
      [&received] { return static_cast<double>(received.num_pending_bytes.load()); });
  add("assay_traces_removed_total", "Traces that were removed for their age or for space.",
      Type::kCounter,
      [&retention] { return static_cast<double>(retention.counters().num_removed_traces); });
  add("assay_traces_given_up_total", "Such traces that had to go because the disk was full.",
      Type::kCounter,
      [&retention] { return static_cast<double>(retention.counters().num_given_up_traces); });
  if (exporter != nullptr) {
    add("assay_exported_spans_total", "Own spans that a collector took.", Type::kCounter,
        [exporter] { return static_cast<double>(exporter->counters().num_sent); });
    add("assay_export_dropped_spans_total", "Own spans that no collector took.", Type::kCounter,
        [exporter] { return static_cast<double>(exporter->counters().num_dropped); });
  }
}

}  // namespace assay
