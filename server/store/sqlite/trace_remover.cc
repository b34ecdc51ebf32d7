#include "server/store/sqlite/trace_remover.h"

#include <optional>
#include <string_view>
#include <vector>

#include "server/base/status_macros.h"
#include "server/store/sqlite/statement.h"

namespace assay::store {
namespace {

constexpr std::string_view kFirstOfNextProject =
    "SELECT project_id, id FROM traces WHERE project_id > $1 ORDER BY project_id, id LIMIT 1";
constexpr std::string_view kOldest =
    "SELECT id, num_spans, created_us, resource_id FROM traces WHERE project_id = $1 ORDER BY id";
constexpr std::string_view kRemoveSomeSpans =
    "DELETE FROM spans WHERE project_id = $1 AND trace_key = $2 AND span_id IN ("
    "SELECT span_id FROM spans WHERE project_id = $1 AND trace_key = $2 LIMIT $3)";
constexpr std::string_view kRemoveSpansUpTo =
    "DELETE FROM spans WHERE project_id = $1 AND trace_key <= $2";
constexpr std::string_view kShrinkTrace =
    "UPDATE traces SET num_spans = num_spans - $3 WHERE project_id = $1 AND id = $2";
constexpr std::string_view kRemoveResources =
    "DELETE FROM trace_resources WHERE project_id = $1 AND trace_key = $2 AND resource_id IN ("
    "SELECT DISTINCT resource_id FROM spans WHERE project_id = $1 AND trace_key = $2 "
    "AND resource_id IS NOT NULL)";
constexpr std::string_view kRemoveTracesUpTo =
    "DELETE FROM traces WHERE project_id = $1 AND id <= $2";

// The oldest traces of a project that may go together, and what comes after them.
struct Oldest {
  std::vector<Id> with_resources;  // of those that go
  Id last = 0;                     // up to here all go; 0: none
  RemovedTraces num;
  Id next = 0;  // has more spans than there is room for; 0: no such trace
  bool next_has_resources = false;
};

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

absl::StatusOr<Oldest> FindOldest(Database& database, Id project, std::int64_t before_us,
                                  std::int64_t max_spans) {
  Oldest oldest;
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, kOldest));
  select.Bind(project);
  while (oldest.num.num_spans < max_spans) {
    ASSAY_ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found) {
      break;
    }
    Id trace = 0;
    std::int64_t num_spans = 0;
    std::int64_t created_us = 0;
    std::optional<Id> resource;
    ASSAY_RETURN_IF_ERROR(select.Read(trace, num_spans, created_us, resource));
    if (created_us >= before_us) {
      break;
    }
    if (oldest.num.num_spans + num_spans > max_spans) {
      oldest.next = trace;
      oldest.next_has_resources = resource.has_value();
      break;
    }
    if (resource.has_value()) {
      oldest.with_resources.push_back(trace);
    }
    oldest.last = trace;
    oldest.num.num_spans += num_spans;
    ++oldest.num.num_traces;
  }
  return oldest;
}

}  // namespace

absl::StatusOr<RemovedTraces> RemoveOldestTraces(Database& database, std::int64_t before_us,
                                                 std::int64_t max_spans) {
  ASSAY_ASSIGN_OR_RETURN(const std::optional<Id> project, ProjectOfOldest(database));
  if (!project.has_value()) {
    return RemovedTraces();
  }
  ASSAY_ASSIGN_OR_RETURN(Oldest oldest, FindOldest(database, *project, before_us, max_spans));
  for (const Id trace : oldest.with_resources) {
    ASSAY_RETURN_IF_ERROR(RunOnce(database, kRemoveResources, *project, trace));
  }
  // In one stroke: they are a range of the table.
  ASSAY_RETURN_IF_ERROR(RunOnce(database, kRemoveSpansUpTo, *project, oldest.last));
  ASSAY_RETURN_IF_ERROR(RunOnce(database, kRemoveTracesUpTo, *project, oldest.last));
  if (oldest.next != 0) {
    const std::int64_t room = max_spans - oldest.num.num_spans;
    if (oldest.next_has_resources) {
      ASSAY_RETURN_IF_ERROR(RunOnce(database, kRemoveResources, *project, oldest.next));
    }
    ASSAY_RETURN_IF_ERROR(RunOnce(database, kRemoveSomeSpans, *project, oldest.next, room));
    ASSAY_RETURN_IF_ERROR(RunOnce(database, kShrinkTrace, *project, oldest.next, room));
    oldest.num.num_spans += room;
  }
  return oldest.num;
}

}  // namespace assay::store
