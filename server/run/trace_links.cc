#include "server/run/trace_links.h"

#include <algorithm>
#include <functional>
#include <set>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "server/base/status_macros.h"
#include "server/run/model_outputs.h"
#include "server/run/run_inputs.h"

namespace assay::run {
namespace {

constexpr std::int32_t kMaxOutputSets = 200;
constexpr std::size_t kMaxRowsOfSet = 100;
constexpr std::int32_t kMaxRuns = 1000;
constexpr std::int32_t kMaxComparisons = 1000;
constexpr std::int32_t kMaxSpansOfRun = 1000;

// Text of one row; empty when the set has no such column or the row no value.
absl::StatusOr<std::string> TextOf(store::Store& store, store::Id project, store::Id output_set,
                                   const store::ColumnRecord* column, std::int64_t row) {
  if (column == nullptr || column->type != ColumnType::kText) {
    return "";
  }
  ASSAY_ASSIGN_OR_RETURN(
      const Column values,
      store.columns().ReadChunk(project, output_set, *column, row / store::kChunkRows));
  const std::int64_t place = row % store::kChunkRows;
  return values.IsValid(place) ? std::string(values.Text(place)) : std::string();
}

absl::Status FindRows(store::Store& store, store::Id project, const store::OutputSetRecord& outputs,
                      std::string_view trace_id, std::vector<TracedRow>& rows) {
  ASSAY_ASSIGN_OR_RETURN(const std::vector<store::ColumnRecord> columns,
                         store.columns().ListColumns(project, outputs.id));
  const store::ColumnRecord* const ids = FindColumn(columns, "trace_id");
  if (ids == nullptr || ids->type != ColumnType::kText) {
    return absl::OkStatus();
  }
  std::size_t num_found = 0;
  for (std::int64_t chunk = 0; chunk * store::kChunkRows < outputs.num_rows; ++chunk) {
    ASSAY_ASSIGN_OR_RETURN(const Column values,
                           store.columns().ReadChunk(project, outputs.id, *ids, chunk));
    for (std::int64_t i = 0; i < values.num_rows && num_found < kMaxRowsOfSet; ++i) {
      const std::string_view id = values.Text(i);
      if (!values.IsValid(i) ||
          !absl::EqualsIgnoreCase(absl::string_view(id.data(), id.size()),
                                  absl::string_view(trace_id.data(), trace_id.size()))) {
        continue;
      }
      TracedRow& row = rows.emplace_back();
      row.output_set = outputs.id;
      row.row = chunk * store::kChunkRows + i;
      ASSAY_ASSIGN_OR_RETURN(
          row.key, TextOf(store, project, outputs.id, FindColumn(columns, "key"), row.row));
      ASSAY_ASSIGN_OR_RETURN(
          row.span_id, TextOf(store, project, outputs.id, FindColumn(columns, "span_id"), row.row));
      ++num_found;
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> TraceOfOutputs(store::Store& store, store::Id project,
                                           const store::OutputSetRecord& outputs) {
  ASSAY_ASSIGN_OR_RETURN(const store::ModelVersionRecord model,
                         store.models().GetVersion(project, outputs.model_version_id));
  if (model.architecture_json.empty()) {
    return "";
  }
  ASSAY_ASSIGN_OR_RETURN(const std::vector<store::RunRecord> runs,
                         store.runs().ListRuns(project, outputs.dataset_version_id,
                                               outputs.model_version_id, {.size = kMaxRuns}));
  const auto first = std::find_if(runs.rbegin(), runs.rend(), [&](const store::RunRecord& run) {
    return run.output_set_id == outputs.id;
  });
  if (first == runs.rend()) {
    return "";
  }
  const absl::StatusOr<store::TraceRecord> trace =
      store.traces().FindTrace(project, first->trace_id);
  if (absl::IsNotFound(trace.status())) {
    return "";
  }
  ASSAY_RETURN_IF_ERROR(trace.status());
  ASSAY_ASSIGN_OR_RETURN(
      const std::vector<store::SpanRecord> spans,
      store.traces().ListSpans(project, trace->id, {.max_spans = kMaxSpansOfRun}));
  const bool has_forward = std::ranges::any_of(
      spans, [](const store::SpanRecord& span) { return span.name == kOutputsSpan; });
  return has_forward ? first->trace_id : "";
}

absl::StatusOr<TraceLinks> FindTraceLinks(store::Store& store, store::Id project,
                                          std::string_view trace_id) {
  TraceLinks links;
  ASSAY_ASSIGN_OR_RETURN(const std::vector<store::OutputSetRecord> sets,
                         store.models().ListOutputSets(project, 0, 0, {.size = kMaxOutputSets}));
  std::set<store::Id> with_rows;
  for (const store::OutputSetRecord& outputs : sets) {
    const std::size_t num_before = links.rows.size();
    ASSAY_RETURN_IF_ERROR(FindRows(store, project, outputs, trace_id, links.rows));
    if (links.rows.size() > num_before) {
      with_rows.insert(outputs.id);
    }
  }
  ASSAY_ASSIGN_OR_RETURN(const std::vector<store::RunRecord> runs,
                         store.runs().ListRuns(project, 0, 0, {.size = kMaxRuns}));
  std::set<store::Id> linked_runs;
  for (const store::RunRecord& run : runs) {
    if (with_rows.contains(run.output_set_id) || run.trace_id == trace_id) {
      links.runs.push_back(run.id);
      linked_runs.insert(run.id);
    }
  }
  if (linked_runs.empty()) {
    return links;
  }
  ASSAY_ASSIGN_OR_RETURN(const std::vector<store::ComparisonRecord> comparisons,
                         store.runs().ListComparisons(project, {.size = kMaxComparisons}));
  for (const store::ComparisonRecord& comparison : comparisons) {
    if (linked_runs.contains(comparison.baseline_run_id) ||
        linked_runs.contains(comparison.candidate_run_id)) {
      links.comparisons.push_back(comparison.id);
    }
  }
  return links;
}

}  // namespace assay::run
