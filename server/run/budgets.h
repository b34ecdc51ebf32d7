#pragma once

#include <vector>

#include "evaluators/compare/comparison.h"
#include "server/store/records.h"

namespace assay::run {

// Judges the limits of a policy on the data of a comparison, whose counts are filled in.
std::vector<BudgetResult> JudgeBudgets(const Policy& policy, const store::ComparisonResult& result);

}  // namespace assay::run
