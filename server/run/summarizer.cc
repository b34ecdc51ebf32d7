#include "server/run/summarizer.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "server/base/status_macros.h"
#include "server/run/cell_sums.h"
#include "server/run/cohorts.h"
#include "server/run/corpus_metrics.h"
#include "server/run/field_digest.h"
#include "server/run/parallel_for.h"
#include "server/run/row_facts.h"
#include "server/run/score_columns.h"
#include "server/store/chunk_codec.h"

namespace assay::run {
namespace {

// Chunks read at once, which bounds memory: their sums are kept until all of them can be merged.
constexpr std::int64_t kWaveChunks = 16;
constexpr std::size_t kListedKeys = 10;

// What one chunk contributes.
struct ChunkSums {
  std::vector<std::vector<CellSum>> metrics;  // a row metric each, by cell
  std::vector<store::Digest> hashes;          // a column each: row metrics, status
  std::vector<std::int64_t> null_counts;      // likewise
  std::array<std::int64_t, 4> num_rows{};     // by RowStatus
  std::vector<std::int64_t> missing;          // rows, at most kListedKeys
  std::vector<std::int64_t> errors;
  RowFacts facts;
};

// Reads the score columns of a run in waves of chunks and merges them in order.
class ScorePass {
 public:
  ScorePass(store::Store& store, const PreparedRun& prepared,
            const std::vector<CohortColumn>& cohorts)
      : store_(store),
        prepared_(prepared),
        cohorts_(cohorts),
        columns_(ScoreColumns(prepared.run.metrics)),
        num_metrics_(columns_.size() - 2) {
    for (const auto& evaluator : prepared.evaluators) {
      scores_missing_.insert(scores_missing_.end(), RowMetrics(evaluator->metrics()).size(),
                             evaluator->ScoresMissingOutputs());
    }
    total_.metrics.assign(num_metrics_, std::vector<CellSum>(NumCells(cohorts)));
    hashes_.resize(num_metrics_ + 1);
    total_.null_counts.resize(num_metrics_ + 1);
  }

  absl::Status Run(const ParallelFor& parallel_for, const JobControl& control) {
    const std::int64_t num_chunks = prepared_.inputs->num_chunks();
    std::vector<ChunkSums> wave(kWaveChunks);
    for (std::int64_t first = 0; first < num_chunks; first += kWaveChunks) {
      ASSAY_RETURN_IF_ERROR(control.Check());
      const std::int64_t size = std::min(kWaveChunks, num_chunks - first);
      ASSAY_RETURN_IF_ERROR(ForEach(parallel_for, size, [&](std::int64_t i) {
        return ReadChunk(first + i, wave[static_cast<std::size_t>(i)]);
      }));
      for (std::int64_t i = 0; i < size; ++i) {
        Merge(wave[static_cast<std::size_t>(i)]);
      }
    }
    return absl::OkStatus();
  }

  // Everything merged; `hashes` stays empty.
  const ChunkSums& total() const { return total_; }

  // Records of the stored columns, digests and null counts included.
  std::vector<store::ColumnRecord> Columns() const {
    std::vector<store::ColumnRecord> columns;
    for (std::size_t i = 0; i <= num_metrics_; ++i) {
      columns.push_back(WithDigest(columns_[i], total_.null_counts[i], hashes_[i]));
    }
    if (!fact_hashes_.empty()) {
      columns.push_back(WithDigest(columns_.back(), num_fact_nulls_, fact_hashes_));
    }
    return columns;
  }

 private:
  store::ColumnRecord WithDigest(store::ColumnRecord column, std::int64_t null_count,
                                 const std::vector<store::Digest>& hashes) const {
    column.null_count = null_count;
    column.digest = store::ColumnDigest(column, prepared_.inputs->dataset.num_rows, hashes);
    return column;
  }

  absl::StatusOr<Column> ReadColumn(const store::ColumnRecord& column, std::int64_t number) {
    ASSAY_ASSIGN_OR_RETURN(Column chunk, store_.columns().ReadChunk(
                                             prepared_.project, prepared_.run.id, column, number));
    ASSAY_RETURN_IF_ERROR(CheckChunk(chunk, column, number, prepared_.inputs->dataset.num_rows));
    return chunk;
  }

  static void AddHash(const Column& chunk, ChunkSums& sums) {
    const store::EncodedChunk encoded = store::EncodeChunk(chunk, 0, chunk.num_rows);
    sums.hashes.push_back(encoded.hash);
    sums.null_counts.push_back(encoded.null_count);
  }

  absl::Status ReadChunk(std::int64_t number, ChunkSums& sums) {
    sums = {};
    const std::int64_t first_row = number * store::kChunkRows;
    ASSAY_ASSIGN_OR_RETURN(const Column status_column, ReadColumn(columns_[num_metrics_], number));
    std::vector<RowStatus> status;
    status.reserve(status_column.int64s.size());
    for (std::size_t i = 0; i < status_column.int64s.size(); ++i) {
      status.push_back(static_cast<RowStatus>(status_column.int64s[i]));
      CountRow(status.back(), first_row + static_cast<std::int64_t>(i), sums);
    }
    sums.metrics.resize(num_metrics_);
    for (std::size_t i = 0; i < num_metrics_; ++i) {
      ASSAY_ASSIGN_OR_RETURN(const Column scores, ReadColumn(columns_[i], number));
      SumChunk(scores, status, scores_missing_[i], cohorts_, first_row, sums.metrics[i]);
      AddHash(scores, sums);
    }
    AddHash(status_column, sums);
    return ReadFacts(number, sums);
  }

  static void CountRow(RowStatus status, std::int64_t row, ChunkSums& sums) {
    ++sums.num_rows[static_cast<std::size_t>(status) % sums.num_rows.size()];
    if (status == RowStatus::kMissing && sums.missing.size() < kListedKeys) {
      sums.missing.push_back(row);
    }
    if (status == RowStatus::kError && sums.errors.size() < kListedKeys) {
      sums.errors.push_back(row);
    }
  }

  absl::Status ReadFacts(std::int64_t number, ChunkSums& sums) {
    const absl::StatusOr<Column> facts = ReadColumn(columns_.back(), number);
    if (absl::IsNotFound(facts.status())) {
      return absl::OkStatus();
    }
    ASSAY_RETURN_IF_ERROR(facts.status());
    sums.facts.AddColumn(*facts);
    AddHash(*facts, sums);
    return absl::OkStatus();
  }

  void Merge(const ChunkSums& chunk) {
    for (std::size_t i = 0; i < num_metrics_; ++i) {
      for (std::size_t cell = 0; cell < total_.metrics[i].size(); ++cell) {
        total_.metrics[i][cell].Add(chunk.metrics[i][cell]);
      }
    }
    for (std::size_t i = 0; i <= num_metrics_; ++i) {
      hashes_[i].push_back(chunk.hashes[i]);
      total_.null_counts[i] += chunk.null_counts[i];
    }
    if (chunk.hashes.size() > num_metrics_ + 1) {
      fact_hashes_.push_back(chunk.hashes.back());
      num_fact_nulls_ += chunk.null_counts.back();
    }
    for (std::size_t i = 0; i < chunk.num_rows.size(); ++i) {
      total_.num_rows[i] += chunk.num_rows[i];
    }
    AppendListed(chunk.missing, total_.missing);
    AppendListed(chunk.errors, total_.errors);
    total_.facts.Add(chunk.facts);
  }

  static void AppendListed(const std::vector<std::int64_t>& rows, std::vector<std::int64_t>& to) {
    const std::size_t room = std::min(rows.size(), kListedKeys - to.size());
    to.insert(to.end(), rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(room));
  }

  store::Store& store_;
  const PreparedRun& prepared_;
  const std::vector<CohortColumn>& cohorts_;
  const std::vector<store::ColumnRecord> columns_;
  const std::size_t num_metrics_;  // with row scores
  std::vector<bool> scores_missing_;
  ChunkSums total_;
  std::vector<std::vector<store::Digest>> hashes_;
  std::vector<store::Digest> fact_hashes_;
  std::int64_t num_fact_nulls_ = 0;
};

// Keys of `rows`, which ascend, and "..." when there are more than these.
absl::StatusOr<std::string> ListKeys(store::Store& store, const PreparedRun& prepared,
                                     const std::vector<std::int64_t>& rows, std::int64_t num_rows) {
  const store::ColumnRecord* const column = FindColumn(prepared.inputs->example_columns, "key");
  if (column == nullptr) {
    return absl::DataLossError(absl::StrFormat("dataset version %d: column 'key' is missing",
                                               prepared.inputs->dataset.id));
  }
  std::vector<std::string> keys;
  std::int64_t number = -1;
  Column chunk;
  for (const std::int64_t row : rows) {
    if (row / store::kChunkRows != number) {
      number = row / store::kChunkRows;
      ASSAY_ASSIGN_OR_RETURN(
          chunk, store.columns().ReadChunk(prepared.project, prepared.inputs->dataset.id, *column,
                                           number));
    }
    keys.emplace_back(chunk.Text(row % store::kChunkRows));
  }
  if (std::ssize(rows) < num_rows) {
    keys.emplace_back("...");
  }
  return absl::StrJoin(keys, ", ");
}

absl::StatusOr<std::vector<std::string>> MakeNotes(store::Store& store, const PreparedRun& prepared,
                                                   const ChunkSums& total) {
  std::vector<std::string> notes;
  const auto add = [&](std::int64_t num_rows, const std::vector<std::int64_t>& rows,
                       std::string_view what) -> absl::Status {
    if (num_rows == 0) {
      return absl::OkStatus();
    }
    ASSAY_ASSIGN_OR_RETURN(const std::string keys, ListKeys(store, prepared, rows, num_rows));
    notes.push_back(absl::StrFormat("%d %s %s: %s", num_rows,
                                    num_rows == 1 ? "example" : "examples", what, keys));
    return absl::OkStatus();
  };
  const bool scores_missing = std::ranges::any_of(
      prepared.evaluators, [](const auto& evaluator) { return evaluator->ScoresMissingOutputs(); });
  ASSAY_RETURN_IF_ERROR(
      add(total.num_rows[static_cast<std::size_t>(RowStatus::kMissing)], total.missing,
          scores_missing ? "without an output, scored as an empty ranking" : "without an output"));
  ASSAY_RETURN_IF_ERROR(add(total.num_rows[static_cast<std::size_t>(RowStatus::kError)],
                            total.errors, "with nothing but error outputs"));
  if (prepared.index != nullptr && prepared.index->max_outputs() > 1) {
    notes.push_back(
        absl::StrFormat("examples have up to %d outputs; scores are averaged within the example",
                        prepared.index->max_outputs()));
  }
  for (std::string& sentence : total.facts.Sentences()) {
    notes.push_back(std::move(sentence));
  }
  return notes;
}

// Names of the cells: "" and "COLUMN=VALUE", in the order of sums.
std::vector<std::string> CellNames(const std::vector<CohortColumn>& cohorts) {
  std::vector<std::string> names = {""};
  for (const CohortColumn& cohort : cohorts) {
    for (std::size_t value = 0; value < cohort.values.size(); ++value) {
      names.push_back(CohortName(cohort, value));
    }
  }
  return names;
}

store::SummaryRecord Summarize(const MetricDescriptor& metric, const std::string& cohort,
                               const CellSum& sum) {
  store::SummaryRecord summary;
  summary.metric = metric.id;
  summary.cohort = cohort;
  summary.value = sum.Mean();
  summary.num_rows = sum.num_rows;
  summary.num_undefined = sum.num_undefined;
  if (const std::optional<Interval> interval = sum.MeanInterval95(metric)) {
    summary.lower = interval->lower;
    summary.upper = interval->upper;
  }
  return summary;
}

// Cohorts without any row that took part are left out.
std::vector<store::SummaryRecord> Summaries(const PreparedRun& prepared,
                                            const std::vector<CohortColumn>& cohorts,
                                            const ChunkSums& total,
                                            const std::vector<CorpusValues>& corpus) {
  const std::vector<std::string> names = CellNames(cohorts);
  std::vector<store::SummaryRecord> summaries;
  std::size_t next_row_metric = 0;
  std::size_t next_corpus = 0;
  for (const MetricDescriptor& metric : prepared.run.metrics) {
    if (metric.kind != MetricKind::kCorpus) {
      const std::vector<CellSum>& cells = total.metrics[next_row_metric++];
      for (std::size_t cell = 0; cell < names.size(); ++cell) {
        if (cell == 0 || cells[cell].num_rows + cells[cell].num_undefined > 0) {
          summaries.push_back(Summarize(metric, names[cell], cells[cell]));
        }
      }
      continue;
    }
    const CorpusValues& values = corpus[next_corpus++];
    for (std::size_t cell = 0; cell < names.size(); ++cell) {
      if (cell > 0 && values.num_rows[cell] == 0) {
        continue;
      }
      store::SummaryRecord summary;
      summary.metric = metric.id;
      summary.cohort = names[cell];
      summary.value = values.values[cell];
      summary.num_rows = values.num_rows[cell];
      summaries.push_back(std::move(summary));
    }
  }
  return summaries;
}

// Hidden columns do not count, nor does anything that a faster machine or another build changes.
store::Digest ResultDigest(const store::RunResult& result,
                           const std::vector<store::ColumnRecord>& columns) {
  FieldDigest digest("assay.result/1");
  for (const store::ColumnRecord& column : columns) {
    if (!column.name.starts_with('$')) {
      digest.AddText(column.name);
      digest.AddDigest(column.digest);
    }
  }
  digest.AddNumber(std::ssize(result.summaries));
  for (const store::SummaryRecord& summary : result.summaries) {
    digest.AddText(summary.metric);
    digest.AddText(summary.cohort);
    digest.AddReal(summary.value);
    digest.AddNumber(summary.num_rows);
    digest.AddNumber(summary.num_undefined);
    digest.AddReal(summary.lower);
    digest.AddReal(summary.upper);
  }
  for (const ResultTable& table : result.tables) {
    digest.AddText(table.name);
    for (const Column& column : table.columns) {
      digest.AddText(column.name);
      for (std::int64_t begin = 0; begin < column.num_rows; begin += store::kChunkRows) {
        const std::int64_t end = std::min(begin + store::kChunkRows, column.num_rows);
        digest.AddDigest(store::EncodeChunk(column, begin, end).hash);
      }
    }
  }
  return digest.Finish();
}

}  // namespace

absl::StatusOr<RunSummary> SummarizeRun(store::Store& store, const PreparedRun& prepared,
                                        const ParallelFor& parallel_for,
                                        const JobControl& control) {
  ASSAY_ASSIGN_OR_RETURN(
      const std::vector<CohortColumn> cohorts,
      LoadCohorts(store, prepared.project, prepared.inputs->dataset, parallel_for));
  ScorePass pass(store, prepared, cohorts);
  ASSAY_RETURN_IF_ERROR(pass.Run(parallel_for, control));
  const ChunkSums& total = pass.total();
  const std::int64_t num_filtered = total.num_rows[static_cast<std::size_t>(RowStatus::kFiltered)];
  if (num_filtered > 0 && num_filtered == prepared.inputs->dataset.num_rows) {
    return absl::FailedPreconditionError(
        absl::StrFormat("row_filter: no example has %s", prepared.run.row_filter));
  }
  RunSummary summary;
  store::RunResult& result = summary.result;
  ASSAY_ASSIGN_OR_RETURN(
      const std::vector<CorpusValues> corpus,
      MeasureCorpus(store, prepared, cohorts, {}, parallel_for, control, &result.tables));
  result.summaries = Summaries(prepared, cohorts, total, corpus);
  result.num_scored = total.num_rows[static_cast<std::size_t>(RowStatus::kScored)];
  result.num_missing = total.num_rows[static_cast<std::size_t>(RowStatus::kMissing)];
  result.num_errors = total.num_rows[static_cast<std::size_t>(RowStatus::kError)];
  result.num_filtered = num_filtered;
  ASSAY_ASSIGN_OR_RETURN(result.notes, MakeNotes(store, prepared, total));
  summary.columns = pass.Columns();
  result.result_digest = ResultDigest(result, summary.columns);
  return summary;
}

}  // namespace assay::run
