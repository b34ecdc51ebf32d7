#include "server/store/sqlite/trace_store.h"

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "server/base/hex.h"
#include "server/base/status_macros.h"
#include "server/store/sqlite/latency_table.h"
#include "server/store/sqlite/statement.h"
#include "server/store/sqlite/trace_columns.h"
#include "server/store/sqlite/trace_finder.h"
#include "server/store/sqlite/trace_remover.h"

namespace assay::store {
namespace {

// Of a row without its details.
constexpr std::size_t kSpanBytes = 100;

constexpr std::string_view kFindTraces =
    ASSAY_TRACE_COLUMNS "FROM traces t " ASSAY_TRACE_NAMES
                        "WHERE t.project_id = $1 AND t.trace_id >= $2 AND t.trace_id <= $3 "
                        "ORDER BY t.trace_id LIMIT 2";
constexpr std::string_view kTraceIdOf =
    "SELECT trace_id FROM traces WHERE project_id = $1 AND id = $2";
constexpr std::string_view kListSpans =
    "SELECT s.span_id, s.parent_span_id, n.name, s.kind, s.start_ns, s.duration_ns, s.status, "
    "s.status_message, s.details, coalesce(r.name, ''), coalesce(s.source_id, 0) FROM spans s "
    "JOIN names n ON n.id = s.name_id LEFT JOIN names r ON r.id = s.resource_id "
    "WHERE s.project_id = $1 AND s.trace_key = $2 AND s.start_ns <= $4 "
    "AND s.start_ns + s.duration_ns >= $3 ORDER BY s.start_ns, s.span_id LIMIT $5";
constexpr std::string_view kSelectSource =
    "SELECT v.name, s.details FROM sources s JOIN names v ON v.id = s.service_id "
    "WHERE s.project_id = $1 AND s.id = $2";

absl::StatusOr<std::vector<TraceRecord>> SelectTraces(Database& database, std::string_view sql,
                                                      const auto&... values) {
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, sql));
  select.Bind(values...);
  std::vector<TraceRecord> traces;
  ASSAY_RETURN_IF_ERROR(ForEachRow(select, [&] {
    TraceRecord& trace = traces.emplace_back();
    return ReadTrace(select, trace);
  }));
  return traces;
}

// Sources of one project, each read once.
class SourceTable {
 public:
  SourceTable(Database& database, Id project) : database_(database), project_(project) {}

  absl::StatusOr<std::shared_ptr<const SpanSource>> Find(Id id) {
    if (id == 0) {
      return nullptr;
    }
    if (const auto found = sources_.find(id); found != sources_.end()) {
      return found->second;
    }
    ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database_, kSelectSource));
    select.Bind(project_, id);
    ASSAY_ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found) {
      return absl::DataLossError(absl::StrFormat("the source %d of a span is gone", id));
    }
    std::string service;
    Blob details;
    ASSAY_RETURN_IF_ERROR(select.Read(service, details));
    return sources_.emplace(id, MakeSpanSource(service, std::string(details.bytes))).first->second;
  }

 private:
  Database& database_;
  const Id project_;
  std::map<Id, std::shared_ptr<const SpanSource>> sources_;
};

}  // namespace

void SqliteTraceStore::AppendSpans(Id project, std::vector<SpanRecord> spans, Done done) {
  std::size_t num_bytes = 0;
  for (const SpanRecord& span : spans) {
    num_bytes += kSpanBytes + span.details.size() + span.status_message.size();
  }
  auto work = [this, project, spans = std::move(spans)](Database& database) {
    if (is_refusing_) {
      return absl::UnavailableError("room is being made for spans; try again");
    }
    absl::Status status = appender_.Append(database, project, spans, clock_.NowUs());
    if (!status.ok()) {
      appender_.Forget();
    }
    return status;
  };
  writer_.Submit(std::move(work), num_bytes, [this, done = std::move(done)](absl::Status status) {
    if (!status.ok()) {
      appender_.Forget();  // The transaction may be undone.
    }
    done(std::move(status));
  });
}

absl::StatusOr<TracePage> SqliteTraceStore::FindTraces(Id project, const TraceQuery& query) const {
  ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire());
  return store::FindTraces(reader.database(), project, query);
}

absl::StatusOr<TraceRecord> SqliteTraceStore::FindTrace(Id project,
                                                        std::string_view hex_prefix) const {
  constexpr std::size_t kMinDigits = 4;
  constexpr std::size_t kDigits = 32;
  const std::string digits(hex_prefix.substr(0, kDigits));
  TraceId lowest{};
  TraceId highest{};
  if (hex_prefix.size() < kMinDigits || hex_prefix.size() > kDigits ||
      !ParseHex(digits + std::string(kDigits - digits.size(), '0'), lowest) ||
      !ParseHex(digits + std::string(kDigits - digits.size(), 'f'), highest)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("not a trace id or a prefix of 4 to 32 hex digits: '%s'", hex_prefix));
  }
  ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire());
  ASSAY_ASSIGN_OR_RETURN(const std::vector<TraceRecord> found,
                         SelectTraces(reader.database(), kFindTraces, project, lowest, highest));
  if (found.empty()) {
    return absl::NotFoundError(absl::StrFormat("no such trace: '%s'", hex_prefix));
  }
  if (found.size() > 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("several traces start with '%s'", hex_prefix));
  }
  return found[0];
}

absl::StatusOr<std::vector<SpanRecord>> SqliteTraceStore::ListSpans(
    Id project, Id trace, const SpanWindow& window) const {
  ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire());
  TraceId trace_id{};
  {
    ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(reader.database(), kTraceIdOf));
    select.Bind(project, trace);
    ASSAY_ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found) {
      return std::vector<SpanRecord>();
    }
    ASSAY_RETURN_IF_ERROR(select.Read(trace_id));
  }
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(reader.database(), kListSpans));
  select.Bind(project, trace, window.from_ns, window.to_ns, window.max_spans);
  SourceTable sources(reader.database(), project);
  std::vector<SpanRecord> spans;
  ASSAY_RETURN_IF_ERROR(ForEachRow(select, [&]() -> absl::Status {
    SpanRecord& span = spans.emplace_back();
    span.trace_id = trace_id;
    Blob details;
    Id source = 0;
    ASSAY_RETURN_IF_ERROR(select.Read(span.span_id, span.parent_span_id, span.name, span.kind,
                                      span.start_ns, span.duration_ns, span.status,
                                      span.status_message, details, span.resource, source));
    span.details = details.bytes;
    ASSAY_ASSIGN_OR_RETURN(span.source, sources.Find(source));
    return absl::OkStatus();
  }));
  return spans;
}

absl::StatusOr<std::vector<LatencyStep>> SqliteTraceStore::ReadLatency(
    Id project, const LatencyQuery& query) const {
  ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire());
  return store::ReadLatency(reader.database(), project, query);
}

absl::StatusOr<RemovedTraces> SqliteTraceStore::RemoveOldest(std::int64_t before_us,
                                                             std::int64_t max_spans) {
  RemovedTraces removed;
  ASSAY_RETURN_IF_ERROR(writer_.Run([&](Database& database) -> absl::Status {
    appender_.ForgetTraces();  // Some of those that it knows are going.
    ASSAY_ASSIGN_OR_RETURN(removed, RemoveOldestTraces(database, before_us, max_spans));
    return absl::OkStatus();
  }));
  return removed;
}

absl::StatusOr<std::int64_t> SqliteTraceStore::RemoveLatency(std::int64_t minutes_before,
                                                             std::int64_t hours_before,
                                                             std::int64_t max_rows) {
  std::int64_t num_removed = 0;
  ASSAY_RETURN_IF_ERROR(writer_.Run([&](Database& database) -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(num_removed,
                           store::RemoveLatency(database, minutes_before, hours_before, max_rows));
    return absl::OkStatus();
  }));
  return num_removed;
}

absl::StatusOr<TraceFileSize> SqliteTraceStore::FileSize() const {
  ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire());
  Database& database = reader.database();
  ASSAY_ASSIGN_OR_RETURN(const std::int64_t page_bytes, database.QueryInt64("PRAGMA page_size"));
  ASSAY_ASSIGN_OR_RETURN(const std::int64_t num_pages, database.QueryInt64("PRAGMA page_count"));
  ASSAY_ASSIGN_OR_RETURN(const std::int64_t num_free, database.QueryInt64("PRAGMA freelist_count"));
  return TraceFileSize{.used_bytes = (num_pages - num_free) * page_bytes,
                       .free_bytes = num_free * page_bytes};
}

absl::Status SqliteTraceStore::ReleasePages(std::int64_t max_pages) {
  // A pragma takes no bound value; the number is ours.
  const std::string sql = absl::StrFormat("PRAGMA incremental_vacuum(%d)", max_pages);
  return writer_.Run([&](Database& database) { return database.Execute(sql); });
}

absl::Status SqliteTraceStore::Checkpoint() { return writer_.Checkpoint(); }

void SqliteTraceStore::RefuseSpans(bool is_refusing) { is_refusing_ = is_refusing; }

}  // namespace assay::store
