#include "server/run/comparer.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "evaluators/compare/gate.h"
#include "evaluators/compare/slice_search.h"
#include "server/base/status_macros.h"
#include "server/run/answers.h"
#include "server/run/changed_answers.h"
#include "server/run/compared_rows.h"
#include "server/run/comparison_rows.h"
#include "server/run/corpus_comparison.h"
#include "server/run/embedding_change.h"
#include "server/run/fairness.h"
#include "server/run/judgement.h"
#include "server/run/pair_counts.h"
#include "server/run/run_inputs.h"
#include "server/run/span_latency.h"
#include "server/run/time_metrics.h"
#include "server/run/warm_up.h"

namespace assay::run {
namespace {

// The error rate of a test on one side.
constexpr double kTail = 0.025;

class Comparer {
 public:
  Comparer(store::Store& store, store::Id project, const store::ComparisonRecord& comparison,
           const ParallelFor& parallel_for, const JobControl& control, trace::Tracer& tracer,
           const trace::SpanContext& parent)
      : store_(store),
        project_(project),
        comparison_(comparison),
        parallel_for_(parallel_for),
        control_(control),
        tracer_(tracer),
        parent_(parent) {}

  absl::StatusOr<store::ComparisonResult> Run() {
    ASSAY_ASSIGN_OR_RETURN(ComparedRun baseline,
                           OpenComparedRun(store_, project_, comparison_.baseline_run_id));
    ASSAY_ASSIGN_OR_RETURN(ComparedRun candidate,
                           OpenComparedRun(store_, project_, comparison_.candidate_run_id));
    ASSAY_ASSIGN_OR_RETURN(const bool is_expired, IsBaselineExpired());
    JudgeFairness(comparison_, baseline, candidate, is_expired, result_);
    if (result_.verdict == Verdict::kRefused) {
      return std::move(result_);
    }
    ASSAY_RETURN_IF_ERROR(Load(std::move(baseline), std::move(candidate)));
    ASSAY_RETURN_IF_ERROR(CompareRowMetrics());
    is_paired_ = CountPairs(rows_, result_);
    ASSAY_RETURN_IF_ERROR(CompareAnswers());
    ASSAY_RETURN_IF_ERROR(CompareCorpusMetrics());
    AddTimeMetrics();
    ASSAY_RETURN_IF_ERROR(CompareSpanLatencies());
    SayWhatTimesAreWorth();
    ASSAY_RETURN_IF_ERROR(CompareEmbeddings());
    ASSAY_RETURN_IF_ERROR(DropEmptyCohorts());
    ASSAY_RETURN_IF_ERROR(Judge());
    ASSAY_RETURN_IF_ERROR(KeepRows());
    return std::move(result_);
  }

 private:
  trace::Span StartSpan(std::string_view name) {
    trace::Span span = tracer_.StartSpan(name, parent_);
    span.SetResource(absl::StrFormat("comparisons/%d", comparison_.id));
    return span;
  }

  // A gate against a baseline that holds no more is refused; a report says so.
  absl::StatusOr<bool> IsBaselineExpired() {
    if (comparison_.baseline_id == 0) {
      return false;
    }
    ASSAY_ASSIGN_OR_RETURN(const store::BaselineRecord baseline,
                           store_.baselines().Get(project_, comparison_.baseline_id));
    if (!baseline.expires_us.has_value() || *baseline.expires_us > comparison_.created_us) {
      return false;
    }
    result_.warnings.push_back(absl::StrFormat("the baseline '%s' has expired", baseline.name));
    return !comparison_.policy.gates.empty();
  }

  absl::Status Load(ComparedRun baseline, ComparedRun candidate) {
    trace::Span span = StartSpan("comparison.load");
    ASSAY_ASSIGN_OR_RETURN(
        rows_, LoadComparedRows(store_, project_, std::move(baseline), std::move(candidate),
                                comparison_.cohort_pairs, parallel_for_));
    const Pairing& pairing = rows_.pairing;
    result_.num_changed = pairing.num_changed;
    if (!pairing.is_identity) {
      result_.warnings.push_back(absl::StrFormat(
          "paired across dataset versions: left out are examples with other content under the same "
          "key (%d), only in the baseline's version (%d) and only in the candidate's (%d)",
          pairing.num_changed, pairing.num_only_baseline, pairing.num_only_candidate));
    }
    ASSAY_ASSIGN_OR_RETURN(warm_up_,
                           FindWarmUp(store_, project_, rows_, comparison_.policy.warmup_rows));
    span.SetAttribute("rows", rows_.candidate.facts.dataset.num_rows);
    return absl::OkStatus();
  }

  bool IsGated(const std::string& metric) const {
    return std::ranges::any_of(comparison_.policy.gates,
                               [&](const Gate& gate) { return gate.metric == metric; });
  }

  absl::Status CompareRowMetrics() {
    auto scratch = std::make_unique<MetricScores>();
    for (const MetricDescriptor& metric :
         SharedMetrics(rows_.baseline.facts, rows_.candidate.facts)) {
      if (metric.kind == MetricKind::kCorpus) {
        result_.metrics.push_back({.metric = metric, .overall = {}, .cohorts = {}});
        continue;
      }
      ASSAY_RETURN_IF_ERROR(control_.Check());
      trace::Span span = StartSpan(absl::StrFormat("comparison.metric %s", metric.id));
      ASSAY_RETURN_IF_ERROR(LoadMetric(store_, project_, metric, parallel_for_, rows_, *scratch));
      if (IsTime(metric)) {
        warm_up_.Remove(*scratch);
      }
      result_.metrics.push_back(
          CompareScores(scratch->Paired(), rows_.cohorts, parallel_for_, TestBy()));
      span.SetAttribute("rows", result_.metrics.back().overall.num_rows);
      if (result_.flip_metric.empty() && metric.kind == MetricKind::kBinaryMean) {
        flips_ = CountFlips(*scratch, result_);
      }
      ASSAY_RETURN_IF_ERROR(FindSlices(*scratch));
      CompareTimesOf(*scratch);
      if (IsGated(metric.id)) {
        gated_.push_back(std::move(scratch));
        scratch = std::make_unique<MetricScores>();
      }
    }
    return absl::OkStatus();
  }

  // What stands beside the mean of a time, and the quantiles that gates name.
  void CompareTimesOf(const MetricScores& scores) {
    TimeMetrics times = CompareTimes(scores.Paired(), rows_.cohorts, comparison_.policy.gates,
                                     parallel_for_, TestBy());
    if (times.is_sampled) {
      result_.warnings.push_back(
          absl::StrFormat("the ratio and the quantiles of %s are of %d rows, a sample at even "
                          "distances; a quantile that a gate names is of all rows",
                          scores.metric.id, kMaxResampledRows));
    }
    std::ranges::move(times.comparisons, std::back_inserter(time_metrics_));
  }

  // They stand after the metrics of the runs.
  void AddTimeMetrics() {
    for (QuantileComparison& quantile : time_metrics_) {
      result_.metrics.push_back(std::move(quantile.comparison));
      std::ranges::move(quantile.draws, std::back_inserter(draws_));
    }
  }

  // Times and costs that one machine did not measure are marked, and what warm-up takes is said.
  void SayWhatTimesAreWorth() {
    MarkUnproven(rows_.baseline.facts, rows_.candidate.facts, result_);
    const bool has_times = std::ranges::any_of(
        result_.metrics, [](const MetricComparison& metric) { return IsTime(metric.metric); });
    if (std::string note = warm_up_.Note(); has_times && !note.empty()) {
      result_.warnings.push_back(std::move(note));
    }
  }

  // Stores the rows that are asked for first, and which ones flipped.
  absl::Status KeepRows() {
    trace::Span span = StartSpan("comparison.rows");
    // Rows of outputs that were just made name the trace in which they were.
    tracer_.Flush();
    store::ComparisonRecord found = comparison_;
    found.result = result_;
    for (const MetricComparison& metric : found.result.metrics) {
      if (metric.metric.kind != MetricKind::kCorpus) {
        ASSAY_RETURN_IF_ERROR(control_.Check());
        ASSAY_ASSIGN_OR_RETURN(store::RowListRecord list,
                               FirstRows(store_, project_, found, metric));
        result_.row_lists.push_back(std::move(list));
      }
    }
    ASSAY_ASSIGN_OR_RETURN(result_.flips, FlipsOf(store_, project_, comparison_));
    result_.flips.bits = std::move(flips_);
    return absl::OkStatus();
  }

  absl::Status CompareAnswers() {
    ASSAY_ASSIGN_OR_RETURN(const RunInputs baseline,
                           OpenRunInputs(store_, project_, rows_.baseline.facts.outputs.id));
    ASSAY_ASSIGN_OR_RETURN(const RunInputs candidate,
                           OpenRunInputs(store_, project_, rows_.candidate.facts.outputs.id));
    const std::string column = AnswerColumn(baseline, candidate);
    if (column.empty()) {
      return absl::OkStatus();
    }
    trace::Span span = StartSpan("comparison.answers");
    std::unique_ptr<MetricScores> scores;
    if (IsGated(std::string(kBehaviorMetric))) {
      scores = std::make_unique<MetricScores>();
    }
    ASSAY_ASSIGN_OR_RETURN(result_.behavior,
                           CountChangedAnswers(store_, baseline, candidate, column, rows_.pairing,
                                               is_paired_, parallel_for_, scores.get()));
    if (scores != nullptr) {
      gated_.push_back(std::move(scores));
    }
    return absl::OkStatus();
  }

  absl::Status CompareCorpusMetrics() {
    const auto is_corpus = [](const MetricComparison& comparison) {
      return comparison.metric.kind == MetricKind::kCorpus;
    };
    if (std::ranges::none_of(result_.metrics, is_corpus)) {
      return absl::OkStatus();
    }
    trace::Span span = StartSpan("comparison.corpus");
    const CorpusRequest request{.project = project_,
                                .baseline_run = comparison_.baseline_run_id,
                                .candidate_run = comparison_.candidate_run_id,
                                .pairing = rows_.pairing,
                                .cohorts = rows_.cohorts,
                                .is_paired = is_paired_,
                                .gates = comparison_.policy.gates,
                                .options = TestBy()};
    ASSAY_ASSIGN_OR_RETURN(
        draws_, CompareCorpus(store_, request, parallel_for_, control_, result_.metrics));
    return absl::OkStatus();
  }

  absl::Status CompareEmbeddings() {
    trace::Span span = StartSpan("comparison.embeddings");
    const EmbeddingRequest request{.baseline = rows_.baseline.facts,
                                   .candidate = rows_.candidate.facts,
                                   .pairing = rows_.pairing,
                                   .is_paired = is_paired_,
                                   .cohorts = rows_.cohorts};
    ASSAY_ASSIGN_OR_RETURN(result_.embedding_change,
                           MeasureEmbeddings(store_, project_, request, parallel_for_, control_));
    return absl::OkStatus();
  }

  // They stand behind all metrics of the runs.
  absl::Status CompareSpanLatencies() {
    trace::Span span = StartSpan("comparison.spans");
    std::vector<std::uint8_t> is_timed = is_paired_;
    for (std::size_t row = 0; row < warm_up_.is_left_out.size(); ++row) {
      is_timed[row] &= warm_up_.is_left_out[row] == 0 ? 1 : 0;
    }
    const SpanRequest request{.baseline = rows_.baseline.facts,
                              .candidate = rows_.candidate.facts,
                              .pairing = rows_.pairing,
                              .is_paired = is_timed,
                              .policy = comparison_.policy,
                              .options = TestBy()};
    ASSAY_ASSIGN_OR_RETURN(SpanLatencies found,
                           CompareSpans(store_, project_, request, parallel_for_, control_));
    std::ranges::move(found.metrics, std::back_inserter(result_.metrics));
    std::ranges::move(found.draws, std::back_inserter(draws_));
    std::ranges::move(found.notes, std::back_inserter(result_.warnings));
    return absl::OkStatus();
  }

  TestOptions TestBy() const {
    TestOptions options;
    options.cluster_of = rows_.cluster_of;
    return options;
  }

  // Looks for cohorts that became worse by a metric whose scores are at hand: the first that has a
  // direction.
  absl::Status FindSlices(const MetricScores& scores) {
    if (!comparison_.find_slices || rows_.num_declared_cohorts == 0 ||
        !result_.slices.metric.empty() || scores.metric.direction == Direction::kNone) {
      return absl::OkStatus();
    }
    trace::Span span = StartSpan("comparison.slices");
    SliceSearchOptions options;
    options.min_rows = comparison_.policy.min_rows;
    options.alpha = kTail;
    options.test = TestBy();
    ASSAY_ASSIGN_OR_RETURN(
        const SliceFindings findings,
        FindRegressedSlices(scores.Paired(),
                            std::span(rows_.cohorts).first(rows_.num_declared_cohorts),
                            parallel_for_, options));
    result_.slices.metric = scores.metric.id;
    result_.slices.seed = findings.seed;
    result_.slices.min_rows = options.min_rows;
    result_.slices.num_considered = findings.num_searched;
    for (const FoundSlice& slice : findings.slices) {
      result_.slices.slices.push_back({.cohort = absl::StrJoin(slice.terms, ","),
                                       .metric = scores.metric.id,
                                       .num_search_rows = slice.search_rows,
                                       .search_delta = slice.search_delta,
                                       .num_test_rows = slice.num_rows,
                                       .delta = slice.delta,
                                       .lower = slice.lower,
                                       .upper = slice.upper,
                                       .p = slice.p,
                                       .q = slice.q});
    }
    return absl::OkStatus();
  }

  // A row filter leaves cohorts without rows in either run. One that only lost its pairs stays.
  absl::Status DropEmptyCohorts() {
    std::set<std::string> known;
    for (const ComparedSide* const side : {&rows_.baseline, &rows_.candidate}) {
      ASSAY_ASSIGN_OR_RETURN(const std::vector<store::SummaryRecord> summaries,
                             store_.runs().ListSummaries(project_, side->facts.run.id));
      for (const store::SummaryRecord& summary : summaries) {
        known.insert(summary.cohort);
      }
    }
    for (MetricComparison& comparison : result_.metrics) {
      std::erase_if(comparison.cohorts, [&](const Cell& cell) {
        return cell.num_rows == 0 && !known.contains(cell.cohort);
      });
    }
    return absl::OkStatus();
  }

  absl::Status Judge() {
    trace::Span span = StartSpan("comparison.gates");
    std::vector<PairedScores> scores;
    for (const auto& gated : gated_) {
      scores.push_back(gated->Paired());
    }
    const Evidence evidence{.baseline = rows_.baseline.facts,
                            .candidate = rows_.candidate.facts,
                            .scores = scores,
                            .cohorts = rows_.cohorts,
                            .draws = draws_,
                            .cluster_of = rows_.cluster_of};
    ASSAY_RETURN_IF_ERROR(JudgeComparison(comparison_, evidence, parallel_for_, result_));
    span.SetAttribute("gates", static_cast<std::int64_t>(result_.gates.size()));
    return absl::OkStatus();
  }

  store::Store& store_;
  const store::Id project_;
  const store::ComparisonRecord& comparison_;
  const ParallelFor& parallel_for_;
  const JobControl& control_;
  trace::Tracer& tracer_;
  const trace::SpanContext parent_;

  ComparedRows rows_;
  WarmUp warm_up_;
  std::vector<CorpusDraws> draws_;                    // of cells that gates name
  std::vector<QuantileComparison> time_metrics_;      // ratios and quantiles
  std::vector<std::uint8_t> is_paired_;               // by the candidate's rows
  std::vector<std::unique_ptr<MetricScores>> gated_;  // scores that gates name
  std::string flips_;                                 // one bit an example, as FlipsRecord
  store::ComparisonResult result_;
};

}  // namespace

absl::StatusOr<store::ComparisonResult> CompareRuns(store::Store& store, store::Id project,
                                                    const store::ComparisonRecord& comparison,
                                                    const ParallelFor& parallel_for,
                                                    const JobControl& control,
                                                    trace::Tracer& tracer,
                                                    const trace::SpanContext& parent) {
  Comparer comparer(store, project, comparison, parallel_for, control, tracer, parent);
  return comparer.Run();
}

}  // namespace assay::run
