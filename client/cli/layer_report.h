#pragma once

#include <string>
#include <string_view>

#include "assay/v1/reference_model_service.pb.h"
#include "client/cli/context.h"
#include "client/cli/table.h"

namespace assay::cli {

// Two versions layer by layer, as text for a terminal: layers, health of activations, the name of
// the swap, search with a rebuilt and with a stale index.
std::string LayerReportText(const Context& context, const v1::LayerReport& report);
// The layers alone.
Table LayerTable(const v1::LayerReport& report);
// `formula variant`, `quantisation-like`, ...
std::string_view TierText(v1::LayerComparison::Tier tier);
// The same, coloured.
Cell TierCell(v1::LayerComparison::Tier tier);
// The largest difference in multiples of the noise floor, `-` where there is no noise.
std::string NoiseText(const v1::LayerComparison& layer);
// What health tells beyond its numbers, one line each: units that died or came to life with the
// bound on how often they fire, saturation, values that are not finite.
std::string HealthNotes(const v1::LayerReport& report);
// What explains the difference, as one sentence.
std::string SwapSentence(const v1::NamedSwap& swap);
// Findings, most serious first.
Table DiagnosisTable(const v1::Diagnosis& diagnosis);

}  // namespace assay::cli
