#include "server/run/runner.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/run/row_facts.h"
#include "server/run/score_columns.h"
#include "server/store/chunk_codec.h"

namespace assay::run {
namespace {

// Blocks are read in groups of about this many bytes, so that a stage is one span for many small
// blocks and memory stays bounded for large ones.
constexpr std::int64_t kGroupBytes = 8 << 20;

// Scores of the rows of one block, one column a metric with row scores.
struct BlockScores {
  std::int64_t first_row = 0;
  std::vector<RowStatus> status;
  std::vector<Column> metrics;
  RowFacts facts;
};

std::string_view NameOf(std::string_view spec) { return spec.substr(0, spec.find(':')); }

Column ToColumn(const std::string& name, const std::vector<double>& sums,
                const std::vector<std::int32_t>& counts) {
  Column column;
  column.name = name;
  column.type = ColumnType::kFloat64;
  column.doubles.resize(sums.size());
  column.validity.assign((sums.size() + 7) / 8, 0);
  bool has_null = false;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const bool is_defined = counts[i] > 0;
    column.doubles[i] = counts[i] > 1 ? sums[i] / counts[i] : sums[i];
    column.validity[i / 8] = static_cast<std::uint8_t>(
        column.validity[i / 8] | (static_cast<unsigned>(is_defined) << (i % 8)));
    has_null |= !is_defined;
  }
  column.num_rows = std::ssize(column.doubles);
  if (!has_null) {
    column.validity.clear();
  }
  return column;
}

// Scores of rows become those of examples: the mean over the outputs of each, in their order.
Column PerExample(const std::string& metric, const ScoreColumn& scores, const LinedUpRows& rows,
                  std::size_t num_examples) {
  std::vector<double> sums(num_examples, 0);
  std::vector<std::int32_t> counts(num_examples, 0);
  for (std::size_t i = 0; i < rows.examples.size(); ++i) {
    // A NaN would spread into every sum; it is no score.
    if (scores.is_defined[i] != 0 && !std::isnan(scores.values[i])) {
      const auto example = static_cast<std::size_t>(rows.examples[i]);
      sums[example] += scores.values[i];
      ++counts[example];
    }
  }
  return ToColumn(metric, sums, counts);
}

std::vector<MetricDescriptor> RowMetricsOf(const Evaluator& evaluator) {
  return RowMetrics(evaluator.metrics());
}

absl::Status EvaluateBlock(const Evaluator& evaluator, const RowBlock& block,
                           std::vector<ScoreColumn>& scratch, BlockScores& result) {
  const std::vector<MetricDescriptor> metrics = RowMetricsOf(evaluator);
  const LinedUpRows& rows = block.Rows(evaluator.ScoresMissingOutputs());
  scratch.resize(metrics.size());
  if (rows.num_rows() == 0) {
    for (ScoreColumn& scores : scratch) {
      scores.values.clear();
      scores.is_defined.clear();
    }
  } else {
    const EvaluationBatch batch = rows.Batch();
    const absl::Status scored = evaluator.Score(batch, scratch);
    if (!scored.ok()) {
      return absl::FailedPreconditionError(
          absl::StrFormat("evaluator '%s': %s", evaluator.spec(), scored.message()));
    }
    result.facts.Add(evaluator.Counts(batch));
  }
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    if (scratch[i].values.size() != rows.examples.size() ||
        scratch[i].is_defined.size() != rows.examples.size()) {
      return absl::FailedPreconditionError(
          absl::StrFormat("evaluator '%s': metric '%s' has %d scores for %d rows", evaluator.spec(),
                          metrics[i].id, scratch[i].values.size(), rows.examples.size()));
    }
    result.metrics.push_back(PerExample(metrics[i].id, scratch[i], rows, block.status.size()));
  }
  return absl::OkStatus();
}

Column StatusColumn(const std::vector<RowStatus>& status) {
  Column column;
  column.name = kStatusColumn;
  column.type = ColumnType::kInt64;
  column.num_rows = std::ssize(status);
  column.int64s.reserve(status.size());
  for (const RowStatus value : status) {
    column.int64s.push_back(static_cast<std::int64_t>(value));
  }
  return column;
}

// Scores the chunks of one shard, group by group.
class ShardRunner {
 public:
  ShardRunner(store::Store& store, const PreparedRun& prepared, const JobControl& control,
              trace::Tracer& tracer, const trace::SpanContext& parent)
      : prepared_(prepared),
        control_(control),
        tracer_(tracer),
        parent_(parent),
        evaluators_(RowEvaluators(prepared)),
        source_(prepared.Source(store, evaluators_)) {}

  absl::StatusOr<ShardScores> Run(std::int64_t first_chunk, std::int64_t end_chunk) {
    ShardScores shard;
    for (const store::ColumnRecord& record : ScoreColumns(prepared_.run.metrics)) {
      shard.columns.push_back({.column = record, .first_chunk = first_chunk, .chunks = {}});
    }
    store::ColumnChunks facts = std::move(shard.columns.back());
    shard.columns.pop_back();
    for (std::int64_t chunk = first_chunk; chunk < end_chunk;) {
      std::vector<RowBlock> group;
      ASSAY_RETURN_IF_ERROR(LoadGroup(chunk, end_chunk, group));
      chunk += std::ssize(group);
      std::vector<BlockScores> scores(group.size());
      ASSAY_RETURN_IF_ERROR(EvaluateGroup(group, scores));
      for (const BlockScores& block : scores) {
        AppendBlock(block, facts.column, shard);
      }
    }
    return shard;
  }

 private:
  static std::vector<const Evaluator*> RowEvaluators(const PreparedRun& prepared) {
    std::vector<const Evaluator*> evaluators;
    for (const auto& evaluator : prepared.evaluators) {
      if (!RowMetricsOf(*evaluator).empty()) {
        evaluators.push_back(evaluator.get());
      }
    }
    return evaluators;
  }

  trace::Span StartSpan(std::string_view name) {
    trace::Span span = tracer_.StartSpan(name, parent_);
    span.SetResource(prepared_.resource());
    return span;
  }

  absl::Status LoadGroup(std::int64_t chunk, std::int64_t end_chunk, std::vector<RowBlock>& group) {
    trace::Span span = StartSpan("run.load");
    std::int64_t num_bytes = 0;
    std::int64_t num_rows = 0;
    for (; chunk < end_chunk && (group.empty() || num_bytes < kGroupBytes); ++chunk) {
      ASSAY_RETURN_IF_ERROR(control_.Check());
      ASSAY_ASSIGN_OR_RETURN(RowBlock block, source_.Read(chunk));
      num_bytes += block.num_bytes;
      num_rows += std::ssize(block.status);
      group.push_back(std::move(block));
    }
    span.SetAttribute("rows", num_rows);
    span.SetAttribute("bytes", num_bytes);
    return absl::OkStatus();
  }

  absl::Status EvaluateGroup(const std::vector<RowBlock>& group, std::vector<BlockScores>& scores) {
    for (std::size_t i = 0; i < group.size(); ++i) {
      scores[i].first_row = group[i].first_row;
      scores[i].status = group[i].status;
    }
    for (const Evaluator* const evaluator : evaluators_) {
      trace::Span span = StartSpan(absl::StrFormat("run.evaluator %s", NameOf(evaluator->spec())));
      std::int64_t num_rows = 0;
      for (std::size_t i = 0; i < group.size(); ++i) {
        ASSAY_RETURN_IF_ERROR(control_.Check());
        num_rows += group[i].Rows(evaluator->ScoresMissingOutputs()).num_rows();
        if (absl::Status status = EvaluateBlock(*evaluator, group[i], scratch_, scores[i]);
            !status.ok()) {
          span.SetStatus(status);
          return status;
        }
      }
      span.SetAttribute("rows", num_rows);
      span.SetAttribute("evaluator", evaluator->spec());
    }
    return absl::OkStatus();
  }

  static void AppendBlock(const BlockScores& block, const store::ColumnRecord& facts_column,
                          ShardScores& shard) {
    const std::int64_t num_rows = std::ssize(block.status);
    std::size_t next = 0;
    for (const Column& metric : block.metrics) {
      shard.columns[next++].chunks.push_back(store::EncodeChunk(metric, 0, num_rows));
    }
    shard.columns[next].chunks.push_back(
        store::EncodeChunk(StatusColumn(block.status), 0, num_rows));
    if (!block.facts.empty()) {
      shard.columns.push_back(
          {.column = facts_column,
           .first_chunk = block.first_row / store::kChunkRows,
           .chunks = {store::EncodeChunk(block.facts.ToColumn(num_rows), 0, num_rows)}});
    }
    shard.num_rows += num_rows;
  }

  const PreparedRun& prepared_;
  const JobControl& control_;
  trace::Tracer& tracer_;
  const trace::SpanContext parent_;
  const std::vector<const Evaluator*> evaluators_;
  RowSource source_;
  std::vector<ScoreColumn> scratch_;  // used again by every block
};

}  // namespace

absl::StatusOr<ShardScores> ScoreShard(store::Store& store, const PreparedRun& prepared,
                                       std::int32_t shard, const JobControl& control,
                                       trace::Tracer& tracer, const trace::SpanContext& parent) {
  const std::int64_t first_chunk = std::int64_t{shard} * prepared.run.shard_chunks;
  const std::int64_t end_chunk =
      std::min(first_chunk + prepared.run.shard_chunks, prepared.inputs->num_chunks());
  ShardRunner runner(store, prepared, control, tracer, parent);
  return runner.Run(first_chunk, end_chunk);
}

}  // namespace assay::run
