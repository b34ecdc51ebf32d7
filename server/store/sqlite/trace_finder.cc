#include "server/store/sqlite/trace_finder.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <string_view>
#include <utility>

#include "server/base/status_macros.h"
#include "server/store/span_details.h"
#include "server/store/sqlite/span_appender.h"
#include "server/store/sqlite/statement.h"
#include "server/store/sqlite/trace_columns.h"

namespace assay::store {
namespace {

constexpr std::chrono::milliseconds kPatience{500};

#define ASSAY_TRACE_FILTER                                                \
  "AND t.duration_ns >= $3 AND t.duration_ns <= $4 AND t.start_ns >= $5 " \
  "AND t.start_ns < $6 AND (t.signature & $7) = $7 AND ($8 = 0 OR t.num_errors > 0) "
constexpr std::string_view kNewest = ASSAY_TRACE_COLUMNS
    "FROM traces t " ASSAY_TRACE_NAMES "WHERE t.project_id = $1 AND t.id < $2 " ASSAY_TRACE_FILTER
    "ORDER BY t.id DESC";
constexpr std::string_view kNewestOfResource = ASSAY_TRACE_COLUMNS
    "FROM trace_resources l "
    "JOIN traces t ON t.project_id = l.project_id AND t.id = l.trace_key " ASSAY_TRACE_NAMES
    "WHERE l.project_id = $1 AND l.resource_id = $9 AND l.trace_key < $2 " ASSAY_TRACE_FILTER
    "ORDER BY l.trace_key DESC";
// $4 is both the longest duration asked for and, for a page that goes on, that of the last trace.
constexpr std::string_view kSlowest = ASSAY_TRACE_COLUMNS
    "FROM traces t " ASSAY_TRACE_NAMES
    "WHERE t.project_id = $1 AND (t.duration_ns < $4 OR t.id < $2) " ASSAY_TRACE_FILTER
    "AND ($9 = 0 OR EXISTS (SELECT 1 FROM trace_resources l WHERE l.project_id = $1 "
    "AND l.resource_id = $9 AND l.trace_key = t.id)) ORDER BY t.duration_ns DESC, t.id DESC";
constexpr std::string_view kFindName = "SELECT id FROM names WHERE project_id = $1 AND name = $2";
constexpr std::string_view kSpansOf =
    "SELECT s.name_id, coalesce(o.service_id, 0), s.status, s.details, coalesce(s.source_id, 0) "
    "FROM spans s LEFT JOIN sources o ON o.id = s.source_id "
    "WHERE s.project_id = $1 AND s.trace_key = $2";
constexpr std::string_view kSourceDetails = "SELECT details FROM sources WHERE id = $1";

// The parts of a query that only spans can answer.
class SpanFilter {
 public:
  SpanFilter(Database& database, Id project, const TraceQuery& query)
      : database_(database), project_(project), query_(query) {}

  // False when a name is asked for that no span has.
  absl::StatusOr<bool> ResolveNames() {
    ASSAY_ASSIGN_OR_RETURN(const bool has_name, Resolve(query_.name, name_));
    ASSAY_ASSIGN_OR_RETURN(const bool has_service, Resolve(query_.service, service_));
    ASSAY_ASSIGN_OR_RETURN(const bool has_resource, Resolve(query_.resource, resource_));
    return has_name && has_service && has_resource;
  }

  Id resource() const { return resource_; }

  // Bits that the signature of a trace with such a span has.
  std::int64_t Signature() const {
    return static_cast<std::int64_t>((name_ == 0 ? 0 : SignatureBits(name_)) |
                                     (service_ == 0 ? 0 : SignatureBits(service_)));
  }

  // True when one span of the trace has everything.
  absl::StatusOr<bool> Matches(Id trace) {
    if (name_ == 0 && service_ == 0 && query_.attributes.empty()) {
      return true;  // The trace's own numbers said the rest.
    }
    ASSAY_ASSIGN_OR_RETURN(Statement spans, Statement::Prepare(database_, kSpansOf));
    spans.Bind(project_, trace);
    for (;;) {
      ASSAY_ASSIGN_OR_RETURN(const bool has_row, spans.Step());
      if (!has_row) {
        return false;
      }
      Id name = 0;
      Id service = 0;
      SpanStatus status = SpanStatus::kUnset;
      Blob details;
      Id source = 0;
      ASSAY_RETURN_IF_ERROR(spans.Read(name, service, status, details, source));
      if ((name_ != 0 && name != name_) || (service_ != 0 && service != service_) ||
          (query_.has_error && status != SpanStatus::kError)) {
        continue;
      }
      ASSAY_ASSIGN_OR_RETURN(const bool has_attributes, HasAttributes(details.bytes, source));
      if (has_attributes) {
        return true;
      }
    }
  }

 private:
  absl::StatusOr<bool> Resolve(const std::string& name, Id& id) {
    if (name.empty()) {
      return true;
    }
    ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database_, kFindName));
    select.Bind(project_, name);
    ASSAY_ASSIGN_OR_RETURN(const bool found, select.Step());
    if (found) {
      ASSAY_RETURN_IF_ERROR(select.Read(id));
    }
    return found;
  }

  static bool Has(const SpanDetails& details, const std::pair<std::string, std::string>& wanted) {
    const SpanAttribute* const attribute = details.Find(wanted.first);
    return attribute != nullptr && attribute->value == wanted.second;
  }

  absl::StatusOr<bool> HasAttributes(std::string_view bytes, Id source) {
    if (query_.attributes.empty()) {
      return true;
    }
    const std::optional<SpanDetails> details = DecodeSpanDetails(bytes);
    if (!details.has_value()) {
      return false;
    }
    for (const auto& wanted : query_.attributes) {
      if (Has(*details, wanted)) {
        continue;
      }
      ASSAY_ASSIGN_OR_RETURN(const SpanDetails* of_source, SourceDetails(source));
      if (!Has(*of_source, wanted)) {
        return false;
      }
    }
    return true;
  }

  absl::StatusOr<const SpanDetails*> SourceDetails(Id source) {
    const auto [place, is_new] = sources_.try_emplace(source);
    if (is_new && source != 0) {
      ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database_, kSourceDetails));
      select.Bind(source);
      ASSAY_ASSIGN_OR_RETURN(const bool found, select.Step());
      if (found) {
        Blob bytes;
        ASSAY_RETURN_IF_ERROR(select.Read(bytes));
        place->second = DecodeSpanDetails(bytes.bytes).value_or(SpanDetails());
      }
    }
    return &place->second;
  }

  Database& database_;
  const Id project_;
  const TraceQuery& query_;
  Id name_ = 0;
  Id service_ = 0;
  Id resource_ = 0;
  std::map<Id, SpanDetails> sources_;
};

}  // namespace

absl::StatusOr<TracePage> FindTraces(Database& database, Id project, const TraceQuery& query) {
  TracePage page;
  SpanFilter filter(database, project, query);
  ASSAY_ASSIGN_OR_RETURN(const bool can_match, filter.ResolveNames());
  if (!can_match) {
    return page;
  }
  const bool goes_on = query.after.id != 0;
  const Id before = goes_on ? query.after.id : TraceQuery::kNever;
  std::int64_t longest = query.max_duration_ns;
  if (query.is_slowest_first && goes_on) {
    longest = std::min(longest, query.after.duration_ns);
  }
  const std::string_view sql = query.is_slowest_first   ? kSlowest
                               : filter.resource() != 0 ? kNewestOfResource
                                                        : kNewest;
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, sql));
  if (sql == kNewest) {
    select.Bind(project, before, query.min_duration_ns, longest, query.start_from_ns,
                query.start_before_ns, filter.Signature(), query.has_error);
  } else {
    select.Bind(project, before, query.min_duration_ns, longest, query.start_from_ns,
                query.start_before_ns, filter.Signature(), query.has_error, filter.resource());
  }
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    ASSAY_ASSIGN_OR_RETURN(const bool has_row, select.Step());
    if (!has_row) {
      return page;
    }
    TraceRecord trace;
    ASSAY_RETURN_IF_ERROR(ReadTrace(select, trace));
    const TraceQuery::Position here{trace.id, trace.duration_ns};
    ASSAY_ASSIGN_OR_RETURN(const bool matches, filter.Matches(trace.id));
    if (matches) {
      page.traces.push_back(std::move(trace));
    }
    if (std::ssize(page.traces) >= query.size || std::chrono::steady_clock::now() > deadline) {
      page.next = here;
      return page;
    }
  }
}

}  // namespace assay::store
