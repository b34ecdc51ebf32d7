#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/run/compared_rows.h"
#include "server/store/records.h"

namespace assay::run {

// Counts pairs, unpaired examples and errors into `result`, with coverage and error rates. Returns
// which of the candidate's rows pair, 1 for those scored on both sides. Call once all metrics were
// loaded: they mark rows as scored.
std::vector<std::uint8_t> CountPairs(const ComparedRows& rows, store::ComparisonResult& result);

// Counts the rows that were right and wrong before and after into `result`, by the scores of a
// metric of right and wrong. An example is right when most of its outputs are; a tie on either side
// is no flip and counts nowhere. Returns one bit an example, as FlipsRecord.
std::string CountFlips(const MetricScores& scores, store::ComparisonResult& result);

}  // namespace assay::run
