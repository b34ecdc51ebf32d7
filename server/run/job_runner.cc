#include "server/run/job_runner.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/run/comparer.h"
#include "server/run/parallel_for.h"
#include "server/run/runner.h"
#include "server/run/summarizer.h"

namespace assay::run {
namespace {

// Runs whose inputs are kept between jobs.
constexpr std::size_t kPreparedRuns = 4;

}  // namespace

JobRunner::JobRunner(store::Store& store, trace::Tracer& tracer, int num_workers)
    : store_(store),
      tracer_(tracer),
      pool_(std::max(1, num_workers - 1)),
      parallel_for_(MakeParallelFor(pool_, num_workers - 1)),
      spans_(tracer) {}

absl::Status JobRunner::Run(const store::JobLease& lease, const JobControl& control) {
  ASSAY_RETURN_IF_ERROR(control.Check());
  switch (lease.kind) {
    case store::JobKind::kScore:
      return Score(lease, control);
    case store::JobKind::kSummarize:
      return Summarize(lease, control);
    case store::JobKind::kCompare:
      return Compare(lease, control);
  }
  return absl::InternalError(absl::StrFormat("job %d has an unknown kind", lease.job_id));
}

void JobRunner::EndRun(store::Id run, const absl::Status& status) {
  spans_.Close(run, status);
  const MutexLock lock(mutex_);
  prepared_.erase(run);
}

absl::Status JobRunner::Score(const store::JobLease& lease, const JobControl& control) {
  ASSAY_ASSIGN_OR_RETURN(const std::shared_ptr<const PreparedRun> prepared, Prepared(lease));
  const trace::SpanContext parent = spans_.Open(prepared->run);
  ASSAY_ASSIGN_OR_RETURN(const ShardScores scores,
                         ScoreShard(store_, *prepared, lease.shard, control, tracer_, parent));
  trace::Span span = tracer_.StartSpan("run.persist", parent);
  span.SetResource(prepared->resource());
  span.SetAttribute("rows", scores.num_rows);
  span.SetAttribute("shard", std::int64_t{lease.shard});
  absl::Status stored = store_.runs().FinishShard(lease, scores.columns, scores.num_rows);
  span.SetStatus(stored);
  return stored;
}

absl::Status JobRunner::Summarize(const store::JobLease& lease, const JobControl& control) {
  ASSAY_ASSIGN_OR_RETURN(const std::shared_ptr<const PreparedRun> prepared, Prepared(lease));
  const trace::SpanContext parent = spans_.Open(prepared->run);
  trace::Span span = tracer_.StartSpan("run.summarize", parent);
  span.SetResource(prepared->resource());
  span.SetAttribute("rows", prepared->run.num_rows);
  ASSAY_ASSIGN_OR_RETURN(const RunSummary summary,
                         SummarizeRun(store_, *prepared, parallel_for_, control));
  span.End();
  span = tracer_.StartSpan("run.persist", parent);
  span.SetResource(prepared->resource());
  span.SetAttribute("summaries", static_cast<std::int64_t>(summary.result.summaries.size()));
  absl::Status stored = store_.runs().FinishRun(lease, summary.result, summary.columns);
  span.SetStatus(stored);
  span.End();
  if (stored.ok()) {
    EndRun(lease.target_id, stored);
  }
  return stored;
}

absl::Status JobRunner::Compare(const store::JobLease& lease, const JobControl& control) {
  ASSAY_ASSIGN_OR_RETURN(const store::ComparisonRecord comparison,
                         store_.runs().GetComparison(lease.project_id, lease.target_id));
  const std::string resource = absl::StrFormat("comparisons/%d", comparison.id);
  trace::Span span = tracer_.StartSpan(
      "comparison", trace::ContextFromHex(comparison.trace_id, comparison.parent_span_id));
  span.SetResource(resource);
  absl::StatusOr<store::ComparisonResult> result = CompareRuns(
      store_, lease.project_id, comparison, parallel_for_, control, tracer_, span.context());
  if (!result.ok()) {
    span.SetStatus(result.status());
    return result.status();
  }
  trace::Span persist = tracer_.StartSpan("comparison.persist", span.context());
  persist.SetResource(resource);
  absl::Status stored = store_.runs().FinishComparison(lease, *result);
  persist.SetStatus(stored);
  span.SetStatus(stored);
  return stored;
}

absl::StatusOr<std::shared_ptr<const PreparedRun>> JobRunner::Prepared(
    const store::JobLease& lease) {
  // Held while preparing: the other workers want the same run.
  const MutexLock lock(mutex_);
  if (const auto found = prepared_.find(lease.target_id); found != prepared_.end()) {
    return found->second;
  }
  ASSAY_ASSIGN_OR_RETURN(std::shared_ptr<const PreparedRun> prepared,
                         PrepareRun(store_, lease.project_id, lease.target_id));
  if (prepared_.size() >= kPreparedRuns) {
    prepared_.erase(prepared_.begin());  // The oldest run.
  }
  prepared_[lease.target_id] = prepared;
  return prepared;
}

}  // namespace assay::run
