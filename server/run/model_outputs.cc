#include "server/run/model_outputs.h"

#include <algorithm>
#include <cmath>
#include <future>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "evaluators/kernels/softmax.h"
#include "evaluators/model/forward.h"
#include "server/base/status_macros.h"
#include "server/run/document_index.h"
#include "server/run/run_inputs.h"
#include "server/run/stored_model.h"

namespace assay::run {
namespace {

constexpr std::int64_t kMaxBatchBytes = 8 << 20;
// Layers are spans of their own in the first blocks of rows; a million rows need no million spans.
constexpr int kTracedBlocks = 4;

// Makes a span of each layer of a block.
class TracedCapture : public LayerCapture {
 public:
  TracedCapture(const Program& program, trace::Tracer* tracer, trace::SpanContext parent)
      : LayerCapture(program.steps.size(), std::vector<int>{program.logits, program.embedding}),
        program_(program),
        tracer_(tracer),
        parent_(parent) {}

  void OnStart(std::size_t step) override {
    if (tracer_ != nullptr) {
      span_ = tracer_->StartSpan(absl::StrFormat("forward.%s", program_.steps[step].name), parent_);
    }
  }
  void OnComputed(std::size_t /*step*/, std::int64_t /*first_row*/,
                  std::int64_t num_rows) override {
    if (tracer_ != nullptr) {
      span_.SetAttribute("rows", num_rows);
      span_.End();
    }
  }

 private:
  const Program& program_;
  trace::Tracer* const tracer_;
  const trace::SpanContext parent_;
  trace::Span span_;
};

Column VectorColumn(std::string_view name, std::int64_t dimension) {
  Column column;
  column.name = std::string(name);
  column.type = ColumnType::kFloat64Vector;
  column.dimension = static_cast<std::int32_t>(dimension);
  return column;
}

Column TextColumn(std::string_view name) {
  Column column;
  column.name = std::string(name);
  column.type = ColumnType::kText;
  column.text_offsets = {0};
  return column;
}

// Why a row cannot run; empty when it can.
std::string RowProblem(const Column& features, std::int64_t row) {
  if (!features.IsValid(row)) {
    return "no features";
  }
  for (std::int64_t i = 0; i < features.dimension; ++i) {
    const float value = features.floats[static_cast<std::size_t>(row * features.dimension + i)];
    if (!std::isfinite(value)) {
      return absl::StrFormat("feature %d is %g", i, value);
    }
  }
  return "";
}

// Collects answers as columns of an upload.
class OutputColumns {
 public:
  // `index` is nullptr when there is nothing to search.
  OutputColumns(const Program& program, const Architecture& architecture,
                const DocumentIndex* index)
      : program_(program), architecture_(architecture), index_(index) {
    Reset();
  }

  std::int64_t BytesPerRow() const {
    std::int64_t values = 16;
    if (program_.logits != kInput) {
      values += 2 * StepOf(program_.logits).out;
    }
    if (program_.embedding != kInput) {
      values += StepOf(program_.embedding).out;
    }
    if (index_ != nullptr) {
      values += 4 * DocumentIndex::kDepth;
    }
    return values * 8;
  }

  std::int64_t num_rows() const { return key_.num_rows; }

  // `problem` is empty for a row that ran; `answer` is its position in `capture`.
  absl::Status Add(std::string_view key, const std::string& problem, const LayerCapture& capture,
                   std::int64_t answer) {
    const bool has_answer = problem.empty();
    AddText(key_, key, true);
    AddText(error_, problem, !has_answer);
    if (program_.logits != kInput) {
      ASSAY_RETURN_IF_ERROR(AddLogits(has_answer, capture, answer));
    }
    if (program_.embedding != kInput) {
      const std::span<const double> embedding = Row(capture, program_.embedding, answer);
      AddVector(embedding_, has_answer, embedding);
      if (index_ != nullptr) {
        index_->Rank(has_answer ? embedding : std::span<const double>(), ranking_, codes_);
      }
    }
    return absl::OkStatus();
  }

  std::vector<Column> Take() {
    std::vector<Column> columns;
    columns.push_back(std::move(key_));
    columns.push_back(std::move(error_));
    if (program_.logits != kInput) {
      columns.push_back(std::move(logits_));
      columns.push_back(std::move(probabilities_));
      columns.push_back(std::move(label_));
    }
    if (program_.embedding != kInput) {
      columns.push_back(std::move(embedding_));
    }
    if (index_ != nullptr) {
      columns.push_back(std::move(ranking_));
    }
    Reset();
    return columns;
  }

 private:
  const Step& StepOf(int step) const { return program_.steps[static_cast<std::size_t>(step)]; }

  void Reset() {
    key_ = TextColumn("key");
    error_ = TextColumn("error");
    label_ = TextColumn("label");
    if (program_.logits != kInput) {
      logits_ = VectorColumn("logits", StepOf(program_.logits).out);
      probabilities_ = VectorColumn("probabilities", StepOf(program_.logits).out);
    }
    if (program_.embedding != kInput) {
      embedding_ = VectorColumn("embedding", StepOf(program_.embedding).out);
    }
    ranking_ = Column();
    ranking_.name = "ranking";
    ranking_.type = ColumnType::kRanking;
    ranking_.is_coded = true;
    codes_.clear();
  }

  static void AddText(Column& column, std::string_view text, bool is_valid) {
    AppendText(column, is_valid ? text : "");
    ++column.num_rows;
    AppendValidity(column, is_valid);
  }

  static void AddVector(Column& column, bool is_valid, std::span<const double> values) {
    if (is_valid) {
      column.doubles.insert(column.doubles.end(), values.begin(), values.end());
    } else {
      column.doubles.resize(column.doubles.size() + static_cast<std::size_t>(column.dimension));
    }
    ++column.num_rows;
    AppendValidity(column, is_valid);
  }

  // Nothing when no row of the block ran.
  std::span<const double> Row(const LayerCapture& capture, int step, std::int64_t answer) const {
    const std::vector<double>& layer = capture.layer(static_cast<std::size_t>(step));
    const auto width = static_cast<std::size_t>(StepOf(step).out);
    const auto begin = static_cast<std::size_t>(answer) * width;
    return begin + width <= layer.size() ? std::span(layer).subspan(begin, width)
                                         : std::span<const double>();
  }

  absl::Status AddLogits(bool has_answer, const LayerCapture& capture, std::int64_t answer) {
    const std::span<const double> logits = Row(capture, program_.logits, answer);
    AddVector(logits_, has_answer, logits);
    std::vector<double> probabilities(logits.size());
    std::string label;
    if (has_answer) {
      ASSAY_RETURN_IF_ERROR(Softmax(logits, architecture_.temperature, probabilities));
      const std::size_t best =
          static_cast<std::size_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
      label =
          architecture_.labels.empty() ? absl::StrFormat("%d", best) : architecture_.labels[best];
    }
    AddVector(probabilities_, has_answer, probabilities);
    AddText(label_, label, has_answer);
    return absl::OkStatus();
  }

  const Program& program_;
  const Architecture& architecture_;
  const DocumentIndex* const index_;
  Column key_;
  Column error_;
  Column logits_;
  Column probabilities_;
  Column label_;
  Column embedding_;
  Column ranking_;
  absl::flat_hash_map<std::int32_t, std::int32_t> codes_;  // of ranking_, by document
};

// An upload that goes away unless it is committed.
class OpenUpload {
 public:
  OpenUpload(ingest::Ingestor& ingestor, store::Id project, store::Id id)
      : ingestor_(ingestor), project_(project), id_(id) {}
  ~OpenUpload() {
    if (!is_committed_) {
      ingestor_.Abort(project_, id_).IgnoreError();
    }
  }
  OpenUpload(const OpenUpload&) = delete;
  OpenUpload& operator=(const OpenUpload&) = delete;

  absl::Status Append(std::vector<Column> columns, std::int64_t num_rows) {
    std::promise<absl::Status> done;
    ingestor_.Append(project_, id_, num_batches_, store::Table::kRows, std::move(columns), num_rows,
                     [&done](const absl::StatusOr<std::int64_t>& appended) {
                       done.set_value(appended.status());
                     });
    ++num_batches_;
    return done.get_future().get();
  }

  absl::StatusOr<store::Id> Commit() {
    ASSAY_ASSIGN_OR_RETURN(const store::UploadRecord record,
                           ingestor_.Commit(project_, id_, num_batches_));
    is_committed_ = true;
    return record.result_id;
  }

 private:
  ingest::Ingestor& ingestor_;
  const store::Id project_;
  const store::Id id_;
  std::int64_t num_batches_ = 0;
  bool is_committed_ = false;
};

// Runs the rows of a block that can run and adds all of them to `outputs`.
absl::Status RunBlock(const Forward& forward, const Column& keys, const Column& features,
                      const ParallelFor& parallel_for, TracedCapture& capture,
                      std::vector<std::string>& problems) {
  std::vector<float> runnable;
  for (std::int64_t row = 0; row < keys.num_rows; ++row) {
    problems.push_back(RowProblem(features, row));
    if (problems.back().empty()) {
      const auto begin = features.floats.begin() + row * features.dimension;
      runnable.insert(runnable.end(), begin, begin + features.dimension);
    }
  }
  return forward.Run(runnable, capture, parallel_for);
}

}  // namespace

absl::StatusOr<store::ColumnRecord> FindFeatures(store::Store& store, store::Id project,
                                                 const store::DatasetVersionRecord& dataset,
                                                 std::int64_t num_features, store::Table table) {
  ASSAY_ASSIGN_OR_RETURN(const std::vector<store::ColumnRecord> columns,
                         store.columns().ListColumns(project, dataset.id));
  for (const store::ColumnRecord& column : columns) {
    if (column.table != table || column.name != "features") {
      continue;
    }
    if (column.dimension != num_features) {
      return absl::FailedPreconditionError(
          absl::StrFormat("%s@%d: from row 0 on, 'features' has %d values; the model takes %d",
                          dataset.dataset_name, dataset.number, column.dimension, num_features));
    }
    return column;
  }
  return absl::FailedPreconditionError(absl::StrFormat(
      "%s@%d has no column 'features' to run the model on", dataset.dataset_name, dataset.number));
}

absl::StatusOr<store::Id> ProduceOutputs(const OutputProduction& production, store::Id project,
                                         const store::DatasetVersionRecord& dataset,
                                         const store::ModelVersionRecord& version) {
  store::Store& store = production.store;
  trace::Span span = production.tracer.StartSpan(kOutputsSpan, production.parent);
  span.SetAttribute("rows", dataset.num_rows);
  trace::Span load = production.tracer.StartSpan("model.load", span.context());
  ASSAY_ASSIGN_OR_RETURN(const StoredModel stored, LoadStoredModel(store, project, version));
  ASSAY_ASSIGN_OR_RETURN(const Forward forward, Forward::Make(stored.model, stored.numerics));
  ASSAY_ASSIGN_OR_RETURN(
      const store::ColumnRecord features_column,
      FindFeatures(store, project, dataset, forward.num_features(), store::Table::kRows));
  ASSAY_ASSIGN_OR_RETURN(const std::vector<store::ColumnRecord> columns,
                         ListRowColumns(store, project, dataset.id));
  const store::ColumnRecord* const key_column = FindColumn(columns, "key");
  if (key_column == nullptr) {
    return absl::InternalError("a dataset version without keys");
  }
  ASSAY_ASSIGN_OR_RETURN(const std::optional<DocumentIndex> index,
                         DocumentIndex::Build(store, project, dataset, forward));
  load.End();

  store::UploadRecord target;
  target.kind = store::UploadKind::kOutputSet;
  target.dataset_version_id = dataset.id;
  target.model_version_id = version.id;
  ASSAY_ASSIGN_OR_RETURN(const store::UploadRecord begun,
                         production.ingestor.Begin(project, target, ""));
  OpenUpload upload(production.ingestor, project, begun.id);
  OutputColumns outputs(forward.program(), stored.model.architecture(), index ? &*index : nullptr);
  const std::int64_t rows_per_batch =
      std::clamp<std::int64_t>(kMaxBatchBytes / outputs.BytesPerRow(), 1, store::kChunkRows);

  const auto append = [&](std::int64_t num_rows) {
    trace::Span persist = production.tracer.StartSpan("model.persist", span.context());
    persist.SetAttribute("rows", num_rows);
    return upload.Append(outputs.Take(), num_rows);
  };
  const std::int64_t num_chunks = (dataset.num_rows + store::kChunkRows - 1) / store::kChunkRows;
  for (std::int64_t chunk = 0; chunk < num_chunks; ++chunk) {
    ASSAY_RETURN_IF_ERROR(production.check_alive());
    ASSAY_ASSIGN_OR_RETURN(const Column keys,
                           store.columns().ReadChunk(project, dataset.id, *key_column, chunk));
    ASSAY_ASSIGN_OR_RETURN(const Column features,
                           store.columns().ReadChunk(project, dataset.id, features_column, chunk));
    trace::Span forward_span = production.tracer.StartSpan("model.forward", span.context());
    TracedCapture capture(forward.program(), chunk < kTracedBlocks ? &production.tracer : nullptr,
                          forward_span.context());
    std::vector<std::string> problems;
    ASSAY_RETURN_IF_ERROR(
        RunBlock(forward, keys, features, production.parallel_for, capture, problems));
    forward_span.SetAttribute("rows", keys.num_rows);
    forward_span.End();
    std::int64_t answer = 0;
    for (std::int64_t row = 0; row < keys.num_rows; ++row) {
      const std::string& problem = problems[static_cast<std::size_t>(row)];
      ASSAY_RETURN_IF_ERROR(outputs.Add(keys.Text(row), problem, capture, answer));
      answer += problem.empty() ? 1 : 0;
      if (outputs.num_rows() == rows_per_batch) {
        ASSAY_RETURN_IF_ERROR(append(rows_per_batch));
      }
    }
  }
  if (const std::int64_t rest = outputs.num_rows(); rest > 0) {
    ASSAY_RETURN_IF_ERROR(append(rest));
  }
  trace::Span persist = production.tracer.StartSpan("model.persist", span.context());
  return upload.Commit();
}

}  // namespace assay::run
