#include "server/run/span_latency.h"

#include <algorithm>
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
#include "server/base/status_macros.h"
#include "server/run/first_outputs.h"
#include "server/run/run_inputs.h"
#include "server/run/time_metrics.h"

namespace assay::run {
namespace {

constexpr std::string_view kTraceId = "trace_id";
constexpr std::size_t kTraceIdDigits = 32;
constexpr double kUsPerNs = 1e-3;
// Names that are kept while traces are read: a hostile sender gives every span one of its own.
constexpr std::size_t kMaxKnownNames = 10'000;

// Time by span name of one trace, microseconds.
using SpanTimes = std::map<std::string, double>;

// A pair of rows that both name a trace.
struct TracedPair {
  std::int64_t row = 0;  // the candidate's
  std::string before;
  std::string after;
};

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

  // Absent when the trace is not there.
  absl::StatusOr<std::optional<SpanTimes>> Read(const std::string& trace_id) {
    ASSAY_RETURN_IF_ERROR(control_.Check());
    const absl::StatusOr<store::TraceRecord> trace = store_.traces().FindTrace(project_, trace_id);
    if (absl::IsNotFound(trace.status()) || absl::IsInvalidArgument(trace.status())) {
      ++num_missing_;
      return std::nullopt;
    }
    ASSAY_RETURN_IF_ERROR(trace.status());
    SpanTimes times;
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
  std::int64_t num_lost = 0;    // the baseline names a trace and the candidate none
  double share_kept = 1;        // of the rows whose baseline names a trace: not lost
};

void AddPairs(const std::vector<std::int64_t>& rows, const Column& before, const Column& after,
              TracedPairs& traced) {
  std::set<std::string, std::less<>> seen_before;
  std::set<std::string, std::less<>> seen_after;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    if (!NamesTrace(before, at)) {
      continue;
    }
    if (!NamesTrace(after, at)) {
      ++traced.num_lost;
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
  const double num_kept = static_cast<double>(std::ssize(traced.pairs) + traced.num_shared);
  traced.share_kept =
      num_kept > 0 ? num_kept / (num_kept + static_cast<double>(traced.num_lost)) : 0;
  Thin(traced.pairs);
  return traced;
}

// What the traces of all pairs say.
struct TracedTimes {
  std::map<std::string, PairedTimes> by_name;  // of the first kMaxKnownNames names
  std::int64_t num_read = 0;                   // pairs of which both traces are there
};

absl::StatusOr<TracedTimes> ReadTimes(const std::vector<TracedPair>& pairs, SpanReader& reader) {
  TracedTimes traced;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    ASSAY_ASSIGN_OR_RETURN(const std::optional<SpanTimes> before, reader.Read(pairs[i].before));
    ASSAY_ASSIGN_OR_RETURN(const std::optional<SpanTimes> after, reader.Read(pairs[i].after));
    if (!before.has_value() || !after.has_value()) {
      continue;
    }
    ++traced.num_read;
    for (const auto& [name, before_us] : *before) {
      const auto found = after->find(name);
      const bool has_room = traced.by_name.size() < kMaxKnownNames || traced.by_name.contains(name);
      if (found == after->end() || !has_room) {
        continue;
      }
      PairedTimes& times = traced.by_name[name];
      times.entries.push_back({i, before_us, found->second});
      times.total_us += before_us + found->second;
    }
  }
  return traced;
}

MetricDescriptor SpanMetric(const std::string& name) {
  MetricDescriptor metric;
  metric.id = absl::StrFormat("span:%s", name);
  metric.definition_id = absl::StrFormat("%s/1", kSpanDefinition);
  metric.direction = Direction::kLower;
  metric.lowest = 0;
  metric.highest = std::numeric_limits<double>::infinity();
  metric.unit = "us";
  metric.formula = "durations of the spans of this name in the row's trace, added up";
  metric.undefined = "the trace has no such span on both sides";
  return metric;
}

// A name with its times; none when no pair has such spans.
using NamedTimes = std::pair<std::string, const PairedTimes*>;

// Those with the most time first, then by name.
std::vector<NamedTimes> ByTime(const std::map<std::string, PairedTimes>& by_name) {
  std::vector<NamedTimes> sorted;
  sorted.reserve(by_name.size());
  for (const auto& [name, times] : by_name) {
    sorted.emplace_back(name, &times);
  }
  std::ranges::stable_sort(sorted, std::greater<>(),
                           [](const auto& entry) { return entry.second->total_us; });
  return sorted;
}

// The quantile of span times that a gate names; absent for a gate on something else.
std::optional<QuantileName> SpanQuantile(const Gate& gate) {
  return IsSpanMetric(gate.metric) ? ParseQuantileName(gate.metric) : std::nullopt;
}

// What a report shows: the names with the most time, then those that only gates name.
std::vector<NamedTimes> ShownNames(std::vector<NamedTimes> sorted,
                                   const std::map<std::string, PairedTimes>& by_name,
                                   const std::vector<Gate>& gates) {
  sorted.resize(std::min(sorted.size(), kMaxSpanNames));
  for (const Gate& gate : gates) {
    const std::optional<QuantileName> quantile = SpanQuantile(gate);
    const std::string name =
        quantile.has_value() ? quantile->metric.substr(SpanMetric("").id.size()) : "";
    if (quantile.has_value() &&
        std::ranges::find(sorted, name, &NamedTimes::first) == sorted.end()) {
      const auto times = by_name.find(name);
      sorted.emplace_back(name, times == by_name.end() ? nullptr : &times->second);
    }
  }
  return sorted;
}

// The times of one name, compared on their pairs.
std::vector<QuantileComparison> CompareName(const NamedTimes& named, std::size_t num_pairs,
                                            std::span<const Gate> gates,
                                            const TestOptions& options) {
  const ParallelFor serially = [](std::int64_t n, const std::function<void(std::int64_t)>& body) {
    for (std::int64_t i = 0; i < n; ++i) {
      body(i);
    }
  };
  std::vector<double> before(num_pairs);
  std::vector<double> after(num_pairs);
  std::vector<std::uint8_t> is_defined(num_pairs);
  if (named.second != nullptr) {
    for (const PairedTimes::Entry& entry : named.second->entries) {
      before[entry.pair] = entry.before_us;
      after[entry.pair] = entry.after_us;
      is_defined[entry.pair] = 1;
    }
  }
  const PairedScores scores{.metric = SpanMetric(named.first),
                            .baseline = before,
                            .candidate = after,
                            .baseline_defined = is_defined,
                            .candidate_defined = is_defined};
  return CompareTimes(scores, {}, gates, serially, options).comparisons;
}

// Why gates on span times are not judged; empty when they are.
std::string CoverageDoubt(const Policy& policy, const TracedPairs& traced, std::int64_t num_read) {
  const double num_pairs = static_cast<double>(std::max<std::size_t>(traced.pairs.size(), 1));
  const double found = traced.share_kept * static_cast<double>(num_read) / num_pairs;
  const double wanted = policy.min_coverage.value_or(0);
  return found < wanted ? absl::StrFormat(
                              "of the rows whose baseline names a trace %.3g %% have the traces of "
                              "both sides in the store; the policy wants %g %%",
                              100 * found, 100 * wanted)
                        : "";
}

void AddNote(std::string_view note, MetricComparison& metric) {
  std::string& notes = metric.overall.note;
  notes.append(notes.empty() ? "" : "; ").append(note);
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

const store::ColumnRecord* FindTraceIds(const RunInputs& inputs) {
  const store::ColumnRecord* const column = FindColumn(inputs.output_columns, kTraceId);
  return column != nullptr && column->type == ColumnType::kText ? column : nullptr;
}

bool NamesTrace(const Column& ids, std::int64_t at) {
  return ids.IsValid(at) && ids.Text(at).size() == kTraceIdDigits;
}

absl::Status CheckSpanGate(const Gate& gate, std::size_t index) {
  const std::optional<QuantileName> quantile = SpanQuantile(gate);
  if (!quantile.has_value()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "gates[%d].metric: '%s': of span times quantiles gate, as in 'span:NAME.p95'", index,
        gate.metric));
  }
  if (!gate.cohort.empty()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "gates[%d].cohort: '%s' is compared over all rows only", index, gate.metric));
  }
  MetricDescriptor metric = QuantileMetric(SpanMetric(""), *quantile);
  metric.id = gate.metric;
  return CheckGate(gate, index, metric, /*is_averaged=*/false);
}

absl::StatusOr<SpanLatencies> CompareSpans(store::Store& store, store::Id project,
                                           const SpanRequest& request,
                                           const ParallelFor& parallel_for,
                                           const JobControl& control) {
  const std::vector<Gate>& gates = request.policy.gates;
  ASSAY_ASSIGN_OR_RETURN(const TracedPairs traced, LoadPairs(store, project, request, control));
  SpanReader reader(store, project, control);
  ASSAY_ASSIGN_OR_RETURN(const TracedTimes times, ReadTimes(traced.pairs, reader));
  SpanLatencies found;
  const std::vector<NamedTimes> sorted = ByTime(times.by_name);
  const std::vector<NamedTimes> shown = ShownNames(sorted, times.by_name, gates);
  if (shown.empty()) {
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
  std::vector<std::vector<QuantileComparison>> compared(shown.size());
  ASSAY_RETURN_IF_ERROR(control.Check());
  parallel_for(std::ssize(shown), [&](std::int64_t i) {
    const auto at = static_cast<std::size_t>(i);
    compared[at] = CompareName(shown[at], traced.pairs.size(), gates, options);
  });
  ASSAY_RETURN_IF_ERROR(control.Check());
  const std::string doubt = CoverageDoubt(request.policy, traced, times.num_read);
  for (std::size_t i = 0; i < shown.size(); ++i) {
    for (QuantileComparison& each : compared[i]) {
      if (shown[i].second == nullptr) {
        AddNote("no row has spans of this name in its traces of both sides", each.comparison);
      } else if (doubt.empty()) {
        std::ranges::move(each.draws, std::back_inserter(found.draws));
      } else if (std::ranges::find(gates, each.comparison.metric.id, &Gate::metric) !=
                 gates.end()) {
        AddNote(doubt, each.comparison);
      }
      found.metrics.push_back(std::move(each.comparison));
    }
  }
  found.notes = Notes(traced, sorted.size(), reader);
  return found;
}

}  // namespace assay::run
