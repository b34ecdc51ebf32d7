#include "server/store/sqlite/trace_store.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "server/base/hex.h"
#include "server/base/status_macros.h"
#include "server/store/sqlite/id_sequence.h"
#include "server/store/sqlite/page_bound.h"
#include "server/store/sqlite/span_attributes.h"
#include "server/store/sqlite/statement.h"

namespace assay::store {
namespace {

using TraceId = std::array<std::uint8_t, 16>;

constexpr std::string_view kSelectTraceKey =
    "SELECT id FROM traces WHERE project_id = $1 AND trace_id = $2";
constexpr std::string_view kInsertTrace =
    "INSERT INTO traces (id, project_id, trace_id, root_name, has_root, start_ns, end_ns, "
    "num_spans, num_errors, resource) VALUES ($1, $2, $3, '', 0, $4, $5, 0, 0, '')";
// The root's name once it is known, until then that of the first span of the first batch.
constexpr std::string_view kUpdateTrace =
    "UPDATE traces SET root_name = CASE WHEN $3 = 1 OR root_name = '' THEN $4 ELSE root_name END, "
    "has_root = CASE WHEN $3 = 1 THEN 1 ELSE has_root END, "
    "start_ns = CASE WHEN $5 < start_ns THEN $5 ELSE start_ns END, "
    "end_ns = CASE WHEN $6 > end_ns THEN $6 ELSE end_ns END, "
    "num_spans = num_spans + $7, num_errors = num_errors + $8, "
    "resource = CASE WHEN resource = '' THEN $9 ELSE resource END "
    "WHERE project_id = $1 AND id = $2";
constexpr std::string_view kSelectName = "SELECT id FROM names WHERE project_id = $1 AND name = $2";
constexpr std::string_view kInsertName =
    "INSERT INTO names (id, project_id, name) VALUES ($1, $2, $3)";
constexpr std::string_view kInsertSpan =
    "INSERT INTO spans (project_id, trace_key, span_id, parent_span_id, name_id, start_ns, "
    "duration_ns, status, status_message, attributes, resource_id) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) "
    "ON CONFLICT (project_id, trace_key, span_id) DO NOTHING";
constexpr std::string_view kInsertResource =
    "INSERT INTO trace_resources (project_id, resource_id, trace_key) VALUES ($1, $2, $3) "
    "ON CONFLICT (project_id, resource_id, trace_key) DO NOTHING";
constexpr std::string_view kListTraces =
    "SELECT id, trace_id, root_name, start_ns, end_ns - start_ns, num_spans, num_errors, resource "
    "FROM traces WHERE project_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
constexpr std::string_view kListTracesOf =
    "SELECT t.id, t.trace_id, t.root_name, t.start_ns, t.end_ns - t.start_ns, t.num_spans, "
    "t.num_errors, n.name FROM names n "
    "JOIN trace_resources r ON r.project_id = n.project_id AND r.resource_id = n.id "
    "JOIN traces t ON t.project_id = r.project_id AND t.id = r.trace_key "
    "WHERE n.project_id = $1 AND n.name = $4 AND r.trace_key < $2 "
    "ORDER BY r.trace_key DESC LIMIT $3";
constexpr std::string_view kFindTraces =
    "SELECT id, trace_id, root_name, start_ns, end_ns - start_ns, num_spans, num_errors, resource "
    "FROM traces WHERE project_id = $1 AND trace_id >= $2 AND trace_id <= $3 "
    "ORDER BY trace_id LIMIT 2";
constexpr std::string_view kListSpans =
    "SELECT t.trace_id, s.span_id, s.parent_span_id, n.name, s.start_ns, s.duration_ns, s.status, "
    "s.status_message, s.attributes, coalesce(r.name, '') FROM spans s "
    "JOIN traces t ON t.project_id = s.project_id AND t.id = s.trace_key "
    "JOIN names n ON n.project_id = s.project_id AND n.id = s.name_id "
    "LEFT JOIN names r ON r.project_id = s.project_id AND r.id = s.resource_id "
    "WHERE s.project_id = $1 AND s.trace_key = $2 ORDER BY s.start_ns, s.span_id";

// The id that `select` finds with `values`; absent when it finds none.
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

// Ids of names, kept for one batch so that each is looked up once.
class NameTable {
 public:
  NameTable(Database& database, Id project) : database_(database), project_(project) {}

  absl::StatusOr<Id> IdOf(const std::string& name) {
    if (const auto known = ids_.find(name); known != ids_.end()) {
      return known->second;
    }
    ASSAY_ASSIGN_OR_RETURN(std::optional<Id> id, SelectId(database_, kSelectName, project_, name));
    if (!id) {
      ASSAY_ASSIGN_OR_RETURN(id, AllocateIds(database_, 1));
      ASSAY_RETURN_IF_ERROR(RunOnce(database_, kInsertName, *id, project_, name));
    }
    ids_.emplace(name, *id);
    return *id;
  }

 private:
  Database& database_;
  const Id project_;
  std::map<std::string, Id> ids_;
};

absl::StatusOr<Id> PutTrace(Database& database, Id project, const SpanRecord& span) {
  ASSAY_ASSIGN_OR_RETURN(const std::optional<Id> known,
                         SelectId(database, kSelectTraceKey, project, span.trace_id));
  if (known) {
    return *known;
  }
  ASSAY_ASSIGN_OR_RETURN(const Id id, AllocateIds(database, 1));
  ASSAY_RETURN_IF_ERROR(RunOnce(database, kInsertTrace, id, project, span.trace_id, span.start_ns,
                                span.start_ns + span.duration_ns));
  return id;
}

// False when the span was there already.
absl::StatusOr<bool> PutSpan(Database& database, Id project, Id trace, const SpanRecord& span,
                             NameTable& names) {
  ASSAY_ASSIGN_OR_RETURN(const Id name, names.IdOf(span.name));
  std::optional<Id> resource;
  if (!span.resource.empty()) {
    ASSAY_ASSIGN_OR_RETURN(resource, names.IdOf(span.resource));
  }
  const std::string attributes = EncodeAttributes(span.attributes);
  ASSAY_RETURN_IF_ERROR(RunOnce(database, kInsertSpan, project, trace, span.span_id,
                                span.parent_span_id, name, span.start_ns, span.duration_ns,
                                span.status, span.status_message, Blob{attributes}, resource));
  if (database.num_changes() == 0) {
    return false;
  }
  if (resource) {
    ASSAY_RETURN_IF_ERROR(RunOnce(database, kInsertResource, project, *resource, trace));
  }
  return true;
}

// Adds the spans of one trace.
absl::Status PutSpans(Database& database, Id project, const std::vector<const SpanRecord*>& spans,
                      NameTable& names) {
  constexpr std::array<std::uint8_t, 8> kNoParent{};
  ASSAY_ASSIGN_OR_RETURN(const Id trace, PutTrace(database, project, *spans[0]));
  std::int64_t start_ns = std::numeric_limits<std::int64_t>::max();
  std::int64_t end_ns = std::numeric_limits<std::int64_t>::min();
  std::int64_t num_added = 0;
  std::int64_t num_errors = 0;
  bool has_root = false;
  std::string_view root_name;
  std::string_view resource;
  for (const SpanRecord* span : spans) {
    ASSAY_ASSIGN_OR_RETURN(const bool is_new, PutSpan(database, project, trace, *span, names));
    if (!is_new) {
      continue;
    }
    const bool is_root = span->parent_span_id == kNoParent;
    if ((is_root && !has_root) || num_added == 0) {
      root_name = span->name;
    }
    if (resource.empty()) {
      resource = span->resource;
    }
    has_root |= is_root;
    start_ns = std::min(start_ns, span->start_ns);
    end_ns = std::max(end_ns, span->start_ns + span->duration_ns);
    num_errors += span->status == SpanStatus::kError ? 1 : 0;
    ++num_added;
  }
  if (num_added == 0) {
    return absl::OkStatus();
  }
  return RunOnce(database, kUpdateTrace, project, trace, has_root, root_name, start_ns, end_ns,
                 num_added, num_errors, resource);
}

absl::StatusOr<std::vector<TraceRecord>> SelectTraces(Database& database, std::string_view sql,
                                                      const auto&... values) {
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, sql));
  select.Bind(values...);
  std::vector<TraceRecord> traces;
  ASSAY_RETURN_IF_ERROR(ForEachRow(select, [&] {
    TraceRecord& trace = traces.emplace_back();
    return select.Read(trace.id, trace.trace_id, trace.root_name, trace.start_ns, trace.duration_ns,
                       trace.num_spans, trace.num_errors, trace.resource);
  }));
  return traces;
}

}  // namespace

absl::Status SqliteTraceStore::Append(Id project, const std::vector<SpanRecord>& spans) {
  // Traces in the order of their first span, so that ids grow with time.
  std::map<TraceId, std::size_t> place;
  std::vector<std::vector<const SpanRecord*>> by_trace;
  for (const SpanRecord& span : spans) {
    const auto [found, is_new] = place.emplace(span.trace_id, by_trace.size());
    if (is_new) {
      by_trace.emplace_back();
    }
    by_trace[found->second].push_back(&span);
  }
  return writer_.Run([&](Database& database) -> absl::Status {
    NameTable names(database, project);
    for (const std::vector<const SpanRecord*>& trace : by_trace) {
      ASSAY_RETURN_IF_ERROR(PutSpans(database, project, trace, names));
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<TraceRecord>> SqliteTraceStore::ListTraces(Id project,
                                                                      std::string_view resource,
                                                                      PageRequest page) const {
  ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire());
  if (resource.empty()) {
    return SelectTraces(reader.database(), kListTraces, project, PageBound(page), page.size);
  }
  return SelectTraces(reader.database(), kListTracesOf, project, PageBound(page), page.size,
                      resource);
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

absl::StatusOr<std::vector<SpanRecord>> SqliteTraceStore::ListSpans(Id project, Id trace) const {
  ASSAY_ASSIGN_OR_RETURN(ReadPool::Reader reader, readers_.Acquire());
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(reader.database(), kListSpans));
  select.Bind(project, trace);
  std::vector<SpanRecord> spans;
  ASSAY_RETURN_IF_ERROR(ForEachRow(select, [&]() -> absl::Status {
    SpanRecord& span = spans.emplace_back();
    Blob attributes;
    ASSAY_RETURN_IF_ERROR(select.Read(span.trace_id, span.span_id, span.parent_span_id, span.name,
                                      span.start_ns, span.duration_ns, span.status,
                                      span.status_message, attributes, span.resource));
    return DecodeAttributes(attributes.bytes, span.attributes)
               ? absl::OkStatus()
               : absl::DataLossError(
                     absl::StrFormat("span '%s' has damaged attributes", HexText(span.span_id)));
  }));
  return spans;
}

}  // namespace assay::store
