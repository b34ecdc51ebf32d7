#pragma once

#include "assay/v1/run_service.pb.h"
#include "evaluators/evaluator.h"

namespace assay::cli {

// Adds `metric` with all its texts to a run that has no server: commands without one print their
// metrics as a run's.
void AddMetric(const MetricDescriptor& metric, v1::Run& run);

}  // namespace assay::cli
