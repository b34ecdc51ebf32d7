#include "server/run/first_outputs.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "server/base/status_macros.h"
#include "server/run/output_index.h"
#include "server/run/row_source.h"

namespace assay::run {
namespace {

// nullptr when the outputs are aligned to the examples.
absl::StatusOr<std::shared_ptr<const OutputIndex>> LoadIndex(store::Store& store,
                                                             const RunInputs& inputs) {
  if (inputs.outputs.is_aligned) {
    return std::shared_ptr<const OutputIndex>();
  }
  ASSAY_ASSIGN_OR_RETURN(OutputIndex index, OutputIndex::Load(store, inputs));
  return std::make_shared<const OutputIndex>(std::move(index));
}

}  // namespace

absl::StatusOr<Column> ReadFirstOutputs(store::Store& store, const ComparedRun& compared,
                                        const RunInputs& inputs, const store::ColumnRecord& column,
                                        const std::vector<std::int64_t>& rows,
                                        const JobControl& control) {
  ASSAY_ASSIGN_OR_RETURN(const auto index, LoadIndex(store, inputs));
  ASSAY_ASSIGN_OR_RETURN(const RowFilter filter, ParseRowFilter(compared.run.row_filter));
  RowSource source(store, std::make_shared<const RunInputs>(inputs), index, filter,
                   {.example_columns = {}, .output_columns = {column.name}});
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return rows[i]; });
  Column found;
  found.name = column.name;
  found.type = column.type;
  found.dimension = column.dimension;
  std::vector<std::int64_t> place(rows.size(), -1);  // in `found`, by position in `rows`
  for (std::size_t next = 0; next < order.size();) {
    const std::int64_t chunk = rows[order[next]] / store::kChunkRows;
    ASSAY_RETURN_IF_ERROR(control.Check());
    ASSAY_ASSIGN_OR_RETURN(const RowBlock block, source.Read(chunk));
    const std::vector<std::int64_t>& examples = block.scored.examples;
    std::vector<std::int64_t> taken;
    std::size_t output = 0;
    for (; next < order.size() && rows[order[next]] / store::kChunkRows == chunk; ++next) {
      const std::int64_t example = rows[order[next]] - block.first_row;
      while (output < examples.size() && examples[output] < example) {
        ++output;
      }
      if (output < examples.size() && examples[output] == example) {
        place[order[next]] = found.num_rows + std::ssize(taken);
        taken.push_back(static_cast<std::int64_t>(output));
      }
    }
    if (!taken.empty()) {
      Append(found, Gather(*block.scored.Batch().output(column.name), taken));
    }
  }
  std::vector<std::int64_t> in_order(static_cast<std::size_t>(found.num_rows));
  std::iota(in_order.begin(), in_order.end(), std::int64_t{0});
  return place == in_order ? std::move(found) : Gather(found, place);
}

absl::StatusOr<std::optional<PairedOutputs>> ReadPairedOutputs(
    store::Store& store, store::Id project, const OutputSides& sides, const ColumnChoice& choose,
    const SampleLimit& limit, const JobControl& control) {
  ASSAY_ASSIGN_OR_RETURN(const RunInputs baseline,
                         OpenRunInputs(store, project, sides.baseline.outputs.id));
  ASSAY_ASSIGN_OR_RETURN(const RunInputs candidate,
                         OpenRunInputs(store, project, sides.candidate.outputs.id));
  const store::ColumnRecord* const before = choose(baseline);
  const store::ColumnRecord* const after = choose(candidate);
  if (before == nullptr || after == nullptr) {
    return std::nullopt;
  }
  PairedOutputs outputs;
  outputs.rows = SampleRows(sides.is_paired, limit(*before, *after));
  std::vector<std::int64_t> baseline_rows;
  baseline_rows.reserve(outputs.rows.size());
  for (const std::int64_t row : outputs.rows) {
    baseline_rows.push_back(sides.pairing.BaselineRow(row));
  }
  ASSAY_ASSIGN_OR_RETURN(outputs.baseline, ReadFirstOutputs(store, sides.baseline, baseline,
                                                            *before, baseline_rows, control));
  ASSAY_ASSIGN_OR_RETURN(outputs.candidate, ReadFirstOutputs(store, sides.candidate, candidate,
                                                             *after, outputs.rows, control));
  return outputs;
}

std::vector<std::int64_t> SampleRows(std::span<const std::uint8_t> is_paired, std::int64_t limit) {
  std::vector<std::int64_t> paired;
  for (std::size_t row = 0; row < is_paired.size(); ++row) {
    if (is_paired[row] != 0) {
      paired.push_back(static_cast<std::int64_t>(row));
    }
  }
  const std::int64_t num_paired = std::ssize(paired);
  if (num_paired <= limit) {
    return paired;
  }
  std::vector<std::int64_t> chosen;
  chosen.reserve(static_cast<std::size_t>(limit));
  for (std::int64_t i = 0; i < limit; ++i) {
    chosen.push_back(paired[static_cast<std::size_t>(i * num_paired / limit)]);
  }
  return chosen;
}

}  // namespace assay::run
