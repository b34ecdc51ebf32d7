#include "server/run/comparer.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
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
#include "server/base/status_macros.h"
#include "server/run/cohorts.h"
#include "server/run/corpus_metrics.h"
#include "server/run/fairness.h"
#include "server/run/pairing.h"
#include "server/run/prepared_run.h"
#include "server/run/run_inputs.h"
#include "server/run/score_columns.h"
#include "server/run/verdict_text.h"

namespace assay::run {
namespace {

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

  PairedScores Paired() const {
    return {.metric = metric,
            .baseline = baseline.values,
            .candidate = candidate.values,
            .baseline_defined = baseline.defined,
            .candidate_defined = candidate.defined};
  }
};

bool IsBinary(const ScoreArray& scores) {
  for (std::size_t i = 0; i < scores.values.size(); ++i) {
    if (scores.defined[i] != 0 && scores.values[i] != 0 && scores.values[i] != 1) {
      return false;
    }
  }
  return true;
}

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
  moved.values.resize(pairing.baseline_row.size());
  moved.defined.resize(pairing.baseline_row.size());
  for (std::size_t row = 0; row < pairing.baseline_row.size(); ++row) {
    if (const std::int32_t from = pairing.baseline_row[row]; from >= 0) {
      moved.values[row] = scores.values[static_cast<std::size_t>(from)];
      moved.defined[row] = scores.defined[static_cast<std::size_t>(from)];
    }
  }
  scores = std::move(moved);
}

std::int64_t CountErrors(const Side& side) {
  return std::ranges::count(side.status, RowStatus::kError);
}

// Cohorts of the candidate's rows, carried over to the baseline's.
std::vector<CohortColumn> BaselineCohorts(const std::vector<CohortColumn>& cohorts,
                                          const Pairing& pairing, std::size_t num_baseline_rows) {
  std::vector<CohortColumn> moved;
  for (const CohortColumn& cohort : cohorts) {
    CohortColumn& column = moved.emplace_back();
    column.name = cohort.name;
    column.values = cohort.values;
    column.value_of.assign(num_baseline_rows, -1);
    for (std::size_t row = 0; row < pairing.baseline_row.size(); ++row) {
      if (const std::int32_t to = pairing.baseline_row[row]; to >= 0) {
        column.value_of[static_cast<std::size_t>(to)] = cohort.value_of[row];
      }
    }
  }
  return moved;
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
    JudgeFairness();
    if (result_.verdict == Verdict::kRefused) {
      return std::move(result_);
    }
    ASSAY_RETURN_IF_ERROR(Load());
    ASSAY_RETURN_IF_ERROR(CompareRowMetrics());
    CountPairs();
    ASSAY_RETURN_IF_ERROR(CompareCorpusMetrics());
    ASSAY_RETURN_IF_ERROR(DropEmptyCohorts());
    ASSAY_RETURN_IF_ERROR(Judge());
    return std::move(result_);
  }

 private:
  trace::Span StartSpan(std::string_view name) {
    trace::Span span = tracer_.StartSpan(name, parent_);
    span.SetResource(absl::StrFormat("comparisons/%d", comparison_.id));
    return span;
  }

  void JudgeFairness() {
    const ComparedRun& baseline = baseline_.facts;
    const ComparedRun& candidate = candidate_.facts;
    result_.confounds = FindConfounds(baseline, candidate);
    result_.fairness =
        result_.confounds.empty() ? store::Fairness::kClean : store::Fairness::kConfounded;
    result_.model_differences = FindModelDifferences(baseline.model, candidate.model);
    result_.identical_outputs =
        baseline.outputs.content_digest == candidate.outputs.content_digest &&
        baseline.dataset.digest == candidate.dataset.digest &&
        baseline.run.row_filter == candidate.run.row_filter;
    if (!result_.confounds.empty() && !comparison_.allow_confounded) {
      result_.verdict = Verdict::kRefused;
      result_.exit_code = ExitCode(result_.verdict);
      result_.summary = VerdictSentence(result_);
    }
  }

  absl::Status Load() {
    trace::Span span = StartSpan("comparison.load");
    ASSAY_ASSIGN_OR_RETURN(pairing_, PairExamples(store_, project_, baseline_.facts.dataset,
                                                  candidate_.facts.dataset));
    if (!pairing_.is_identity) {
      result_.confounds.push_back(
          {"pairing", absl::StrFormat("by key, %d without partner", pairing_.num_only_baseline),
           absl::StrFormat("by key, %d without partner",
                           std::ranges::count(pairing_.baseline_row, -1))});
    }
    ASSAY_ASSIGN_OR_RETURN(cohorts_,
                           LoadCohorts(store_, project_, candidate_.facts.dataset, parallel_for_));
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
    if (metric.kind == MetricKind::kBinaryMean &&
        !(IsBinary(scores.baseline) && IsBinary(scores.candidate))) {
      scores.metric.kind = MetricKind::kMean;
    }
    return absl::OkStatus();
  }

  bool IsGated(const MetricDescriptor& metric) const {
    return std::ranges::any_of(comparison_.gates,
                               [&](const Gate& gate) { return gate.metric == metric.id; });
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
      result_.metrics.push_back(CompareScores(scratch->Paired(), cohorts_, parallel_for_));
      span.SetAttribute("rows", result_.metrics.back().overall.num_rows);
      if (result_.flip_metric.empty() && metric.kind == MetricKind::kBinaryMean) {
        CountFlips(*scratch);
      }
      if (IsGated(metric)) {
        gated_.push_back(std::move(scratch));
        scratch = std::make_unique<MetricScores>();
      }
    }
    return absl::OkStatus();
  }

  // An example is right when most of its outputs are. A tie on either side is no flip and counts
  // nowhere.
  void CountFlips(const MetricScores& scores) {
    result_.flip_metric = scores.metric.id;
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
    }
  }

  void CountPairs() {
    result_.num_baseline_errors = CountErrors(baseline_);
    result_.num_candidate_errors = CountErrors(candidate_);
    is_paired_.assign(candidate_.is_scored.size(), 0);
    for (std::size_t row = 0; row < is_paired_.size(); ++row) {
      const std::int64_t other = pairing_.BaselineRow(static_cast<std::int64_t>(row));
      const bool is_paired = candidate_.is_scored[row] != 0 && other >= 0 &&
                             baseline_.is_scored[static_cast<std::size_t>(other)] != 0;
      is_paired_[row] = is_paired ? 1 : 0;
      result_.num_paired += is_paired ? 1 : 0;
    }
    const auto count_scored = [](const Side& side) {
      return std::ranges::count(side.is_scored, std::uint8_t{1});
    };
    result_.num_only_baseline = count_scored(baseline_) - result_.num_paired;
    result_.num_only_candidate = count_scored(candidate_) - result_.num_paired;
  }

  absl::Status CompareCorpusMetrics() {
    const auto is_corpus = [](const MetricComparison& comparison) {
      return comparison.metric.kind == MetricKind::kCorpus;
    };
    if (std::ranges::none_of(result_.metrics, is_corpus)) {
      return absl::OkStatus();
    }
    trace::Span span = StartSpan("comparison.corpus");
    ASSAY_ASSIGN_OR_RETURN(const std::vector<CorpusValues> candidate,
                           MeasureSide(candidate_, cohorts_, is_paired_));
    std::vector<CorpusValues> baseline;
    if (pairing_.is_identity) {
      ASSAY_ASSIGN_OR_RETURN(baseline, MeasureSide(baseline_, cohorts_, is_paired_));
    } else {
      std::vector<std::uint8_t> takes_part(baseline_.status.size(), 0);
      for (std::size_t row = 0; row < is_paired_.size(); ++row) {
        if (is_paired_[row] != 0) {
          takes_part[static_cast<std::size_t>(pairing_.baseline_row[row])] = 1;
        }
      }
      ASSAY_ASSIGN_OR_RETURN(
          baseline, MeasureSide(baseline_, BaselineCohorts(cohorts_, pairing_, takes_part.size()),
                                takes_part));
    }
    for (MetricComparison& comparison : result_.metrics) {
      if (is_corpus(comparison)) {
        FillCorpus(baseline, candidate, comparison);
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<CorpusValues>> MeasureSide(const Side& side,
                                                        std::span<const CohortColumn> cohorts,
                                                        std::span<const std::uint8_t> takes_part) {
    ASSAY_ASSIGN_OR_RETURN(const std::shared_ptr<const PreparedRun> prepared,
                           PrepareRun(store_, project_, side.facts.run.id));
    return MeasureCorpus(store_, *prepared, cohorts, takes_part, parallel_for_, control_);
  }

  void FillCorpus(const std::vector<CorpusValues>& baseline,
                  const std::vector<CorpusValues>& candidate, MetricComparison& comparison) const {
    const auto find = [&](const std::vector<CorpusValues>& side) {
      return std::ranges::find(side, comparison.metric.id,
                               [](const CorpusValues& values) { return values.metric.id; });
    };
    const auto before = find(baseline);
    const auto after = find(candidate);
    if (before == baseline.end() || after == candidate.end()) {
      return;
    }
    comparison.overall = CorpusCell("", after->num_rows[0], before->values[0], after->values[0]);
    std::size_t cell = 1;
    for (const CohortColumn& cohort : cohorts_) {
      for (std::size_t value = 0; value < cohort.values.size(); ++value, ++cell) {
        comparison.cohorts.push_back(CorpusCell(CohortName(cohort, value), after->num_rows[cell],
                                                before->values[cell], after->values[cell]));
      }
    }
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

  absl::Status Judge() {
    trace::Span span = StartSpan("comparison.gates");
    std::vector<PairedScores> scores;
    for (const auto& gated : gated_) {
      scores.push_back(gated->Paired());
    }
    ASSAY_ASSIGN_OR_RETURN(result_.gates, JudgeGates(comparison_.gates, scores, cohorts_,
                                                     comparison_.alpha, result_.identical_outputs));
    result_.verdict = OverallVerdict(result_.gates);
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
  std::vector<CohortColumn> cohorts_;                 // of the candidate's rows
  std::vector<std::uint8_t> is_paired_;               // by the candidate's rows
  std::vector<std::unique_ptr<MetricScores>> gated_;  // scores that gates name
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
