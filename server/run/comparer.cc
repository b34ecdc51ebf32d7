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

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "evaluators/compare/gate.h"
#include "evaluators/compare/quantile_metric.h"
#include "evaluators/compare/slice_search.h"
#include "evaluators/statistics/interval.h"
#include "server/base/status_macros.h"
#include "server/run/answers.h"
#include "server/run/budgets.h"
#include "server/run/claim.h"
#include "server/run/cohorts.h"
#include "server/run/comparison_rows.h"
#include "server/run/corpus_comparison.h"
#include "server/run/embedding_change.h"
#include "server/run/fairness.h"
#include "server/run/pairing.h"
#include "server/run/run_inputs.h"
#include "server/run/score_columns.h"
#include "server/run/span_latency.h"
#include "server/run/verdict_text.h"

namespace assay::run {
namespace {

// Each side of the two-sided 95 % interval.
constexpr double kTail = 0.025;

// A run's score columns and which of its rows have scores, in the order of its own dataset version.
struct Side {
  ComparedRun facts;
  std::vector<store::ColumnRecord> columns;
  std::vector<RowStatus> status;
  // 1 where the example was scored: it has an output, or a metric scores it without one.
  std::vector<std::uint8_t> is_scored;
};

// Scores of one metric on both sides, by the candidate's rows.
struct MetricScores {
  MetricDescriptor metric;
  ScoreArray baseline;
  ScoreArray candidate;
  bool is_averaged = false;  // right-or-wrong scores, averaged over several outputs of an example

  PairedScores Paired() const {
    return {.metric = metric,
            .baseline = baseline.values,
            .candidate = candidate.values,
            .baseline_defined = baseline.defined,
            .candidate_defined = candidate.defined,
            .is_averaged = is_averaged};
  }
};

void MarkScored(const ScoreArray& scores, Side& side) {
  for (std::size_t i = 0; i < scores.defined.size(); ++i) {
    if (scores.defined[i] != 0 && side.status[i] == RowStatus::kMissing) {
      side.is_scored[i] = 1;
    }
  }
}

// Moves scores from the baseline's rows to those of the candidate.
void Rearrange(const Pairing& pairing, ScoreArray& scores) {
  ScoreArray moved;
  moved.values.resize(pairing.same_key.size());
  moved.defined.resize(pairing.same_key.size());
  for (std::size_t row = 0; row < pairing.same_key.size(); ++row) {
    if (const std::int64_t from = pairing.BaselineRow(static_cast<std::int64_t>(row)); from >= 0) {
      moved.values[row] = scores.values[static_cast<std::size_t>(from)];
      moved.defined[row] = scores.defined[static_cast<std::size_t>(from)];
    }
  }
  scores = std::move(moved);
}

// Scores for gates on changed answers, all undefined: 0 before, and 1 after where the answer
// differs.
MetricScores BehaviorScores(std::size_t num_rows) {
  MetricScores scores;
  scores.metric.id = kBehaviorMetric;
  scores.metric.definition_id = "assay/behaviour/1";
  scores.metric.direction = Direction::kLower;
  scores.metric.kind = MetricKind::kBinaryMean;
  for (ScoreArray* const side : {&scores.baseline, &scores.candidate}) {
    side->values.assign(num_rows, 0);
    side->defined.assign(num_rows, 0);
  }
  return scores;
}

std::int64_t CountErrors(const Side& side) {
  return std::ranges::count(side.status, RowStatus::kError);
}

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
    ASSAY_ASSIGN_OR_RETURN(baseline_.facts,
                           OpenComparedRun(store_, project_, comparison_.baseline_run_id));
    ASSAY_ASSIGN_OR_RETURN(candidate_.facts,
                           OpenComparedRun(store_, project_, comparison_.candidate_run_id));
    ASSAY_ASSIGN_OR_RETURN(const bool is_expired, IsBaselineExpired());
    JudgeFairness(is_expired);
    if (result_.verdict == Verdict::kRefused) {
      return std::move(result_);
    }
    ASSAY_RETURN_IF_ERROR(Load());
    ASSAY_RETURN_IF_ERROR(CompareRowMetrics());
    CountPairs();
    ASSAY_RETURN_IF_ERROR(CompareAnswers());
    ASSAY_RETURN_IF_ERROR(CompareCorpusMetrics());
    AddQuantiles();
    ASSAY_RETURN_IF_ERROR(CompareSpanLatencies());
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

  void JudgeFairness(bool is_expired) {
    const ComparedRun& baseline = baseline_.facts;
    const ComparedRun& candidate = candidate_.facts;
    result_.confounds = FindConfounds(baseline, candidate);
    const std::vector<std::string>& allow_changed = comparison_.policy.allow_changed;
    if (!allow_changed.empty()) {
      ClaimFindings findings = CheckClaim(allow_changed, baseline.model, candidate.model);
      std::ranges::move(findings.broken, std::back_inserter(result_.confounds));
      result_.unproven = std::move(findings.unproven);
      result_.claim = ClaimText(allow_changed);
    }
    result_.fairness = !result_.confounds.empty()  ? store::Fairness::kConfounded
                       : !result_.unproven.empty() ? store::Fairness::kUnproven
                                                   : store::Fairness::kClean;
    result_.model_differences = FindModelDifferences(baseline.model, candidate.model);
    result_.identical_outputs =
        baseline.outputs.content_digest == candidate.outputs.content_digest &&
        baseline.dataset.digest == candidate.dataset.digest &&
        baseline.run.row_filter == candidate.run.row_filter;
    const bool is_unfair =
        result_.fairness != store::Fairness::kClean && !comparison_.allow_confounded;
    if (is_unfair || is_expired) {
      result_.verdict = Verdict::kRefused;
      result_.exit_code = ExitCode(result_.verdict);
      result_.summary = VerdictSentence(result_);
    }
  }

  absl::Status Load() {
    trace::Span span = StartSpan("comparison.load");
    ASSAY_ASSIGN_OR_RETURN(pairing_, PairExamples(store_, project_, baseline_.facts.dataset,
                                                  candidate_.facts.dataset, parallel_for_));
    result_.num_changed = pairing_.num_changed;
    if (!pairing_.is_identity) {
      result_.warnings.push_back(absl::StrFormat(
          "paired across dataset versions: %d examples have other content under the same key, %d "
          "are only in the baseline's version and %d only in the candidate's; none of them counts",
          pairing_.num_changed, pairing_.num_only_baseline, pairing_.num_only_candidate));
    }
    ASSAY_ASSIGN_OR_RETURN(cohorts_,
                           LoadCohorts(store_, project_, candidate_.facts.dataset, parallel_for_));
    num_declared_cohorts_ = cohorts_.size();
    ASSAY_RETURN_IF_ERROR(AddCohortPairs(comparison_.cohort_pairs, cohorts_));
    ASSAY_ASSIGN_OR_RETURN(cluster_of_, LoadClusters(store_, project_, candidate_.facts.dataset));
    for (Side* const side : {&baseline_, &candidate_}) {
      ASSAY_ASSIGN_OR_RETURN(side->columns, ListRowColumns(store_, project_, side->facts.run.id));
      const store::ColumnRecord* const column = FindColumn(side->columns, kStatusColumn);
      if (column == nullptr && side->facts.dataset.num_rows > 0) {
        return MissingColumn(*side, kStatusColumn);
      }
      ASSAY_ASSIGN_OR_RETURN(side->status,
                             LoadStatus(store_, project_, side->facts.run.id,
                                        column == nullptr ? store::ColumnRecord{} : *column,
                                        side->facts.dataset.num_rows, parallel_for_));
      side->is_scored.resize(side->status.size());
      std::ranges::transform(side->status, side->is_scored.begin(), [](RowStatus status) {
        return static_cast<std::uint8_t>(status == RowStatus::kScored ? 1 : 0);
      });
    }
    span.SetAttribute("rows", candidate_.facts.dataset.num_rows);
    return absl::OkStatus();
  }

  static absl::Status MissingColumn(const Side& side, std::string_view name) {
    return absl::DataLossError(
        absl::StrFormat("runs/%d: column '%s' is missing", side.facts.run.id, name));
  }

  // Metrics that mean the same on both sides, in the candidate's order.
  std::vector<MetricDescriptor> SharedMetrics() const {
    std::vector<MetricDescriptor> shared;
    for (const MetricDescriptor& metric : candidate_.facts.run.metrics) {
      const auto is_same = [&](const MetricDescriptor& other) {
        return other.id == metric.id && other.definition_id == metric.definition_id &&
               other.kind == metric.kind;
      };
      if (std::ranges::any_of(baseline_.facts.run.metrics, is_same)) {
        shared.push_back(metric);
      }
    }
    return shared;
  }

  absl::Status LoadSide(const Side& side, const MetricDescriptor& metric, ScoreArray& scores) {
    const store::ColumnRecord* const column = FindColumn(side.columns, metric.id);
    if (column == nullptr && side.facts.dataset.num_rows > 0) {
      return MissingColumn(side, metric.id);
    }
    return LoadScores(store_, project_, side.facts.run.id,
                      column == nullptr ? store::ColumnRecord{} : *column,
                      side.facts.dataset.num_rows, parallel_for_, scores);
  }

  absl::Status LoadMetric(const MetricDescriptor& metric, MetricScores& scores) {
    scores.metric = metric;
    ASSAY_RETURN_IF_ERROR(LoadSide(baseline_, metric, scores.baseline));
    ASSAY_RETURN_IF_ERROR(LoadSide(candidate_, metric, scores.candidate));
    MarkScored(scores.baseline, baseline_);
    MarkScored(scores.candidate, candidate_);
    if (!pairing_.is_identity) {
      Rearrange(pairing_, scores.baseline);
    }
    scores.is_averaged = metric.kind == MetricKind::kBinaryMean &&
                         !(IsBinary(scores.baseline) && IsBinary(scores.candidate));
    if (scores.is_averaged) {
      scores.metric.kind = MetricKind::kMean;
    }
    return absl::OkStatus();
  }

  bool IsGated(const std::string& metric) const {
    return std::ranges::any_of(comparison_.policy.gates,
                               [&](const Gate& gate) { return gate.metric == metric; });
  }

  absl::Status CompareRowMetrics() {
    auto scratch = std::make_unique<MetricScores>();
    for (const MetricDescriptor& metric : SharedMetrics()) {
      if (metric.kind == MetricKind::kCorpus) {
        result_.metrics.push_back({.metric = metric, .overall = {}, .cohorts = {}});
        continue;
      }
      ASSAY_RETURN_IF_ERROR(control_.Check());
      trace::Span span = StartSpan(absl::StrFormat("comparison.metric %s", metric.id));
      ASSAY_RETURN_IF_ERROR(LoadMetric(metric, *scratch));
      result_.metrics.push_back(
          CompareScores(scratch->Paired(), cohorts_, parallel_for_, TestBy()));
      span.SetAttribute("rows", result_.metrics.back().overall.num_rows);
      if (result_.flip_metric.empty() && metric.kind == MetricKind::kBinaryMean) {
        CountFlips(*scratch);
      }
      ASSAY_RETURN_IF_ERROR(FindSlices(*scratch));
      CompareQuantiles(*scratch);
      if (IsGated(metric.id)) {
        gated_.push_back(std::move(scratch));
        scratch = std::make_unique<MetricScores>();
      }
    }
    return absl::OkStatus();
  }

  // Quantiles of the metric that gates name.
  void CompareQuantiles(const MetricScores& scores) {
    std::set<std::string> done;
    for (const Gate& gate : comparison_.policy.gates) {
      const std::optional<QuantileName> name = ParseQuantileName(gate.metric);
      if (!name.has_value() || name->metric != scores.metric.id ||
          scores.metric.kind != MetricKind::kMean || !done.insert(gate.metric).second) {
        continue;
      }
      quantiles_.push_back(CompareQuantile(scores.Paired(), *name, cohorts_,
                                           comparison_.policy.gates, parallel_for_, TestBy()));
    }
  }

  // They stand after the metrics of the runs.
  void AddQuantiles() {
    for (QuantileComparison& quantile : quantiles_) {
      result_.metrics.push_back(std::move(quantile.comparison));
      std::ranges::move(quantile.draws, std::back_inserter(draws_));
    }
  }

  // An example is right when most of its outputs are. A tie on either side is no flip and counts
  // nowhere.
  void CountFlips(const MetricScores& scores) {
    result_.flip_metric = scores.metric.id;
    flips_.assign((scores.candidate.values.size() + 7) / 8, '\0');
    const bool is_higher_better = scores.metric.direction != Direction::kLower;
    for (std::size_t row = 0; row < scores.candidate.values.size(); ++row) {
      const double before = scores.baseline.values[row];
      const double after = scores.candidate.values[row];
      if (scores.baseline.defined[row] == 0 || scores.candidate.defined[row] == 0 ||
          before == 0.5 || after == 0.5) {
        continue;
      }
      const bool was_right = (before > 0.5) == is_higher_better;
      const bool is_right = (after > 0.5) == is_higher_better;
      ++(was_right ? (is_right ? result_.num_both_right : result_.num_broken)
                   : (is_right ? result_.num_fixed : result_.num_both_wrong));
      if (was_right != is_right) {
        flips_[row / 8] = static_cast<char>(flips_[row / 8] | (1 << (row % 8)));
      }
    }
  }

  // Stores the rows that are asked for first, and which ones flipped.
  absl::Status KeepRows() {
    trace::Span span = StartSpan("comparison.rows");
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

  void CountPairs() {
    result_.num_baseline_errors = CountErrors(baseline_);
    result_.num_candidate_errors = CountErrors(candidate_);
    is_paired_.assign(candidate_.is_scored.size(), 0);
    std::int64_t num_changed_before = 0;  // scored examples of changed content, by side
    std::int64_t num_changed_after = 0;
    for (std::size_t row = 0; row < is_paired_.size(); ++row) {
      const std::int64_t other = pairing_.BaselineRow(static_cast<std::int64_t>(row));
      const bool is_paired = candidate_.is_scored[row] != 0 && other >= 0 &&
                             baseline_.is_scored[static_cast<std::size_t>(other)] != 0;
      is_paired_[row] = is_paired ? 1 : 0;
      result_.num_paired += is_paired ? 1 : 0;
      if (pairing_.HasChanged(static_cast<std::int64_t>(row))) {
        const auto same_key =
            static_cast<std::size_t>(pairing_.SameKeyRow(static_cast<std::int64_t>(row)));
        num_changed_before += baseline_.is_scored[same_key];
        num_changed_after += candidate_.is_scored[row];
      }
    }
    const auto count_scored = [](const Side& side) {
      return std::ranges::count(side.is_scored, std::uint8_t{1});
    };
    result_.num_only_baseline = count_scored(baseline_) - result_.num_paired - num_changed_before;
    result_.num_only_candidate = count_scored(candidate_) - result_.num_paired - num_changed_after;
    const auto share = [](std::int64_t part, std::int64_t whole) {
      return whole > 0 ? std::optional(static_cast<double>(part) / static_cast<double>(whole))
                       : std::nullopt;
    };
    const std::int64_t num_baseline = count_scored(baseline_);
    const std::int64_t num_candidate = count_scored(candidate_);
    result_.coverage = share(result_.num_paired, num_baseline);
    result_.baseline_error_rate =
        share(result_.num_baseline_errors, num_baseline + result_.num_baseline_errors);
    result_.candidate_error_rate =
        share(result_.num_candidate_errors, num_candidate + result_.num_candidate_errors);
  }

  absl::Status CompareAnswers() {
    ASSAY_ASSIGN_OR_RETURN(const RunInputs baseline,
                           OpenRunInputs(store_, project_, baseline_.facts.outputs.id));
    ASSAY_ASSIGN_OR_RETURN(const RunInputs candidate,
                           OpenRunInputs(store_, project_, candidate_.facts.outputs.id));
    Behavior& behavior = result_.behavior;
    behavior.column = AnswerColumn(baseline, candidate);
    if (behavior.column.empty()) {
      return absl::OkStatus();
    }
    trace::Span span = StartSpan("comparison.answers");
    ASSAY_ASSIGN_OR_RETURN(const std::vector<std::uint64_t> before,
                           LoadAnswers(store_, baseline, behavior.column, parallel_for_));
    ASSAY_ASSIGN_OR_RETURN(const std::vector<std::uint64_t> after,
                           LoadAnswers(store_, candidate, behavior.column, parallel_for_));
    std::unique_ptr<MetricScores> scores;
    if (IsGated(std::string(kBehaviorMetric))) {
      scores = std::make_unique<MetricScores>(BehaviorScores(after.size()));
    }
    for (std::size_t row = 0; row < after.size(); ++row) {
      if (is_paired_[row] == 0) {
        continue;
      }
      const std::uint64_t earlier =
          before[static_cast<std::size_t>(pairing_.BaselineRow(static_cast<std::int64_t>(row)))];
      if (earlier == 0 || after[row] == 0) {
        continue;
      }
      const bool has_changed = earlier != after[row];
      ++behavior.num_rows;
      behavior.num_changed += has_changed ? 1 : 0;
      if (scores != nullptr) {
        scores->candidate.values[row] = has_changed ? 1 : 0;
        scores->baseline.defined[row] = 1;
        scores->candidate.defined[row] = 1;
      }
    }
    if (behavior.num_rows > 0) {
      behavior.lower = ClopperPearsonLower(behavior.num_changed, behavior.num_rows, kTail);
      behavior.upper = ClopperPearsonUpper(behavior.num_changed, behavior.num_rows, kTail);
    }
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
                                .pairing = pairing_,
                                .cohorts = cohorts_,
                                .is_paired = is_paired_,
                                .gates = comparison_.policy.gates,
                                .options = TestBy()};
    ASSAY_ASSIGN_OR_RETURN(
        draws_, CompareCorpus(store_, request, parallel_for_, control_, result_.metrics));
    return absl::OkStatus();
  }

  absl::Status CompareEmbeddings() {
    trace::Span span = StartSpan("comparison.embeddings");
    const EmbeddingRequest request{.baseline = baseline_.facts,
                                   .candidate = candidate_.facts,
                                   .pairing = pairing_,
                                   .is_paired = is_paired_,
                                   .cohorts = cohorts_};
    ASSAY_ASSIGN_OR_RETURN(result_.embedding_change,
                           MeasureEmbeddings(store_, project_, request, parallel_for_, control_));
    return absl::OkStatus();
  }

  // They stand behind all metrics of the runs.
  absl::Status CompareSpanLatencies() {
    trace::Span span = StartSpan("comparison.spans");
    const SpanRequest request{.baseline = baseline_.facts,
                              .candidate = candidate_.facts,
                              .pairing = pairing_,
                              .is_paired = is_paired_,
                              .options = TestBy()};
    ASSAY_ASSIGN_OR_RETURN(SpanLatencies found,
                           CompareSpans(store_, project_, request, parallel_for_, control_));
    const std::string doubt = MachineDoubt();
    for (MetricComparison& metric : found.metrics) {
      if (!doubt.empty()) {
        metric.overall.note = absl::StrFormat("UNPROVEN: %s", doubt);
      }
      result_.metrics.push_back(std::move(metric));
    }
    std::ranges::move(found.notes, std::back_inserter(result_.warnings));
    return absl::OkStatus();
  }

  TestOptions TestBy() const {
    TestOptions options;
    options.cluster_of = cluster_of_;
    return options;
  }

  // Looks for cohorts that became worse by a metric whose scores are at hand: the first that has a
  // direction.
  absl::Status FindSlices(const MetricScores& scores) {
    if (!comparison_.find_slices || num_declared_cohorts_ == 0 || !result_.slices.metric.empty() ||
        scores.metric.direction == Direction::kNone) {
      return absl::OkStatus();
    }
    trace::Span span = StartSpan("comparison.slices");
    SliceSearchOptions options;
    options.min_rows = comparison_.policy.min_rows;
    options.alpha = kTail;
    options.test = TestBy();
    ASSAY_ASSIGN_OR_RETURN(
        const SliceFindings findings,
        FindRegressedSlices(scores.Paired(), std::span(cohorts_).first(num_declared_cohorts_),
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
    for (const Side* const side : {&baseline_, &candidate_}) {
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

  // Why times of the sides cannot be compared; empty when they can: one machine measured both.
  std::string MachineDoubt() const {
    const std::string& before = baseline_.facts.outputs.machine;
    const std::string& after = candidate_.facts.outputs.machine;
    if (before != after) {
      return absl::StrFormat("measured on different machines: '%s' against '%s'", before, after);
    }
    return before.empty() ? "the outputs do not say which machine measured them" : "";
  }

  // Why a gate cannot be judged, by position; empty text: it can. Times and costs compare only what
  // one machine measured.
  std::vector<std::string> RefusedGates() const {
    const std::string reason = MachineDoubt();
    std::vector<std::string> refusals;
    for (const Gate& gate : comparison_.policy.gates) {
      const bool is_judged = reason.empty() || comparison_.allow_confounded ||
                             !DependsOnMachine(gate.metric, candidate_.facts.run.metrics);
      refusals.push_back(is_judged ? UndrawnReason(gate) : reason);
    }
    return refusals;
  }

  // Why a gate on a corpus metric has no evidence; empty when it has, and for other metrics.
  std::string UndrawnReason(const Gate& gate) const {
    const auto metric = std::ranges::find_if(result_.metrics, [&](const MetricComparison& each) {
      return each.metric.id == gate.metric;
    });
    const bool is_drawn = std::ranges::any_of(draws_, [&](const CorpusDraws& draws) {
      return draws.metric.id == gate.metric && draws.cohort == gate.cohort;
    });
    if (metric == result_.metrics.end() || metric->metric.kind != MetricKind::kCorpus || is_drawn) {
      return "";
    }
    return metric->overall.note.empty()
               ? "the metric has no value here, or none that resampling could bound"
               : metric->overall.note;
  }

  absl::Status Judge() {
    trace::Span span = StartSpan("comparison.gates");
    std::vector<PairedScores> scores;
    for (const auto& gated : gated_) {
      scores.push_back(gated->Paired());
    }
    const std::vector<std::string> refusals = RefusedGates();
    const GateInputs inputs{.scores = scores,
                            .cohorts = cohorts_,
                            .draws = draws_,
                            .refusals = refusals,
                            .cluster_of = cluster_of_,
                            .identical_outputs = result_.identical_outputs};
    ASSAY_ASSIGN_OR_RETURN(result_.gates, JudgeGates(comparison_.policy, inputs, parallel_for_));
    result_.budgets = JudgeBudgets(comparison_.policy, result_);
    for (const MetricComparison& metric : result_.metrics) {
      result_.num_draws = std::max(result_.num_draws, metric.overall.num_draws);
    }
    result_.seed = result_.num_draws > 0 ? kDefaultSeed : 0;
    result_.verdict = OverallVerdict(result_.gates, result_.budgets);
    result_.exit_code = ExitCode(result_.verdict);
    result_.summary = VerdictSentence(result_);
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

  Side baseline_;
  Side candidate_;
  Pairing pairing_;
  std::vector<CohortColumn> cohorts_;                 // of the candidate's rows; then pairs of them
  std::size_t num_declared_cohorts_ = 0;              // that are no pairs
  std::vector<std::int32_t> cluster_of_;              // by the candidate's rows; empty: no `group`
  std::vector<CorpusDraws> draws_;                    // of cells that gates name
  std::vector<QuantileComparison> quantiles_;         // that gates name
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
