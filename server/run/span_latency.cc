#include "server/run/span_latency.h"

#include <algorithm>
#include <array>
#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "evaluators/compare/quantile_metric.h"
#include "evaluators/compare/ratio_metric.h"
#include "server/base/status_macros.h"
#include "server/run/first_outputs.h"
#include "server/run/run_inputs.h"

namespace assay::run {
namespace {

constexpr std::string_view kTraceId = "trace_id";
constexpr std::size_t kTraceIdDigits = 32;
constexpr std::array kShares = {0.5, 0.95, 0.99};
constexpr double kUsPerNs = 1e-3;
// Names that are kept while traces are read: a hostile sender gives every span one of its own.
constexpr std::size_t kMaxKnownNames = 10'000;

// Time by span name of one trace, microseconds; empty when the trace is not there.
using SpanTimes = std::map<std::string, double>;

// A pair of rows that both name a trace.
struct TracedPair {
  std::int64_t row = 0;  // the candidate's
  std::string before;
  std::string after;
};

// nullptr when the outputs do not name traces. Refers to the inputs.
const store::ColumnRecord* FindTraceIds(const RunInputs& inputs) {
  const store::ColumnRecord* const column = FindColumn(inputs.output_columns, kTraceId);
  return column != nullptr && column->type == ColumnType::kText ? column : nullptr;
}

// The times of one name, of the pairs that have some on both sides.
struct PairedTimes {
  struct Entry {
    std::size_t pair = 0;
    double before_us = 0;
    double after_us = 0;
  };
  std::vector<Entry> entries;
  double total_us = 0;
};

class SpanReader {
 public:
  SpanReader(store::Store& store, store::Id project, const JobControl& control)
      : store_(store), project_(project), control_(control) {}

  absl::StatusOr<SpanTimes> Read(const std::string& trace_id) {
    ASSAY_RETURN_IF_ERROR(control_.Check());
    SpanTimes times;
    const absl::StatusOr<store::TraceRecord> trace = store_.traces().FindTrace(project_, trace_id);
    if (absl::IsNotFound(trace.status()) || absl::IsInvalidArgument(trace.status())) {
      ++num_missing_;
      return times;
    }
    ASSAY_RETURN_IF_ERROR(trace.status());
    ASSAY_ASSIGN_OR_RETURN(
        const std::vector<store::SpanRecord> spans,
        store_.traces().ListSpans(project_, trace->id, {.max_spans = kMaxSpansOfTrace}));
    num_cut_ += std::ssize(spans) < trace->num_spans ? 1 : 0;
    for (const store::SpanRecord& span : spans) {
      times[span.name] += kUsPerNs * static_cast<double>(span.duration_ns);
    }
    return times;
  }

  std::int64_t num_missing() const { return num_missing_; }
  std::int64_t num_cut() const { return num_cut_; }

 private:
  store::Store& store_;
  const store::Id project_;
  const JobControl& control_;
  std::int64_t num_missing_ = 0;
  std::int64_t num_cut_ = 0;  // traces with more spans than are read
};

// The pairs whose traces are read, and what that leaves out.
struct TracedPairs {
  std::vector<TracedPair> pairs;
  bool is_sample = false;
  std::int64_t num_shared = 0;  // an earlier row names the same trace
};

void AddPairs(const std::vector<std::int64_t>& rows, const Column& before, const Column& after,
              TracedPairs& traced) {
  std::set<std::string, std::less<>> seen_before;
  std::set<std::string, std::less<>> seen_after;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    if (!before.IsValid(at) || !after.IsValid(at) || before.Text(at).size() != kTraceIdDigits ||
        after.Text(at).size() != kTraceIdDigits) {
      continue;
    }
    if (seen_before.contains(before.Text(at)) || seen_after.contains(after.Text(at))) {
      ++traced.num_shared;
      continue;
    }
    seen_before.emplace(before.Text(at));
    seen_after.emplace(after.Text(at));
    traced.pairs.push_back({rows[i], std::string(before.Text(at)), std::string(after.Text(at))});
  }
}

// At most kMaxTracedRows of them, at even distances.
void Thin(std::vector<TracedPair>& pairs) {
  const std::size_t num_pairs = pairs.size();
  if (num_pairs <= kMaxTracedRows) {
    return;
  }
  for (std::size_t i = 0; i < kMaxTracedRows; ++i) {
    std::swap(pairs[i], pairs[i * num_pairs / kMaxTracedRows]);
  }
  pairs.resize(kMaxTracedRows);
}

// No pairs when a side names no traces.
absl::StatusOr<TracedPairs> LoadPairs(store::Store& store, store::Id project,
                                      const SpanRequest& request, const JobControl& control) {
  TracedPairs traced;
  ASSAY_ASSIGN_OR_RETURN(
      const std::optional<PairedOutputs> ids,
      ReadPairedOutputs(
          store, project,
          {.baseline = request.baseline,
           .candidate = request.candidate,
           .pairing = request.pairing,
           .is_paired = request.is_paired},
          FindTraceIds, [](const auto&, const auto&) { return kMaxIdRows; }, control));
  if (!ids.has_value()) {
    return traced;
  }
  AddPairs(ids->rows, ids->baseline, ids->candidate, traced);
  traced.is_sample = traced.pairs.size() > kMaxTracedRows ||
                     std::ranges::count(request.is_paired, 1) > std::ssize(ids->rows);
  Thin(traced.pairs);
  return traced;
}

// Of the first kMaxKnownNames names.
absl::StatusOr<std::map<std::string, PairedTimes>> ReadTimes(const std::vector<TracedPair>& pairs,
                                                             SpanReader& reader) {
  std::map<std::string, PairedTimes> by_name;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    ASSAY_ASSIGN_OR_RETURN(const SpanTimes before, reader.Read(pairs[i].before));
    ASSAY_ASSIGN_OR_RETURN(const SpanTimes after, reader.Read(pairs[i].after));
    for (const auto& [name, before_us] : before) {
      const auto found = after.find(name);
      if (found == after.end() || (by_name.size() == kMaxKnownNames && !by_name.contains(name))) {
        continue;
      }
      PairedTimes& times = by_name[name];
      times.entries.push_back({i, before_us, found->second});
      times.total_us += before_us + found->second;
    }
  }
  return by_name;
}

MetricDescriptor SpanMetric(const std::string& name) {
  MetricDescriptor metric;
  metric.id = absl::StrFormat("span:%s", name);
  metric.definition_id = "assay/span_us/1";
  metric.direction = Direction::kLower;
  metric.lowest = 0;
  metric.highest = std::numeric_limits<double>::infinity();
  metric.unit = "us";
  metric.formula = "durations of the spans of this name in the row's trace, added up";
  metric.undefined = "the trace has no such span on both sides";
  return metric;
}

// Those with the most time first, then by name.
std::vector<std::pair<std::string, const PairedTimes*>> ByTime(
    const std::map<std::string, PairedTimes>& by_name) {
  std::vector<std::pair<std::string, const PairedTimes*>> sorted;
  sorted.reserve(by_name.size());
  for (const auto& [name, times] : by_name) {
    sorted.emplace_back(name, &times);
  }
  std::ranges::stable_sort(sorted, std::greater<>(),
                           [](const auto& entry) { return entry.second->total_us; });
  return sorted;
}

void AddMetrics(const std::string& name, const PairedTimes& times, std::size_t num_pairs,
                const TestOptions& options, const ParallelFor& parallel_for,
                std::vector<MetricComparison>& metrics) {
  std::vector<double> before(num_pairs);
  std::vector<double> after(num_pairs);
  std::vector<std::uint8_t> is_defined(num_pairs);
  for (const PairedTimes::Entry& entry : times.entries) {
    before[entry.pair] = entry.before_us;
    after[entry.pair] = entry.after_us;
    is_defined[entry.pair] = 1;
  }
  const PairedScores scores{.metric = SpanMetric(name),
                            .baseline = before,
                            .candidate = after,
                            .baseline_defined = is_defined,
                            .candidate_defined = is_defined};
  metrics.push_back(CompareRatio(scores, options));
  for (const double share : kShares) {
    const QuantileName quantile{.metric = scores.metric.id, .share = share};
    metrics.push_back(CompareQuantile(scores, quantile, {}, {}, parallel_for, options).comparison);
  }
}

std::vector<std::string> Notes(const TracedPairs& traced, std::size_t num_names,
                               const SpanReader& reader) {
  std::vector<std::string> notes;
  if (traced.is_sample) {
    notes.push_back(absl::StrFormat("span latencies are of %d rows, a sample at even distances",
                                    traced.pairs.size()));
  }
  if (num_names > kMaxSpanNames) {
    notes.push_back(absl::StrFormat("span latencies are of the %d names with the most time, of %d",
                                    kMaxSpanNames, num_names));
  }
  if (traced.num_shared > 0) {
    notes.push_back(absl::StrFormat(
        "span latencies leave out %d rows whose trace another row names", traced.num_shared));
  }
  if (reader.num_missing() > 0) {
    notes.push_back(absl::StrFormat("span latencies lack %d traces that are not in the store",
                                    reader.num_missing()));
  }
  if (reader.num_cut() > 0) {
    notes.push_back(
        absl::StrFormat("span latencies count the first %d spans of %d traces that have more",
                        kMaxSpansOfTrace, reader.num_cut()));
  }
  return notes;
}

}  // namespace

absl::StatusOr<SpanLatencies> CompareSpans(store::Store& store, store::Id project,
                                           const SpanRequest& request,
                                           const ParallelFor& parallel_for,
                                           const JobControl& control) {
  ASSAY_ASSIGN_OR_RETURN(const TracedPairs traced, LoadPairs(store, project, request, control));
  SpanReader reader(store, project, control);
  ASSAY_ASSIGN_OR_RETURN(const auto by_name, ReadTimes(traced.pairs, reader));
  SpanLatencies found;
  if (by_name.empty()) {
    return found;  // Nothing to say of what is missing: the traces lie elsewhere.
  }
  std::vector<std::int32_t> cluster_of;
  for (const TracedPair& pair : traced.pairs) {
    if (!request.options.cluster_of.empty()) {
      cluster_of.push_back(request.options.cluster_of[static_cast<std::size_t>(pair.row)]);
    }
  }
  TestOptions options = request.options;
  options.cluster_of = cluster_of;
  const auto sorted = ByTime(by_name);
  for (std::size_t i = 0; i < std::min(sorted.size(), kMaxSpanNames); ++i) {
    ASSAY_RETURN_IF_ERROR(control.Check());
    AddMetrics(sorted[i].first, *sorted[i].second, traced.pairs.size(), options, parallel_for,
               found.metrics);
  }
  found.notes = Notes(traced, sorted.size(), reader);
  return found;
}

}  // namespace assay::run
