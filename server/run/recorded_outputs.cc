#include "server/run/recorded_outputs.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/run/model_outputs.h"
#include "server/run/output_index.h"
#include "server/run/row_source.h"

namespace assay::run {
namespace {

constexpr std::string_view kFeatures = "features";

absl::Status CheckColumn(const RunInputs& inputs, const std::string& name, std::int64_t width) {
  const store::ColumnRecord* const column = FindColumn(inputs.output_columns, name);
  const bool is_vector = column != nullptr && (column->type == ColumnType::kFloat32Vector ||
                                               column->type == ColumnType::kFloat64Vector);
  if (!is_vector) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "outputs %d have no vectors '%s' to hold against the model", inputs.outputs.id, name));
  }
  if (column->dimension != width) {
    return absl::FailedPreconditionError(
        absl::StrFormat("outputs %d: '%s' has %d values; the model gives %d", inputs.outputs.id,
                        name, column->dimension, width));
  }
  return absl::OkStatus();
}

std::span<const float> FeaturesOf(const Column& features, std::int64_t row) {
  const auto width = static_cast<std::size_t>(features.dimension);
  return std::span(features.floats).subspan(static_cast<std::size_t>(row) * width, width);
}

void AppendVector(const Column& column, std::int64_t row, std::vector<double>& values) {
  for (std::int64_t i = row * column.dimension; i < (row + 1) * column.dimension; ++i) {
    const auto at = static_cast<std::size_t>(i);
    values.push_back(column.type == ColumnType::kFloat64Vector
                         ? column.doubles[at]
                         : static_cast<double>(column.floats[at]));
  }
}

bool IsFinite(std::span<const float> values) {
  return std::ranges::all_of(values, [](float value) { return std::isfinite(value); });
}

// Adds the rows of a block until there are `max_rows`; returns how many of its examples it saw.
std::int64_t AppendRows(const RowBlock& block, const std::string& answer, std::int64_t max_rows,
                        RecordedOutputs& recorded) {
  const EvaluationBatch batch = block.scored.Batch();
  const Column* const features = batch.example(kFeatures);
  const Column* const answers = batch.output(answer);
  std::int64_t taken = -1;
  for (std::int64_t row = 0; row < batch.num_rows; ++row) {
    const std::int64_t example = block.scored.examples[static_cast<std::size_t>(row)];
    if (example == taken || !features->IsValid(row) || !answers->IsValid(row) ||
        !IsFinite(FeaturesOf(*features, row))) {
      continue;
    }
    if (recorded.num_rows == max_rows) {
      return example;
    }
    taken = example;
    const std::span<const float> values = FeaturesOf(*features, row);
    recorded.features.insert(recorded.features.end(), values.begin(), values.end());
    AppendVector(*answers, row, recorded.values);
    ++recorded.num_rows;
  }
  return std::ssize(block.status);
}

}  // namespace

absl::StatusOr<RecordedOutputs> ReadRecordedOutputs(store::Store& store, const RunInputs& inputs,
                                                    const Architecture& architecture,
                                                    std::int64_t max_rows) {
  const bool has_logits = !architecture.logits.empty();
  const std::string answer = has_logits ? "logits" : "embedding";
  const std::int64_t width =
      architecture.Find(has_logits ? architecture.logits : architecture.embedding)->out;
  ASSAY_RETURN_IF_ERROR(FindFeatures(store, inputs.project, inputs.dataset,
                                     architecture.num_features, store::Table::kRows)
                            .status());
  ASSAY_RETURN_IF_ERROR(CheckColumn(inputs, answer, width));
  std::shared_ptr<const OutputIndex> index;
  if (!inputs.outputs.is_aligned) {
    ASSAY_ASSIGN_OR_RETURN(OutputIndex loaded, OutputIndex::Load(store, inputs));
    index = std::make_shared<const OutputIndex>(std::move(loaded));
  }
  RowSource source(store, std::make_shared<const RunInputs>(inputs), std::move(index), {},
                   {.example_columns = {std::string(kFeatures)}, .output_columns = {answer}});
  RecordedOutputs recorded;
  std::int64_t num_seen = 0;
  for (std::int64_t chunk = 0; chunk < inputs.num_chunks() && recorded.num_rows < max_rows;
       ++chunk) {
    ASSAY_ASSIGN_OR_RETURN(const RowBlock block, source.Read(chunk));
    num_seen += AppendRows(block, answer, max_rows, recorded);
  }
  recorded.num_skipped = num_seen - recorded.num_rows;
  return recorded;
}

}  // namespace assay::run
