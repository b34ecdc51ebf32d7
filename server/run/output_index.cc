#include "server/run/output_index.h"

#include <algorithm>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"

namespace assay::run {

absl::Status ReadExampleRows(store::Store& store, const RunInputs& inputs,
                             const std::function<void(std::int64_t example)>& take) {
  const store::ColumnRecord* const column = FindColumn(inputs.output_columns, kExampleRowColumn);
  if (column == nullptr) {
    return absl::DataLossError(
        absl::StrFormat("output set %d: column '$example_row' is missing", inputs.outputs.id));
  }
  const std::int64_t num_outputs = inputs.outputs.num_rows;
  for (std::int64_t chunk = 0; chunk * store::kChunkRows < num_outputs; ++chunk) {
    ASSAY_ASSIGN_OR_RETURN(
        const Column rows,
        store.columns().ReadChunk(inputs.project, inputs.outputs.id, *column, chunk));
    for (const std::int64_t example : rows.int64s) {
      if (example < 0 || example >= inputs.dataset.num_rows) {
        return absl::DataLossError(
            absl::StrFormat("output set %d: '$example_row' holds %d", inputs.outputs.id, example));
      }
      take(example);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<OutputIndex> OutputIndex::Load(store::Store& store, const RunInputs& inputs) {
  if (inputs.outputs.num_rows > std::numeric_limits<std::int32_t>::max()) {
    return absl::FailedPreconditionError(
        absl::StrFormat("output set %d: more than 2^31 - 1 outputs", inputs.outputs.id));
  }
  OutputIndex index;
  // A counting sort: begin_[e + 1] counts, then sums, then moves on as rows are placed.
  std::vector<std::int32_t>& begin = index.begin_;
  begin.assign(static_cast<std::size_t>(inputs.dataset.num_rows) + 2, 0);
  ASSAY_RETURN_IF_ERROR(ReadExampleRows(store, inputs, [&](std::int64_t example) {
    const std::int32_t count = ++begin[static_cast<std::size_t>(example) + 2];
    index.max_outputs_ = std::max<std::int64_t>(index.max_outputs_, count);
  }));
  for (std::size_t i = 1; i < begin.size(); ++i) {
    begin[i] += begin[i - 1];
  }
  index.rows_.resize(static_cast<std::size_t>(inputs.outputs.num_rows));
  std::int32_t output = 0;
  ASSAY_RETURN_IF_ERROR(ReadExampleRows(store, inputs, [&](std::int64_t example) {
    std::int32_t& place = begin[static_cast<std::size_t>(example) + 1];
    index.rows_[static_cast<std::size_t>(place++)] = output++;
  }));
  begin.pop_back();
  return index;
}

}  // namespace assay::run
