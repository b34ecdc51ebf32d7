#include "server/store/sqlite/trace_remover.h"

#include <optional>
#include <string_view>

#include "server/base/status_macros.h"
#include "server/store/sqlite/statement.h"

namespace assay::store {
namespace {

constexpr std::string_view kFirstOfNextProject =
    "SELECT project_id, id FROM traces WHERE project_id > $1 ORDER BY project_id, id LIMIT 1";
constexpr std::string_view kOldest =
    "SELECT id, num_spans, created_us, resource_id FROM traces WHERE project_id = $1 "
    "ORDER BY id LIMIT 1";
constexpr std::string_view kRemoveSomeSpans =
    "DELETE FROM spans WHERE project_id = $1 AND trace_key = $2 AND span_id IN ("
    "SELECT span_id FROM spans WHERE project_id = $1 AND trace_key = $2 LIMIT $3)";
constexpr std::string_view kRemoveSpans =
    "DELETE FROM spans WHERE project_id = $1 AND trace_key = $2";
constexpr std::string_view kShrinkTrace =
    "UPDATE traces SET num_spans = num_spans - $3 WHERE project_id = $1 AND id = $2";
constexpr std::string_view kRemoveResources =
    "DELETE FROM trace_resources WHERE project_id = $1 AND trace_key = $2 AND resource_id IN ("
    "SELECT DISTINCT resource_id FROM spans WHERE project_id = $1 AND trace_key = $2 "
    "AND resource_id IS NOT NULL)";
constexpr std::string_view kRemoveTrace = "DELETE FROM traces WHERE project_id = $1 AND id = $2";

// The project whose first trace is the oldest of all; ids of all projects come from one sequence.
absl::StatusOr<std::optional<Id>> ProjectOfOldest(Database& database) {
  std::optional<Id> oldest_project;
  Id oldest = 0;
  Id project = 0;
  for (;;) {
    ASSAY_ASSIGN_OR_RETURN(Statement next, Statement::Prepare(database, kFirstOfNextProject));
    next.Bind(project);
    ASSAY_ASSIGN_OR_RETURN(const bool found, next.Step());
    if (!found) {
      return oldest_project;
    }
    Id first = 0;
    ASSAY_RETURN_IF_ERROR(next.Read(project, first));
    if (!oldest_project.has_value() || first < oldest) {
      oldest_project = project;
      oldest = first;
    }
  }
}

}  // namespace

absl::StatusOr<RemovedTraces> RemoveOldestTraces(Database& database, std::int64_t before_us,
                                                 std::int64_t max_spans) {
  RemovedTraces removed;
  ASSAY_ASSIGN_OR_RETURN(const std::optional<Id> project, ProjectOfOldest(database));
  while (project.has_value() && removed.num_spans < max_spans) {
    Id trace = 0;
    std::int64_t num_spans = 0;
    std::int64_t created_us = 0;
    std::optional<Id> resource;
    {
      ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, kOldest));
      select.Bind(*project);
      ASSAY_ASSIGN_OR_RETURN(const bool found, select.Step());
      if (!found) {
        break;
      }
      ASSAY_RETURN_IF_ERROR(select.Read(trace, num_spans, created_us, resource));
    }
    if (created_us >= before_us) {
      break;
    }
    const std::int64_t room = max_spans - removed.num_spans;
    if (resource.has_value()) {
      ASSAY_RETURN_IF_ERROR(RunOnce(database, kRemoveResources, *project, trace));
    }
    if (num_spans > room) {
      ASSAY_RETURN_IF_ERROR(RunOnce(database, kRemoveSomeSpans, *project, trace, room));
      ASSAY_RETURN_IF_ERROR(RunOnce(database, kShrinkTrace, *project, trace, room));
      removed.num_spans += room;
      break;
    }
    ASSAY_RETURN_IF_ERROR(RunOnce(database, kRemoveSpans, *project, trace));
    ASSAY_RETURN_IF_ERROR(RunOnce(database, kRemoveTrace, *project, trace));
    removed.num_spans += num_spans;
    ++removed.num_traces;
  }
  return removed;
}

}  // namespace assay::store
