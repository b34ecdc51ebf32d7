#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/columns.h"
#include "server/run/fairness.h"
#include "server/run/job_control.h"
#include "server/run/pairing.h"
#include "server/run/run_inputs.h"
#include "server/store/store.h"

namespace assay::run {

// Values of `column`, one of the output columns of `inputs`, at the first output that is no error
// of each of the examples `rows`, in any order; a null row where there is none. CANCELLED when
// `control` asks to stop.
absl::StatusOr<Column> ReadFirstOutputs(store::Store& store, const ComparedRun& compared,
                                        const RunInputs& inputs, const store::ColumnRecord& column,
                                        const std::vector<std::int64_t>& rows,
                                        const JobControl& control);

// The sides of a comparison; `is_paired` goes by the candidate's rows.
struct OutputSides {
  const ComparedRun& baseline;
  const ComparedRun& candidate;
  const Pairing& pairing;
  std::span<const std::uint8_t> is_paired;
};

// Which column to read, the same question for both sides: nullptr for none. Refers to the inputs.
using ColumnChoice = std::function<const store::ColumnRecord*(const RunInputs&)>;
// At most how many rows to read of the columns chosen.
using SampleLimit = std::function<std::int64_t(const store::ColumnRecord& baseline,
                                               const store::ColumnRecord& candidate)>;

// First outputs of both sides, row by row.
struct PairedOutputs {
  std::vector<std::int64_t> rows;  // the candidate's, ascending
  Column baseline;
  Column candidate;
};
// Of a sample of the paired rows, as SampleRows takes it; absent when a side has no such column.
absl::StatusOr<std::optional<PairedOutputs>> ReadPairedOutputs(
    store::Store& store, store::Id project, const OutputSides& sides, const ColumnChoice& choose,
    const SampleLimit& limit, const JobControl& control);

// The rows of `is_paired`, ascending, or `limit` of them at even distances.
std::vector<std::int64_t> SampleRows(std::span<const std::uint8_t> is_paired, std::int64_t limit);

}  // namespace assay::run
