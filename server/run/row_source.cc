#include "server/run/row_source.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string_view>

#include "absl/status/status.h"
#include "server/base/status_macros.h"

namespace assay::run {
namespace {

constexpr std::string_view kErrorColumn = "error";

const Column* Find(const ColumnSet& columns, std::string_view name) {
  for (const auto& [column_name, column] : columns) {
    if (column_name == name) {
      return column.get();
    }
  }
  return nullptr;
}

template <typename T>
std::int64_t Bytes(const std::vector<T>& values) {
  return static_cast<std::int64_t>(values.size() * sizeof(T));
}

std::int64_t ColumnBytes(const ColumnSet& columns) {
  std::int64_t num_bytes = 0;
  for (const auto& [name, column] : columns) {
    num_bytes += assay::run::ColumnBytes(*column);
  }
  return num_bytes;
}

// `num_rows` null rows of a column's type.
Column NullRows(const store::ColumnRecord& record, std::int64_t num_rows) {
  const auto n = static_cast<std::size_t>(num_rows);
  const std::size_t width = record.dimension > 0 ? static_cast<std::size_t>(record.dimension) : 1;
  Column column;
  column.name = record.name;
  column.type = record.type;
  column.dimension = record.dimension;
  column.num_rows = num_rows;
  column.validity.assign((n + 7) / 8, 0);
  switch (record.type) {
    case ColumnType::kText:
    case ColumnType::kJson:
      column.text_offsets.assign(n + 1, 0);
      break;
    case ColumnType::kFloat64:
    case ColumnType::kFloat64Vector:
      column.doubles.assign(n * width, 0);
      break;
    case ColumnType::kInt64:
      column.int64s.assign(n, 0);
      break;
    case ColumnType::kFloat32Vector:
      column.floats.assign(n * width, 0);
      break;
    case ColumnType::kInt32List:
    case ColumnType::kTextList:
    case ColumnType::kRanking:
    case ColumnType::kRelevance:
      column.list_offsets.assign(n + 1, 0);
      column.text_offsets.assign(1, 0);
      column.is_coded =
          record.type == ColumnType::kRanking || record.type == ColumnType::kRelevance;
      break;
  }
  return column;
}

// True when `positions` is 0, 1, ... num_rows - 1.
bool IsWhole(std::span<const std::int64_t> positions, std::int64_t num_rows) {
  if (std::ssize(positions) != num_rows) {
    return false;
  }
  for (std::int64_t i = 0; i < num_rows; ++i) {
    if (positions[static_cast<std::size_t>(i)] != i) {
      return false;
    }
  }
  return true;
}

}  // namespace

EvaluationBatch LinedUpRows::Batch() const {
  EvaluationBatch batch;
  batch.num_rows = num_rows();
  batch.example = [this](std::string_view name) { return Find(example_columns, name); };
  batch.output = [this](std::string_view name) { return Find(output_columns, name); };
  return batch;
}

std::int64_t ColumnBytes(const Column& column) {
  return Bytes(column.validity) + Bytes(column.list_offsets) + Bytes(column.codes) +
         Bytes(column.text_offsets) + static_cast<std::int64_t>(column.text_bytes.size()) +
         Bytes(column.int32s) + Bytes(column.int64s) + Bytes(column.floats) + Bytes(column.doubles);
}

RowSource::RowSource(store::Store& store, std::shared_ptr<const RunInputs> inputs,
                     std::shared_ptr<const OutputIndex> index, RowFilter filter, Options options)
    : store_(store),
      inputs_(std::move(inputs)),
      index_(std::move(index)),
      filter_(std::move(filter)),
      options_(std::move(options)) {}

absl::StatusOr<RowBlock> RowSource::Read(std::int64_t chunk) {
  RowBlock block;
  block.first_row = chunk * store::kChunkRows;
  const std::int64_t num_rows =
      std::min(store::kChunkRows, inputs_->dataset.num_rows - block.first_row);
  block.status.assign(static_cast<std::size_t>(num_rows), RowStatus::kScored);
  ASSAY_RETURN_IF_ERROR(ApplyFilter(chunk, block));
  ASSAY_ASSIGN_OR_RETURN(LineUp line_up, FindOutputs(block));
  ASSAY_RETURN_IF_ERROR(DropErrors(block, line_up));

  const bool has_missing =
      std::ranges::find(block.status, RowStatus::kMissing) != block.status.end();
  if (options_.with_missing && has_missing) {
    LineUp with_missing;
    std::size_t next = 0;
    for (std::int64_t i = 0; i < num_rows; ++i) {
      if (block.status[static_cast<std::size_t>(i)] == RowStatus::kMissing) {
        with_missing.examples.push_back(i);
        with_missing.outputs.push_back(-1);
      }
      for (; next < line_up.examples.size() && line_up.examples[next] == i; ++next) {
        with_missing.examples.push_back(i);
        with_missing.outputs.push_back(line_up.outputs[next]);
      }
    }
    ASSAY_ASSIGN_OR_RETURN(block.with_missing, Load(chunk, block, std::move(with_missing)));
    block.num_bytes += ColumnBytes(block.with_missing->example_columns) +
                       ColumnBytes(block.with_missing->output_columns);
  }
  ASSAY_ASSIGN_OR_RETURN(block.scored, Load(chunk, block, std::move(line_up)));
  block.num_bytes +=
      ColumnBytes(block.scored.example_columns) + ColumnBytes(block.scored.output_columns);
  return block;
}

absl::StatusOr<RowSource::SharedColumn> RowSource::ReadExamples(const store::ColumnRecord& column,
                                                                std::int64_t chunk) const {
  ASSAY_ASSIGN_OR_RETURN(Column values, store_.columns().ReadChunk(
                                            inputs_->project, inputs_->dataset.id, column, chunk));
  ASSAY_RETURN_IF_ERROR(CheckChunk(values, column, chunk, inputs_->dataset.num_rows));
  return std::make_shared<const Column>(std::move(values));
}

absl::StatusOr<RowSource::SharedColumn> RowSource::ReadOutputs(const store::ColumnRecord& column,
                                                               std::int64_t chunk) {
  const std::pair key(column.number, chunk);
  if (const auto found = cached_.find(key); found != cached_.end()) {
    cache_.splice(cache_.begin(), cache_, found->second);
    return cache_.front().column;
  }
  ASSAY_ASSIGN_OR_RETURN(Column values, store_.columns().ReadChunk(
                                            inputs_->project, inputs_->outputs.id, column, chunk));
  ASSAY_RETURN_IF_ERROR(CheckChunk(values, column, chunk, inputs_->outputs.num_rows));
  auto shared = std::make_shared<const Column>(std::move(values));
  if (inputs_->outputs.is_aligned) {
    return shared;  // Every chunk is wanted once.
  }
  cache_.push_front({key, shared, assay::run::ColumnBytes(*shared)});
  cached_[key] = cache_.begin();
  cached_bytes_ += cache_.front().num_bytes;
  while (cached_bytes_ > options_.cache_bytes && cache_.size() > 1) {
    cached_bytes_ -= cache_.back().num_bytes;
    cached_.erase(cache_.back().key);
    cache_.pop_back();
  }
  return shared;
}

absl::StatusOr<RowSource::SharedColumn> RowSource::GatherOutputs(
    const store::ColumnRecord& column, std::span<const std::int64_t> rows) {
  // Chunk by chunk first, then into the order asked for: a handful of copies whatever the order.
  std::vector<std::size_t> by_row(rows.size());
  std::iota(by_row.begin(), by_row.end(), std::size_t{0});
  if (!std::ranges::is_sorted(rows)) {
    std::ranges::stable_sort(by_row, {}, [&](std::size_t i) { return rows[i]; });
  }
  std::vector<std::int64_t> place(rows.size(), -1);  // of each row among those gathered
  Column gathered;
  std::vector<std::int64_t> local;
  std::size_t i = 0;
  while (i < by_row.size() && rows[by_row[i]] < 0) {
    ++i;
  }
  while (i < by_row.size()) {
    const std::int64_t chunk = rows[by_row[i]] / store::kChunkRows;
    local.clear();
    for (; i < by_row.size() && rows[by_row[i]] / store::kChunkRows == chunk; ++i) {
      place[by_row[i]] = gathered.num_rows + std::ssize(local);
      local.push_back(rows[by_row[i]] % store::kChunkRows);
    }
    ASSAY_ASSIGN_OR_RETURN(const SharedColumn values, ReadOutputs(column, chunk));
    Column part = Gather(*values, local);
    if (gathered.num_rows == 0) {
      gathered = std::move(part);
    } else {
      Append(gathered, part);
    }
  }
  if (gathered.num_rows == 0) {
    return std::make_shared<const Column>(NullRows(column, std::ssize(rows)));
  }
  if (!IsWhole(place, gathered.num_rows)) {
    gathered = Gather(gathered, place);
  }
  return std::make_shared<const Column>(std::move(gathered));
}

absl::Status RowSource::ApplyFilter(std::int64_t chunk, RowBlock& block) const {
  for (const RowCondition& condition : filter_.conditions) {
    const store::ColumnRecord* const record =
        FindColumn(inputs_->example_columns, condition.column);
    if (record == nullptr) {
      return CheckRowFilter(filter_, *inputs_);
    }
    ASSAY_ASSIGN_OR_RETURN(const SharedColumn values, ReadExamples(*record, chunk));
    for (std::size_t i = 0; i < block.status.size(); ++i) {
      const auto row = static_cast<std::int64_t>(i);
      if (!values->IsValid(row) || values->Text(row) != condition.value) {
        block.status[i] = RowStatus::kFiltered;
      }
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<RowSource::LineUp> RowSource::FindOutputs(RowBlock& block) {
  LineUp line_up;
  line_up.examples.reserve(block.status.size());
  line_up.outputs.reserve(block.status.size());
  for (std::size_t i = 0; i < block.status.size(); ++i) {
    if (block.status[i] == RowStatus::kFiltered) {
      continue;
    }
    const auto position = static_cast<std::int64_t>(i);
    const std::int64_t example = block.first_row + position;
    if (inputs_->outputs.is_aligned) {
      line_up.examples.push_back(position);
      line_up.outputs.push_back(example);
      continue;
    }
    const std::span<const std::int32_t> outputs = index_->OutputsOf(example);
    if (outputs.empty()) {
      block.status[i] = RowStatus::kMissing;
    }
    for (const std::int32_t output : outputs) {
      line_up.examples.push_back(position);
      line_up.outputs.push_back(output);
    }
  }
  return line_up;
}

absl::Status RowSource::DropErrors(RowBlock& block, LineUp& line_up) {
  const store::ColumnRecord* const record = FindColumn(inputs_->output_columns, kErrorColumn);
  if (record == nullptr || !HasText(record->type) || line_up.outputs.empty()) {
    return absl::OkStatus();
  }
  ASSAY_ASSIGN_OR_RETURN(const SharedColumn errors, GatherOutputs(*record, line_up.outputs));
  LineUp kept;
  for (std::size_t i = 0; i < line_up.outputs.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    if (errors->IsValid(row) && !errors->Text(row).empty()) {
      continue;
    }
    kept.examples.push_back(line_up.examples[i]);
    kept.outputs.push_back(line_up.outputs[i]);
  }
  if (kept.outputs.size() == line_up.outputs.size()) {
    return absl::OkStatus();
  }
  for (const std::int64_t example : line_up.examples) {
    block.status[static_cast<std::size_t>(example)] = RowStatus::kError;
  }
  for (const std::int64_t example : kept.examples) {
    block.status[static_cast<std::size_t>(example)] = RowStatus::kScored;
  }
  line_up = std::move(kept);
  return absl::OkStatus();
}

absl::StatusOr<LinedUpRows> RowSource::Load(std::int64_t chunk, const RowBlock& block,
                                            LineUp line_up) {
  LinedUpRows rows;
  const auto num_rows = std::ssize(block.status);
  const bool all_examples = IsWhole(line_up.examples, num_rows);
  for (const std::string& name : options_.example_columns) {
    const store::ColumnRecord* const record = FindColumn(inputs_->example_columns, name);
    if (record == nullptr || line_up.examples.empty()) {
      continue;
    }
    ASSAY_ASSIGN_OR_RETURN(SharedColumn values, ReadExamples(*record, chunk));
    if (!all_examples) {
      values = std::make_shared<const Column>(Gather(*values, line_up.examples));
    }
    rows.example_columns.emplace_back(name, std::move(values));
  }
  for (const std::string& name : options_.output_columns) {
    const store::ColumnRecord* const record = FindColumn(inputs_->output_columns, name);
    if (record == nullptr || line_up.examples.empty()) {
      continue;
    }
    SharedColumn values;
    if (inputs_->outputs.is_aligned && all_examples) {
      ASSAY_ASSIGN_OR_RETURN(values, ReadOutputs(*record, chunk));
    } else {
      ASSAY_ASSIGN_OR_RETURN(values, GatherOutputs(*record, line_up.outputs));
    }
    rows.output_columns.emplace_back(name, std::move(values));
  }
  rows.examples = std::move(line_up.examples);
  return rows;
}

}  // namespace assay::run
