#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "evaluators/model/diagnosis.h"
#include "evaluators/model/model_comparison.h"
#include "server/run/layer_timer.h"

namespace assay::v1 {
class Diagnosis;
class LayerReport;
}  // namespace assay::v1

namespace assay::api {

// What comparing and diagnosing models found, as messages. Each adds to `to`. `positions`: where
// the rows that ran lie in their dataset version.
void AddComparison(const ModelComparison& from, std::span<const std::int64_t> positions,
                   const run::LayerTimer& baseline, const run::LayerTimer& candidate,
                   v1::LayerReport& to);
void AddFindings(const std::vector<Finding>& from, v1::Diagnosis& to);

}  // namespace assay::api
