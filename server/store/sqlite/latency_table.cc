#include "server/store/sqlite/latency_table.h"

#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "server/base/status_macros.h"
#include "server/store/sqlite/statement.h"

namespace assay::store {
namespace {

constexpr std::int64_t kMinuteNs = 60'000'000'000;
constexpr std::int64_t kHourMinutes = 60;

constexpr std::string_view kSelect =
    "SELECT num_errors, histogram FROM latency WHERE project_id = $1 AND width = $2 AND slot = $3 "
    "AND name_id = $4 AND service_id = $5";
constexpr std::string_view kPut =
    "INSERT INTO latency (project_id, width, slot, name_id, service_id, num_errors, histogram) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7) "
    "ON CONFLICT (project_id, width, slot, name_id, service_id) "
    "DO UPDATE SET num_errors = excluded.num_errors, histogram = excluded.histogram";
constexpr std::string_view kRead =
    "SELECT l.slot, n.name, coalesce(v.name, ''), l.num_errors, l.histogram FROM latency l "
    "JOIN names n ON n.id = l.name_id LEFT JOIN names v ON v.id = l.service_id "
    "WHERE l.project_id = $1 AND l.width = $2 AND l.slot >= $3 AND l.slot < $4 "
    "AND ($5 = 0 OR l.name_id = $5) AND ($6 = 0 OR l.service_id = $6) ORDER BY l.slot";
constexpr std::string_view kFindName = "SELECT id FROM names WHERE project_id = $1 AND name = $2";
constexpr std::string_view kNextProject =
    "SELECT project_id FROM latency WHERE project_id > $1 ORDER BY project_id LIMIT 1";
constexpr std::string_view kOld =
    "SELECT slot, name_id, service_id FROM latency "
    "WHERE project_id = $1 AND width = $2 AND slot < $3 ORDER BY slot LIMIT $4";
constexpr std::string_view kRemove =
    "DELETE FROM latency WHERE project_id = $1 AND width = $2 AND slot = $3 AND name_id = $4 "
    "AND service_id = $5";

absl::Status DamagedHistogram() { return absl::DataLossError("a latency histogram is damaged"); }

// 0 for an empty name; absent when no span has this one.
absl::StatusOr<std::optional<Id>> IdOf(Database& database, Id project, const std::string& name) {
  if (name.empty()) {
    return 0;
  }
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, kFindName));
  select.Bind(project, name);
  ASSAY_ASSIGN_OR_RETURN(const bool found, select.Step());
  std::optional<Id> id;
  if (found) {
    ASSAY_RETURN_IF_ERROR(select.Read(id));
  }
  return id;
}

// Removes rows of slots before `before`, at most `max_rows`; the number removed.
absl::StatusOr<std::int64_t> RemoveSlots(Database& database, Id project, std::int64_t width,
                                         std::int64_t before, std::int64_t max_rows) {
  std::vector<std::tuple<std::int64_t, Id, Id>> old;  // slot, name, service
  {
    ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, kOld));
    select.Bind(project, width, before, max_rows);
    ASSAY_RETURN_IF_ERROR(ForEachRow(select, [&] {
      auto& [slot, name, service] = old.emplace_back();
      return select.Read(slot, name, service);
    }));
  }
  ASSAY_ASSIGN_OR_RETURN(Statement remove, Statement::Prepare(database, kRemove));
  for (const auto& [slot, name, service] : old) {
    remove.Bind(project, width, slot, name, service);
    ASSAY_RETURN_IF_ERROR(remove.Run());
  }
  return std::ssize(old);
}

}  // namespace

void LatencyDelta::Add(Id name, Id service, const SpanRecord& span) {
  Durations& durations = by_minute_[{span.start_ns / kMinuteNs, name, service}];
  durations.num_errors += span.status == SpanStatus::kError ? 1 : 0;
  durations.histogram.Add(span.duration_ns);
}

absl::Status LatencyDelta::Store(Database& database, Id project) {
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, kSelect));
  ASSAY_ASSIGN_OR_RETURN(Statement put, Statement::Prepare(database, kPut));
  for (const auto& [key, delta] : by_minute_) {
    const auto& [minute, name, service] = key;
    for (const std::int64_t width : {std::int64_t{1}, kHourMinutes}) {
      const std::int64_t slot = minute / width;
      Durations durations = delta;
      select.Bind(project, width, slot, name, service);
      ASSAY_ASSIGN_OR_RETURN(const bool found, select.Step());
      if (found) {
        std::int64_t num_errors = 0;
        Blob bytes;
        ASSAY_RETURN_IF_ERROR(select.Read(num_errors, bytes));
        const std::optional<LatencyHistogram> stored = LatencyHistogram::Decode(bytes.bytes);
        if (!stored.has_value()) {
          return DamagedHistogram();
        }
        durations.num_errors += num_errors;
        durations.histogram.Merge(*stored);
      }
      select.Reset();
      const std::string bytes = durations.histogram.Encode();
      put.Bind(project, width, slot, name, service, durations.num_errors, Blob{bytes});
      ASSAY_RETURN_IF_ERROR(put.Run());
    }
  }
  by_minute_.clear();
  return absl::OkStatus();
}

absl::StatusOr<std::vector<LatencyStep>> ReadLatency(Database& database, Id project,
                                                     const LatencyQuery& query) {
  ASSAY_ASSIGN_OR_RETURN(const std::optional<Id> name, IdOf(database, project, query.name));
  ASSAY_ASSIGN_OR_RETURN(const std::optional<Id> service, IdOf(database, project, query.service));
  if (!name.has_value() || !service.has_value()) {
    return std::vector<LatencyStep>();
  }
  const bool is_hourly = query.from_minute % kHourMinutes == 0 &&
                         query.before_minute % kHourMinutes == 0 &&
                         query.step_minutes % kHourMinutes == 0;
  const std::int64_t width = is_hourly ? kHourMinutes : 1;
  std::map<std::tuple<std::string, std::string, std::int64_t>, LatencyStep> steps;
  ASSAY_ASSIGN_OR_RETURN(Statement read, Statement::Prepare(database, kRead));
  read.Bind(project, width, query.from_minute / width, query.before_minute / width, *name,
            *service);
  ASSAY_RETURN_IF_ERROR(ForEachRow(read, [&]() -> absl::Status {
    std::int64_t slot = 0;
    std::int64_t num_errors = 0;
    std::string name_text;
    std::string service_text;
    Blob bytes;
    ASSAY_RETURN_IF_ERROR(read.Read(slot, name_text, service_text, num_errors, bytes));
    const std::optional<LatencyHistogram> stored = LatencyHistogram::Decode(bytes.bytes);
    if (!stored.has_value()) {
      return DamagedHistogram();
    }
    const std::int64_t minute = query.from_minute + (slot * width - query.from_minute) /
                                                        query.step_minutes * query.step_minutes;
    LatencyStep& step = steps[{service_text, name_text, minute}];
    step.service = service_text;
    step.name = name_text;
    step.minute = minute;
    step.num_errors += num_errors;
    step.durations.Merge(*stored);
    return absl::OkStatus();
  }));
  std::vector<LatencyStep> result;
  result.reserve(steps.size());
  for (auto& [key, step] : steps) {
    result.push_back(std::move(step));
  }
  return result;
}

absl::StatusOr<std::int64_t> RemoveLatency(Database& database, std::int64_t minutes_before,
                                           std::int64_t hours_before, std::int64_t max_rows) {
  std::int64_t num_removed = 0;
  Id project = 0;
  for (;;) {
    {
      ASSAY_ASSIGN_OR_RETURN(Statement next, Statement::Prepare(database, kNextProject));
      next.Bind(project);
      ASSAY_ASSIGN_OR_RETURN(const bool found, next.Step());
      if (!found) {
        return num_removed;
      }
      ASSAY_RETURN_IF_ERROR(next.Read(project));
    }
    for (const auto& [width, before] :
         {std::pair(std::int64_t{1}, minutes_before), std::pair(kHourMinutes, hours_before)}) {
      ASSAY_ASSIGN_OR_RETURN(const std::int64_t num_rows,
                             RemoveSlots(database, project, width, before, max_rows - num_removed));
      num_removed += num_rows;
    }
  }
}

}  // namespace assay::store
