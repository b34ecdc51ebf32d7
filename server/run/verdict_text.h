#pragma once

#include <string>

#include "server/store/records.h"

namespace assay::run {

// The outcome of a comparison in one sentence, for instance "Regressed: accuracy fell by 0.0251 on
// 597 paired examples; at most 0.01 is allowed." Reads everything else of `result`.
std::string VerdictSentence(const store::ComparisonResult& result);

}  // namespace assay::run
