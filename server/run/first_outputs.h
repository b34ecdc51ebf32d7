#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/columns.h"
#include "server/run/fairness.h"
#include "server/run/job_control.h"
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

}  // namespace assay::run
