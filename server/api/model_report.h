#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "evaluators/model/architecture.h"
#include "evaluators/model/diagnosis.h"
#include "evaluators/model/model_comparison.h"
#include "evaluators/model/numerics.h"
#include "server/run/layer_timer.h"
#include "server/store/records.h"

namespace assay::v1 {
class Diagnosis;
class LayerReport;
class ModelCost;
class ModelVersion;
}  // namespace assay::v1

namespace assay::api {

// What comparing and diagnosing models found, as messages. Each adds to `to`. `positions`: where
// the rows that ran lie in their dataset version.
void AddComparison(const ModelComparison& from, std::span<const std::int64_t> positions,
                   const run::LayerTimer& baseline, const run::LayerTimer& candidate,
                   v1::LayerReport& to);
// Nothing for external versions.
absl::Status AddStoredCost(const store::ModelVersionRecord& from, v1::ModelVersion& to);
void AddCost(const Architecture& architecture, const Numerics& numerics, v1::ModelCost& to);
void AddFindings(const std::vector<Finding>& from, v1::Diagnosis& to);

}  // namespace assay::api
