#include "server/store/sqlite/span_appender.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "server/base/status_macros.h"
#include "server/store/sqlite/id_sequence.h"
#include "server/store/sqlite/latency_table.h"
#include "server/store/sqlite/statement.h"

namespace assay::store {
namespace {

// After so many the writer lets others have the processor: calls wait for a thread that works for
// milliseconds on end.
constexpr std::size_t kTurnSpans = 8;
constexpr std::int64_t kIdsAtOnce = 1024;
// What is remembered at most; when it is more, all is forgotten.
constexpr std::size_t kKnownNames = 65'536;
constexpr std::size_t kKnownTraces = 65'536;

constexpr std::string_view kSelectTraceKey =
    "SELECT id FROM traces WHERE project_id = $1 AND trace_id = $2";
constexpr std::string_view kInsertTrace =
    "INSERT INTO traces (project_id, id, trace_id, root_name_id, root_service_id, has_root, "
    "start_ns, duration_ns, num_spans, num_errors, signature, resource_id, created_us) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) "
    "ON CONFLICT (project_id, trace_id) DO NOTHING";
// The root's name once it is known, until then that of the earliest span.
constexpr std::string_view kUpdateTrace =
    "UPDATE traces SET "
    "root_name_id = CASE WHEN has_root = 0 AND ($3 = 1 OR $6 < start_ns) THEN $4 "
    "ELSE root_name_id END, "
    "root_service_id = CASE WHEN has_root = 0 AND ($3 = 1 OR $6 < start_ns) THEN $5 "
    "ELSE root_service_id END, "
    "has_root = CASE WHEN $3 = 1 THEN 1 ELSE has_root END, "
    "start_ns = CASE WHEN $6 < start_ns THEN $6 ELSE start_ns END, "
    "duration_ns = CASE WHEN $7 > start_ns + duration_ns THEN $7 ELSE start_ns + duration_ns END "
    "- CASE WHEN $6 < start_ns THEN $6 ELSE start_ns END, "
    "num_spans = num_spans + $8, num_errors = num_errors + $9, signature = signature | $10, "
    "resource_id = coalesce(resource_id, $11) "
    "WHERE project_id = $1 AND id = $2";
constexpr std::string_view kSelectName = "SELECT id FROM names WHERE project_id = $1 AND name = $2";
constexpr std::string_view kInsertName =
    "INSERT INTO names (id, project_id, name) VALUES ($1, $2, $3)";
constexpr std::string_view kSelectSource =
    "SELECT id FROM sources WHERE project_id = $1 AND digest = $2";
constexpr std::string_view kInsertSource =
    "INSERT INTO sources (id, project_id, digest, service_id, details) "
    "VALUES ($1, $2, $3, $4, $5)";
constexpr std::string_view kInsertSpan =
    "INSERT INTO spans (project_id, trace_key, span_id, parent_span_id, name_id, source_id, kind, "
    "status, start_ns, duration_ns, status_message, resource_id, details) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) "
    "ON CONFLICT (project_id, trace_key, span_id) DO NOTHING";
constexpr std::string_view kInsertResource =
    "INSERT INTO trace_resources (project_id, resource_id, trace_key) VALUES ($1, $2, $3) "
    "ON CONFLICT (project_id, resource_id, trace_key) DO NOTHING";

// The id that `sql` finds with `values`; absent when it finds none.
absl::StatusOr<std::optional<Id>> SelectId(Database& database, std::string_view sql,
                                           const auto&... values) {
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, sql));
  select.Bind(values...);
  ASSAY_ASSIGN_OR_RETURN(const bool found, select.Step());
  std::optional<Id> id;
  if (found) {
    ASSAY_RETURN_IF_ERROR(select.Read(id));
  }
  return id;
}

// A span with the ids of its texts.
struct InternedSpan {
  const SpanRecord* record = nullptr;
  Id name = 0;
  std::optional<Id> source;
  std::optional<Id> service;
  std::optional<Id> resource;

  bool is_root() const { return record->parent_span_id == SpanId{}; }
};

// What the spans of a trace say about it.
struct TraceFacts {
  Id root_name = 0;
  std::optional<Id> root_service;
  bool has_root = false;
  std::int64_t start_ns = std::numeric_limits<std::int64_t>::max();
  std::int64_t end_ns = std::numeric_limits<std::int64_t>::min();
  std::int64_t num_spans = 0;
  std::int64_t num_errors = 0;
  std::uint64_t signature = 0;
  std::optional<Id> resource;

  // The first root names the trace, or else the earliest span.
  void Add(const InternedSpan& span) {
    const SpanRecord& record = *span.record;
    const bool is_first_root = span.is_root() && !has_root;
    if (is_first_root || (!has_root && record.start_ns < start_ns)) {
      root_name = span.name;
      root_service = span.service;
    }
    has_root |= span.is_root();
    start_ns = std::min(start_ns, record.start_ns);
    end_ns = std::max(end_ns, record.start_ns + record.duration_ns);
    ++num_spans;
    num_errors += record.status == SpanStatus::kError ? 1 : 0;
    signature |= SignatureBits(span.name);
    if (span.service.has_value()) {
      signature |= SignatureBits(*span.service);
    }
    if (!resource.has_value()) {
      resource = span.resource;
    }
  }
};

}  // namespace

std::uint64_t SignatureBits(Id id) {
  const std::uint64_t mixed = static_cast<std::uint64_t>(id) * 0x9E3779B97F4A7C15U;
  return (std::uint64_t{1} << (mixed >> 58)) | (std::uint64_t{1} << ((mixed >> 52) & 63));
}

// One call of Append.
class SpanAppender::Batch {
 public:
  Batch(SpanAppender& appender, Database& database, Id project, std::int64_t now_us)
      : appender_(appender),
        known_(appender.known_[project]),
        database_(database),
        project_(project),
        now_us_(now_us) {}

  absl::Status Append(const std::vector<SpanRecord>& spans) {
    // Traces in the order of their first span, so that ids grow with time.
    absl::flat_hash_map<TraceId, std::size_t> place;
    std::vector<std::vector<const SpanRecord*>> traces;
    for (const SpanRecord& span : spans) {
      const auto [found, is_new] = place.try_emplace(span.trace_id, traces.size());
      if (is_new) {
        traces.emplace_back();
      }
      traces[found->second].push_back(&span);
    }
    ASSAY_ASSIGN_OR_RETURN(Statement insert, Statement::Prepare(database_, kInsertSpan));
    std::size_t num_in_turn = 0;
    for (std::vector<const SpanRecord*>& trace : traces) {
      ASSAY_RETURN_IF_ERROR(AppendTrace(trace, insert));
      num_in_turn += trace.size();
      if (num_in_turn >= kTurnSpans) {
        std::this_thread::yield();
        num_in_turn = 0;
      }
    }
    return latency_.Store(database_, project_);
  }

 private:
  absl::Status AppendTrace(std::vector<const SpanRecord*>& records, Statement& insert) {
    // By id, as they lie in the table; of equal ones the first to come.
    const auto is_before = [](const SpanRecord* a, const SpanRecord* b) {
      return a->span_id < b->span_id;
    };
    std::stable_sort(records.begin(), records.end(), is_before);
    records.erase(std::unique(records.begin(), records.end(),
                              [](const SpanRecord* a, const SpanRecord* b) {
                                return a->span_id == b->span_id;
                              }),
                  records.end());
    spans_.clear();
    TraceFacts all;
    for (const SpanRecord* record : records) {
      ASSAY_ASSIGN_OR_RETURN(const InternedSpan span, Intern(*record));
      spans_.push_back(span);
      all.Add(span);
    }
    const TraceId& trace_id = records.front()->trace_id;
    ASSAY_ASSIGN_OR_RETURN(const Id known, FindOrAddTrace(trace_id, all));
    const bool is_new = known == 0;
    const Id trace = is_new ? known_.traces.at(trace_id) : known;
    TraceFacts added;
    for (const InternedSpan& span : spans_) {
      ASSAY_ASSIGN_OR_RETURN(const bool is_added, AppendSpan(trace, span, insert));
      if (is_added) {
        added.Add(span);
      }
    }
    if (is_new || added.num_spans == 0) {
      return absl::OkStatus();
    }
    return RunOnce(database_, kUpdateTrace, project_, trace, added.has_root, added.root_name,
                   added.root_service, added.start_ns, added.end_ns, added.num_spans,
                   added.num_errors, static_cast<std::int64_t>(added.signature), added.resource);
  }

  // Key of a trace that is there; 0 when it was not, and its row with `facts` is now.
  absl::StatusOr<Id> FindOrAddTrace(const TraceId& trace_id, const TraceFacts& facts) {
    if (const auto found = known_.traces.find(trace_id); found != known_.traces.end()) {
      return found->second;
    }
    ASSAY_ASSIGN_OR_RETURN(const Id id, appender_.NewId(database_));
    ASSAY_RETURN_IF_ERROR(RunOnce(
        database_, kInsertTrace, project_, id, trace_id, facts.root_name, facts.root_service,
        facts.has_root, facts.start_ns, facts.end_ns - facts.start_ns, facts.num_spans,
        facts.num_errors, static_cast<std::int64_t>(facts.signature), facts.resource, now_us_));
    if (known_.traces.size() >= kKnownTraces) {
      known_.traces.clear();
    }
    if (database_.num_changes() > 0) {
      known_.traces.emplace(trace_id, id);
      return 0;
    }
    ASSAY_ASSIGN_OR_RETURN(const std::optional<Id> stored,
                           SelectId(database_, kSelectTraceKey, project_, trace_id));
    if (!stored.has_value()) {
      return absl::InternalError("a trace is there and is not");
    }
    known_.traces.emplace(trace_id, *stored);
    return *stored;
  }

  // False when the span was there.
  absl::StatusOr<bool> AppendSpan(Id trace, const InternedSpan& span, Statement& insert) {
    const SpanRecord& record = *span.record;
    insert.Bind(project_, trace, record.span_id, record.parent_span_id, span.name, span.source,
                record.kind, record.status, record.start_ns, record.duration_ns,
                record.status_message, span.resource, Blob{record.details});
    ASSAY_RETURN_IF_ERROR(insert.Run());
    if (database_.num_changes() == 0) {
      return false;
    }
    latency_.Add(span.name, span.service.value_or(0), record);
    if (span.resource.has_value()) {
      ASSAY_RETURN_IF_ERROR(RunOnce(database_, kInsertResource, project_, *span.resource, trace));
    }
    return true;
  }

  absl::StatusOr<InternedSpan> Intern(const SpanRecord& record) {
    InternedSpan span;
    span.record = &record;
    ASSAY_ASSIGN_OR_RETURN(span.name, NameId(record.name));
    if (!record.resource.empty()) {
      ASSAY_ASSIGN_OR_RETURN(span.resource, NameId(record.resource));
    }
    if (record.source != nullptr) {
      if (record.source.get() != last_source_) {
        ASSAY_ASSIGN_OR_RETURN(last_ids_, SourceId(*record.source));
        last_source_ = record.source.get();
      }
      span.source = last_ids_.source;
      span.service = last_ids_.service;
    }
    return span;
  }

  absl::StatusOr<Id> NameId(const std::string& name) {
    if (const auto found = known_.names.find(name); found != known_.names.end()) {
      return found->second;
    }
    ASSAY_ASSIGN_OR_RETURN(std::optional<Id> id, SelectId(database_, kSelectName, project_, name));
    if (!id.has_value()) {
      ASSAY_ASSIGN_OR_RETURN(id, appender_.NewId(database_));
      ASSAY_RETURN_IF_ERROR(RunOnce(database_, kInsertName, *id, project_, name));
    }
    if (known_.names.size() >= kKnownNames) {
      known_.names.clear();
    }
    known_.names.emplace(name, *id);
    return *id;
  }

  absl::StatusOr<SourceIds> SourceId(const SpanSource& source) {
    if (const auto found = known_.sources.find(source.digest); found != known_.sources.end()) {
      return found->second;
    }
    SourceIds ids;
    ASSAY_ASSIGN_OR_RETURN(ids.service, NameId(source.service));
    ASSAY_ASSIGN_OR_RETURN(std::optional<Id> id,
                           SelectId(database_, kSelectSource, project_, source.digest));
    if (!id.has_value()) {
      ASSAY_ASSIGN_OR_RETURN(id, appender_.NewId(database_));
      ASSAY_RETURN_IF_ERROR(RunOnce(database_, kInsertSource, *id, project_, source.digest,
                                    ids.service, Blob{source.details}));
    }
    ids.source = *id;
    if (known_.sources.size() >= kKnownNames) {
      known_.sources.clear();
    }
    known_.sources.emplace(source.digest, ids);
    return ids;
  }

  SpanAppender& appender_;
  Known& known_;
  Database& database_;
  const Id project_;
  const std::int64_t now_us_;
  std::vector<InternedSpan> spans_;  // used again by every trace
  LatencyDelta latency_;
  const SpanSource* last_source_ = nullptr;
  SourceIds last_ids_;
};

absl::Status SpanAppender::Append(Database& database, Id project,
                                  const std::vector<SpanRecord>& spans, std::int64_t now_us) {
  return Batch(*this, database, project, now_us).Append(spans);
}

void SpanAppender::Forget() {
  known_.clear();
  next_id_ = 0;
  end_id_ = 0;
}

void SpanAppender::ForgetTraces() {
  for (auto& [project, known] : known_) {
    known.traces.clear();
  }
}

absl::StatusOr<Id> SpanAppender::NewId(Database& database) {
  if (next_id_ == end_id_) {
    ASSAY_ASSIGN_OR_RETURN(next_id_, AllocateIds(database, kIdsAtOnce));
    end_id_ = next_id_ + kIdsAtOnce;
  }
  return next_id_++;
}

}  // namespace assay::store
