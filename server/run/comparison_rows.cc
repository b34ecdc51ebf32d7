#include "server/run/comparison_rows.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "server/base/status_macros.h"
#include "server/run/pairing.h"
#include "server/run/row_scan.h"
#include "server/run/row_texts.h"
#include "server/run/run_inputs.h"
#include "server/run/trace_links.h"

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

// Rows of outputs that this server made name its own trace, where they name none themselves.
absl::Status FillTraces(store::Store& store, const RunInputs& inputs,
                        std::vector<OutputText>& outputs) {
  if (FindColumn(inputs.output_columns, "trace_id") != nullptr) {
    return absl::OkStatus();
  }
  ASSAY_ASSIGN_OR_RETURN(const std::string trace_id,
                         TraceOfOutputs(store, inputs.project, inputs.outputs));
  for (OutputText& output : outputs) {
    output.trace_id = output.output.empty() ? "" : trace_id;
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
  ASSAY_RETURN_IF_ERROR(FillTraces(store, baseline, before));
  ASSAY_RETURN_IF_ERROR(FillTraces(store, candidate, after));
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

// What the baseline's version has under the keys of changed rows, where its texts are others.
absl::Status AddReplacedTexts(store::Store& store, const RunInputs& baseline,
                              const Pairing& pairing, std::vector<ComparisonRow>& rows) {
  std::vector<std::int64_t> replaced;  // -1: not changed
  replaced.reserve(rows.size());
  for (const ComparisonRow& row : rows) {
    replaced.push_back(row.bucket == RowBucket::kChanged ? pairing.SameKeyRow(row.row) : -1);
  }
  ASSAY_ASSIGN_OR_RETURN(std::vector<ExampleText> examples,
                         ReadExampleTexts(store, baseline, replaced));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (replaced[i] < 0) {
      continue;
    }
    if (examples[i].input != rows[i].input) {
      rows[i].baseline_input = std::move(examples[i].input);
    }
    if (examples[i].expected != rows[i].expected) {
      rows[i].baseline_expected = std::move(examples[i].expected);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<RunInputs> OpenInputsOfRun(store::Store& store, store::Id project, store::Id run) {
  ASSAY_ASSIGN_OR_RETURN(const store::RunRecord record, store.runs().GetRun(project, run));
  return OpenRunInputs(store, project, record.output_set_id);
}

// Scans for the rows of a query and reads their texts.
absl::StatusOr<RowPage> ReadRows(store::Store& store, store::Id project,
                                 const store::ComparisonRecord& comparison,
                                 const MetricDescriptor& metric, const RowQuery& query) {
  ASSAY_ASSIGN_OR_RETURN(const RunInputs baseline,
                         OpenInputsOfRun(store, project, comparison.baseline_run_id));
  ASSAY_ASSIGN_OR_RETURN(const RunInputs candidate,
                         OpenInputsOfRun(store, project, comparison.candidate_run_id));
  ASSAY_ASSIGN_OR_RETURN(const Pairing pairing, PairExamples(store, project, baseline.dataset,
                                                             candidate.dataset, Serially));
  ASSAY_ASSIGN_OR_RETURN(const ScannedRows scanned,
                         ScanRows(store, project,
                                  {.baseline_run = comparison.baseline_run_id,
                                   .candidate_run = comparison.candidate_run_id,
                                   .baseline = baseline,
                                   .candidate = candidate,
                                   .pairing = pairing},
                                  metric, query));
  RowPage page;
  page.metric = metric.id;
  page.total_rows = scanned.total_rows;
  for (const RowPlace& place : scanned.places) {
    ComparisonRow& row = page.rows.emplace_back();
    row.row = place.row;
    row.bucket = place.bucket;
    if (place.has_baseline) {
      row.baseline_score = place.baseline;
    }
    if (place.has_candidate) {
      row.candidate_score = place.candidate;
    }
  }
  ASSAY_RETURN_IF_ERROR(AddTexts(store, baseline, candidate, pairing, page.rows));
  ASSAY_RETURN_IF_ERROR(AddReplacedTexts(store, baseline, pairing, page.rows));
  return page;
}

// AddReplacedTexts for rows that were stored: those hold the candidate's texts alone.
absl::Status CompleteStoredRows(store::Store& store, store::Id project,
                                const store::ComparisonRecord& comparison,
                                std::vector<ComparisonRow>& rows) {
  if (std::ranges::find(rows, RowBucket::kChanged, &ComparisonRow::bucket) == rows.end()) {
    return absl::OkStatus();
  }
  ASSAY_ASSIGN_OR_RETURN(const RunInputs baseline,
                         OpenInputsOfRun(store, project, comparison.baseline_run_id));
  ASSAY_ASSIGN_OR_RETURN(const RunInputs candidate,
                         OpenInputsOfRun(store, project, comparison.candidate_run_id));
  ASSAY_ASSIGN_OR_RETURN(const Pairing pairing, PairExamples(store, project, baseline.dataset,
                                                             candidate.dataset, Serially));
  return AddReplacedTexts(store, baseline, pairing, rows);
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
  ASSAY_ASSIGN_OR_RETURN(RowPage page, ReadRows(store, project, comparison, metric, query));
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
  if (page.has_value()) {
    ASSAY_RETURN_IF_ERROR(CompleteStoredRows(store, project, comparison, page->rows));
  } else {
    ASSAY_ASSIGN_OR_RETURN(page, ReadRows(store, project, comparison, metric, query));
  }
  ASSAY_RETURN_IF_ERROR(AddRecentFlips(store, project, comparison, page->rows));
  return *std::move(page);
}

}  // namespace assay::run
