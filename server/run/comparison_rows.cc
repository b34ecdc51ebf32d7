#include "server/run/comparison_rows.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <span>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "server/base/status_macros.h"
#include "server/run/cohort_rows.h"
#include "server/run/first_places.h"
#include "server/run/pairing.h"
#include "server/run/row_texts.h"
#include "server/run/run_inputs.h"
#include "server/run/score_columns.h"

namespace assay::run {
namespace {

// Rows that are stored with a comparison, by metric.
constexpr std::int32_t kStoredRows = 100;
// Earlier comparisons that a row is looked up in.
constexpr std::int32_t kRecentComparisons = 10;

void Serially(std::int64_t n, const std::function<void(std::int64_t)>& body) {
  for (std::int64_t i = 0; i < n; ++i) {
    body(i);
  }
}

RowBucket BucketOf(const MetricDescriptor& metric, double baseline, double candidate) {
  const double sign = metric.direction == Direction::kLower ? -1 : 1;
  const double change = (candidate - baseline) * sign;
  if (metric.direction == Direction::kNone && change != 0) {
    return RowBucket::kAny;  // Neither better nor worse.
  }
  if (metric.kind != MetricKind::kBinaryMean) {
    return change < 0 ? RowBucket::kBroken : change > 0 ? RowBucket::kFixed : RowBucket::kBothWrong;
  }
  // With several outputs an example is right when most are; a tie belongs nowhere.
  if (baseline == 0.5 || candidate == 0.5) {
    return RowBucket::kAny;
  }
  const bool was_right = (baseline > 0.5) == (sign > 0);
  const bool is_right = (candidate > 0.5) == (sign > 0);
  return was_right ? (is_right ? RowBucket::kBothRight : RowBucket::kBroken)
                   : (is_right ? RowBucket::kFixed : RowBucket::kBothWrong);
}

// Where the rows of a chunk stand, worst first; infinite for an unpaired row.
void OrderChunk(const MetricDescriptor& metric, const ScoreArray& baseline,
                const ScoreArray& candidate, std::vector<double>& order) {
  order.resize(candidate.values.size());
  const double sign = metric.direction == Direction::kLower ? -1 : 1;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const double change = (candidate.values[i] - baseline.values[i]) * sign;
    const bool is_paired = (baseline.defined[i] & candidate.defined[i]) != 0;
    order[i] = is_paired ? change : std::numeric_limits<double>::infinity();
  }
  if (metric.direction == Direction::kNone) {
    for (double& each : order) {
      each = std::isinf(each) ? each : -std::fabs(each);
    }
  }
}

// The metric to judge rows by.
absl::StatusOr<MetricDescriptor> ChooseMetric(const store::ComparisonResult& result,
                                              const std::string& asked) {
  std::vector<std::string> with_rows;
  for (const MetricComparison& comparison : result.metrics) {
    if (comparison.metric.kind != MetricKind::kCorpus) {
      with_rows.push_back(comparison.metric.id);
    }
  }
  if (with_rows.empty()) {
    return absl::FailedPreconditionError("the comparison has no metric with row scores");
  }
  const std::string& id = !asked.empty()                ? asked
                          : !result.flip_metric.empty() ? result.flip_metric
                                                        : with_rows.front();
  for (const MetricComparison& comparison : result.metrics) {
    if (comparison.metric.id == id && comparison.metric.kind != MetricKind::kCorpus) {
      MetricDescriptor metric = comparison.metric;
      // Averages of 0/1 scores compare as means, but a row is still right or wrong.
      if (id == result.flip_metric) {
        metric.kind = MetricKind::kBinaryMean;
      }
      return metric;
    }
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("metric: '%s' has no row scores here; those that have: %s", id,
                      absl::StrJoin(with_rows, ", ")));
}

// Scores of one run at consecutive rows of the candidate's dataset version.
class ScoreSource {
 public:
  static absl::StatusOr<ScoreSource> Open(store::Store& store, store::Id project, store::Id run,
                                          const std::string& metric, std::int64_t num_rows,
                                          const Pairing* pairing) {
    ASSAY_ASSIGN_OR_RETURN(const std::vector<store::ColumnRecord> columns,
                           ListRowColumns(store, project, run));
    const store::ColumnRecord* const column = FindColumn(columns, metric);
    if (column == nullptr && num_rows > 0) {
      return absl::DataLossError(absl::StrFormat("runs/%d: column '%s' is missing", run, metric));
    }
    ScoreSource source(store, project, run, column == nullptr ? store::ColumnRecord{} : *column,
                       num_rows);
    if (pairing != nullptr && !pairing->is_identity) {
      source.pairing_ = pairing;
      ASSAY_RETURN_IF_ERROR(
          LoadScores(store, project, run, source.column_, num_rows, Serially, source.all_));
    }
    return source;
  }

  // Reads chunk `number` of the candidate's rows, `size` of them.
  absl::Status Seek(std::int64_t number, std::int64_t size) {
    chunk_.values.resize(static_cast<std::size_t>(size));
    chunk_.defined.resize(static_cast<std::size_t>(size));
    if (pairing_ != nullptr) {
      for (std::int64_t i = 0; i < size; ++i) {
        const std::int64_t row = pairing_->SameKeyRow(number * store::kChunkRows + i);
        const auto from = static_cast<std::size_t>(std::max<std::int64_t>(row, 0));
        const auto to = static_cast<std::size_t>(i);
        chunk_.defined[to] = row < 0 ? 0 : all_.defined[from];
        chunk_.values[to] = row < 0 ? 0 : all_.values[from];
      }
      return absl::OkStatus();
    }
    ASSAY_ASSIGN_OR_RETURN(const Column column,
                           store_.columns().ReadChunk(project_, run_, column_, number));
    ASSAY_RETURN_IF_ERROR(CheckChunk(column, column_, number, num_rows_));
    UnpackScores(column, chunk_.values, chunk_.defined);
    return absl::OkStatus();
  }

  // Scores of the chunk read last.
  const ScoreArray& chunk() const { return chunk_; }
  // Of every row of the baseline's dataset version; empty where it is the candidate's.
  const ScoreArray& all() const { return all_; }

 private:
  ScoreSource(store::Store& store, store::Id project, store::Id run, store::ColumnRecord column,
              std::int64_t num_rows)
      : store_(store),
        project_(project),
        run_(run),
        column_(std::move(column)),
        num_rows_(num_rows) {}

  store::Store& store_;
  store::Id project_;
  store::Id run_;
  store::ColumnRecord column_;
  std::int64_t num_rows_;
  const Pairing* pairing_ = nullptr;
  ScoreArray all_;  // with a pairing: the baseline's rows
  ScoreArray chunk_;
};

// The positions that a query names, ascending; none: all.
class NamedRows {
 public:
  explicit NamedRows(std::vector<std::int64_t> rows) : rows_(std::move(rows)) {
    std::ranges::sort(rows_);
  }
  bool are_all() const { return rows_.empty(); }
  bool Holds(std::int64_t row) const { return are_all() || std::ranges::binary_search(rows_, row); }
  // True when a row from `begin` to before `end` is among them.
  bool HoldsAny(std::int64_t begin, std::int64_t end) const {
    const auto first = std::ranges::lower_bound(rows_, begin);
    return are_all() || (first != rows_.end() && *first < end);
  }

 private:
  std::vector<std::int64_t> rows_;
};

// Offers the rows of one chunk that have a score on a side and are asked for.
class ChunkScan {
 public:
  ChunkScan(const MetricDescriptor& metric, RowBucket bucket, const NamedRows& named,
            const Pairing& pairing, CohortRows& cohort, FirstPlaces& first)
      : metric_(metric),
        bucket_(bucket),
        named_(named),
        pairing_(pairing),
        cohort_(cohort),
        first_(first) {}

  void Scan(const ScoreArray& baseline, const ScoreArray& candidate, std::int64_t first_row) {
    OrderChunk(metric_, baseline, candidate, order_);
    for (std::size_t i = 0; i < order_.size(); ++i) {
      // Asked of every row, so that it knows whether the cohort exists.
      const bool is_member = cohort_.Holds(static_cast<std::int64_t>(i));
      if (!is_member || (baseline.defined[i] | candidate.defined[i]) == 0) {
        continue;
      }
      const std::int64_t row = first_row + static_cast<std::int64_t>(i);
      if (!named_.Holds(row)) {
        continue;
      }
      if (bucket_ != RowBucket::kAny && BucketAt(baseline, candidate, row, i) != bucket_) {
        continue;
      }
      const double order =
          pairing_.HasChanged(row) ? std::numeric_limits<double>::infinity() : order_[i];
      if (!first_.Takes(order)) {
        first_.Count();
        continue;
      }
      first_.Offer({.order = order,
                    .row = row,
                    .bucket = BucketAt(baseline, candidate, row, i),
                    .baseline = baseline.values[i],
                    .candidate = candidate.values[i],
                    .has_baseline = baseline.defined[i] != 0,
                    .has_candidate = candidate.defined[i] != 0});
    }
  }

 private:
  RowBucket BucketAt(const ScoreArray& baseline, const ScoreArray& candidate, std::int64_t row,
                     std::size_t i) const {
    if (pairing_.HasChanged(row)) {
      return RowBucket::kChanged;
    }
    return (baseline.defined[i] & candidate.defined[i]) == 0
               ? RowBucket::kUnpaired
               : BucketOf(metric_, baseline.values[i], candidate.values[i]);
  }

  const MetricDescriptor& metric_;
  const RowBucket bucket_;
  const NamedRows& named_;
  const Pairing& pairing_;
  CohortRows& cohort_;
  FirstPlaces& first_;
  std::vector<double> order_;  // of the chunk at hand
};

// Offers the scored examples that only the baseline's dataset version has; they count behind the
// `num_candidate_rows` of the candidate's.
absl::Status ScanBaselineOnly(const Pairing& pairing, const ScoreArray& scores, RowBucket bucket,
                              const NamedRows& named, std::int64_t num_candidate_rows,
                              CohortRows& cohort, FirstPlaces& first) {
  std::vector<std::uint8_t> has_other(scores.values.size(), 0);
  for (const std::int32_t row : pairing.same_key) {
    if (row >= 0) {
      has_other[static_cast<std::size_t>(row)] = 1;
    }
  }
  const bool is_wanted = bucket == RowBucket::kAny || bucket == RowBucket::kUnpaired;
  constexpr double kLast = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < has_other.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    if (row % store::kChunkRows == 0) {
      ASSAY_RETURN_IF_ERROR(cohort.Seek(row / store::kChunkRows));
    }
    const bool is_member = cohort.Holds(row % store::kChunkRows);
    if (!is_wanted || !is_member || has_other[i] != 0 || scores.defined[i] == 0 ||
        !named.Holds(num_candidate_rows + row)) {
      continue;
    }
    if (!first.Takes(kLast)) {
      first.Count();
      continue;
    }
    first.Offer({.order = kLast,
                 .row = num_candidate_rows + row,
                 .bucket = RowBucket::kUnpaired,
                 .baseline = scores.values[i],
                 .candidate = 0,
                 .has_baseline = true,
                 .has_candidate = false});
  }
  return absl::OkStatus();
}

// Texts of both sides; the example is that of the candidate's dataset version, where it has it.
absl::Status AddTexts(store::Store& store, const RunInputs& baseline, const RunInputs& candidate,
                      const Pairing& pairing, std::vector<ComparisonRow>& rows) {
  std::vector<std::int64_t> candidate_rows;  // -1: the version lacks it
  std::vector<std::int64_t> baseline_rows;
  std::vector<std::int64_t> baseline_only;  // -1: the candidate's version has it
  for (const ComparisonRow& row : rows) {
    const std::int64_t behind = row.row - candidate.dataset.num_rows;
    const bool is_baseline_only = behind >= 0;
    candidate_rows.push_back(is_baseline_only ? -1 : row.row);
    baseline_rows.push_back(is_baseline_only ? behind : pairing.SameKeyRow(row.row));
    baseline_only.push_back(is_baseline_only ? behind : -1);
  }
  ASSAY_ASSIGN_OR_RETURN(std::vector<ExampleText> examples,
                         ReadExampleTexts(store, candidate, candidate_rows));
  ASSAY_ASSIGN_OR_RETURN(std::vector<ExampleText> baseline_examples,
                         ReadExampleTexts(store, baseline, baseline_only));
  ASSAY_ASSIGN_OR_RETURN(std::vector<OutputText> before,
                         ReadOutputTexts(store, baseline, baseline_rows));
  ASSAY_ASSIGN_OR_RETURN(std::vector<OutputText> after,
                         ReadOutputTexts(store, candidate, candidate_rows));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    ExampleText& example = candidate_rows[i] >= 0 ? examples[i] : baseline_examples[i];
    rows[i].key = std::move(example.key);
    rows[i].input = std::move(example.input);
    rows[i].expected = std::move(example.expected);
    rows[i].cohorts = std::move(example.cohorts);
    rows[i].baseline_output = std::move(before[i].output);
    rows[i].baseline_trace_id = std::move(before[i].trace_id);
    rows[i].candidate_output = std::move(after[i].output);
    rows[i].candidate_trace_id = std::move(after[i].trace_id);
  }
  return absl::OkStatus();
}

absl::StatusOr<RunInputs> OpenInputsOfRun(store::Store& store, store::Id project, store::Id run) {
  ASSAY_ASSIGN_OR_RETURN(const store::RunRecord record, store.runs().GetRun(project, run));
  return OpenRunInputs(store, project, record.output_set_id);
}

// Scans the score columns of a metric for the rows of a query.
absl::StatusOr<RowPage> ScanRows(store::Store& store, store::Id project,
                                 const store::ComparisonRecord& comparison,
                                 const MetricDescriptor& metric, const RowQuery& query) {
  ASSAY_ASSIGN_OR_RETURN(const RunInputs baseline_inputs,
                         OpenInputsOfRun(store, project, comparison.baseline_run_id));
  ASSAY_ASSIGN_OR_RETURN(const RunInputs inputs,
                         OpenInputsOfRun(store, project, comparison.candidate_run_id));
  ASSAY_ASSIGN_OR_RETURN(
      const Pairing pairing,
      PairExamples(store, project, baseline_inputs.dataset, inputs.dataset, Serially));
  ASSAY_ASSIGN_OR_RETURN(ScoreSource baseline,
                         ScoreSource::Open(store, project, comparison.baseline_run_id, metric.id,
                                           baseline_inputs.dataset.num_rows, &pairing));
  ASSAY_ASSIGN_OR_RETURN(ScoreSource candidate,
                         ScoreSource::Open(store, project, comparison.candidate_run_id, metric.id,
                                           inputs.dataset.num_rows, nullptr));
  ASSAY_ASSIGN_OR_RETURN(CohortRows cohort, CohortRows::Open(store, inputs, query.cohort));

  const std::int64_t skip = std::clamp<std::int64_t>(
      query.offset_rank, 0, inputs.dataset.num_rows + baseline_inputs.dataset.num_rows);
  FirstPlaces first(static_cast<std::size_t>(skip + std::max(query.limit, 0)));
  const NamedRows named(query.rows);
  ChunkScan scan(metric, query.bucket, named, pairing, cohort, first);
  for (std::int64_t number = 0; number < inputs.num_chunks(); ++number) {
    const std::int64_t begin = number * store::kChunkRows;
    const std::int64_t size = std::min(store::kChunkRows, inputs.dataset.num_rows - begin);
    if (!named.HoldsAny(begin, begin + size)) {
      continue;
    }
    ASSAY_RETURN_IF_ERROR(baseline.Seek(number, size));
    ASSAY_RETURN_IF_ERROR(candidate.Seek(number, size));
    ASSAY_RETURN_IF_ERROR(cohort.Seek(number));
    scan.Scan(baseline.chunk(), candidate.chunk(), begin);
  }
  bool is_cohort_of_baseline = false;
  // A version without the cohort's column has no example of it.
  absl::StatusOr<CohortRows> baseline_cohort =
      CohortRows::Open(store, baseline_inputs, query.cohort);
  if (!pairing.is_identity && baseline_cohort.ok()) {
    ASSAY_RETURN_IF_ERROR(ScanBaselineOnly(pairing, baseline.all(), query.bucket, named,
                                           inputs.dataset.num_rows, *baseline_cohort, first));
    is_cohort_of_baseline = baseline_cohort->is_found();
  }
  // Of rows that are named only their own chunks were read, which need not have the cohort.
  if (!is_cohort_of_baseline && named.are_all()) {
    ASSAY_RETURN_IF_ERROR(cohort.CheckFound());
  }

  RowPage page;
  page.metric = metric.id;
  page.total_rows = first.num_offered();
  const std::vector<Place> places = first.TakeSorted();
  for (std::size_t i = static_cast<std::size_t>(skip); i < places.size(); ++i) {
    ComparisonRow& row = page.rows.emplace_back();
    row.row = places[i].row;
    row.bucket = places[i].bucket;
    if (places[i].has_baseline) {
      row.baseline_score = places[i].baseline;
    }
    if (places[i].has_candidate) {
      row.candidate_score = places[i].candidate;
    }
  }
  ASSAY_RETURN_IF_ERROR(AddTexts(store, baseline_inputs, inputs, pairing, page.rows));
  return page;
}

// The page of a query as far as the stored rows of the metric hold it.
std::optional<RowPage> PageOf(const store::RowListRecord& list, const RowQuery& query) {
  const bool is_broken = query.bucket == RowBucket::kBroken;
  if (list.metric.empty() || !query.cohort.empty() || !query.rows.empty() ||
      (query.bucket != RowBucket::kAny && !is_broken)) {
    return std::nullopt;
  }
  std::vector<const store::RowRecord*> rows;
  for (const store::RowRecord& row : list.rows) {
    if (!is_broken || row.bucket == RowBucket::kBroken) {
      rows.push_back(&row);
    }
  }
  RowPage page;
  page.metric = list.metric;
  page.total_rows = is_broken ? list.num_broken : list.num_rows;
  const std::int64_t end = std::min(page.total_rows, query.offset_rank + std::max(query.limit, 0));
  if (query.offset_rank < 0 || end > std::ssize(rows)) {
    return std::nullopt;
  }
  for (std::int64_t i = query.offset_rank; i < end; ++i) {
    static_cast<store::RowRecord&>(page.rows.emplace_back()) = *rows[static_cast<std::size_t>(i)];
  }
  return page;
}

// Tells of each row in how many earlier comparisons it flipped.
absl::Status AddRecentFlips(store::Store& store, store::Id project,
                            const store::ComparisonRecord& comparison,
                            std::vector<ComparisonRow>& rows) {
  ASSAY_ASSIGN_OR_RETURN(const store::FlipsRecord pair, FlipsOf(store, project, comparison));
  ASSAY_ASSIGN_OR_RETURN(
      const std::vector<std::string> recent,
      store.runs().RecentFlips(project, pair, comparison.id, kRecentComparisons));
  for (ComparisonRow& row : rows) {
    row.num_recent_comparisons = static_cast<std::int32_t>(recent.size());
    for (const std::string& bits : recent) {
      const auto byte = static_cast<std::size_t>(row.row) / 8;
      const bool has_flipped = byte < bits.size() &&
                               ((static_cast<unsigned char>(bits[byte]) >> (row.row % 8)) & 1) != 0;
      row.num_recent_flips += has_flipped ? 1 : 0;
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<store::FlipsRecord> FlipsOf(store::Store& store, store::Id project,
                                           const store::ComparisonRecord& comparison) {
  ASSAY_ASSIGN_OR_RETURN(const store::RunRecord baseline,
                         store.runs().GetRun(project, comparison.baseline_run_id));
  ASSAY_ASSIGN_OR_RETURN(const store::RunRecord candidate,
                         store.runs().GetRun(project, comparison.candidate_run_id));
  return store::FlipsRecord{.dataset_version_id = candidate.dataset_version_id,
                            .baseline_output_set_id = baseline.output_set_id,
                            .candidate_output_set_id = candidate.output_set_id,
                            .bits = {}};
}

absl::StatusOr<store::RowListRecord> FirstRows(store::Store& store, store::Id project,
                                               const store::ComparisonRecord& comparison,
                                               const MetricComparison& compared) {
  const store::ComparisonResult& result = comparison.result;
  const RowQuery query{.metric = compared.metric.id, .limit = kStoredRows};
  ASSAY_ASSIGN_OR_RETURN(const MetricDescriptor metric, ChooseMetric(result, query.metric));
  ASSAY_ASSIGN_OR_RETURN(RowPage page, ScanRows(store, project, comparison, metric, query));
  store::RowListRecord list;
  list.metric = page.metric;
  list.num_rows = page.total_rows;
  list.num_broken =
      metric.id == result.flip_metric ? result.num_broken : compared.overall.num_worse;
  for (ComparisonRow& row : page.rows) {
    list.rows.push_back(std::move(row));
  }
  return list;
}

absl::StatusOr<RowPage> ListComparisonRows(store::Store& store, store::Id project,
                                           const store::ComparisonRecord& comparison,
                                           const RowQuery& query) {
  if (comparison.state != store::RunState::kSucceeded || comparison.result.metrics.empty()) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "comparisons/%d has no rows: it %s", comparison.id,
        comparison.state == store::RunState::kSucceeded ? "was refused" : "has not succeeded"));
  }
  ASSAY_ASSIGN_OR_RETURN(const MetricDescriptor metric,
                         ChooseMetric(comparison.result, query.metric));
  ASSAY_ASSIGN_OR_RETURN(const store::RowListRecord stored,
                         store.runs().GetRowList(project, comparison.id, metric.id));
  std::optional<RowPage> page = PageOf(stored, query);
  if (!page.has_value()) {
    ASSAY_ASSIGN_OR_RETURN(page, ScanRows(store, project, comparison, metric, query));
  }
  ASSAY_RETURN_IF_ERROR(AddRecentFlips(store, project, comparison, page->rows));
  return *std::move(page);
}

}  // namespace assay::run
