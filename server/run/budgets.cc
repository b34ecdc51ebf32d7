#include "server/run/budgets.h"

#include "absl/strings/str_format.h"

namespace assay::run {
namespace {

BudgetResult JudgeCoverage(double least, const store::ComparisonResult& result) {
  BudgetResult budget{.name = "coverage",
                      .limit = least,
                      .value = result.coverage,
                      .verdict = Verdict::kRefused,
                      .reason = "the baseline has no scored example"};
  if (result.coverage.has_value()) {
    const bool is_enough = *result.coverage >= least;
    budget.verdict = is_enough ? Verdict::kPass : Verdict::kRefused;
    budget.reason = absl::StrFormat(
        "%.4g %% of the baseline's scored examples found their pair, %s %.4g %%",
        100 * *result.coverage, is_enough ? "at least" : "fewer than the needed", 100 * least);
  }
  return budget;
}

BudgetResult JudgeErrors(double most, const store::ComparisonResult& result) {
  BudgetResult budget{.name = "error_rate",
                      .limit = most,
                      .value = result.candidate_error_rate,
                      .verdict = Verdict::kRefused,
                      .reason = "the candidate answered no example"};
  if (result.candidate_error_rate.has_value()) {
    const bool is_within = *result.candidate_error_rate <= most;
    budget.verdict = is_within ? Verdict::kPass : Verdict::kRegressed;
    budget.reason = absl::StrFormat("%.4g %% of the candidate's examples are in error, %s %.4g %%",
                                    100 * *result.candidate_error_rate,
                                    is_within ? "within" : "more than the allowed", 100 * most);
  }
  return budget;
}

}  // namespace

std::vector<BudgetResult> JudgeBudgets(const Policy& policy,
                                       const store::ComparisonResult& result) {
  std::vector<BudgetResult> budgets;
  if (policy.min_coverage.has_value()) {
    budgets.push_back(JudgeCoverage(*policy.min_coverage, result));
  }
  if (policy.max_error_rate.has_value()) {
    budgets.push_back(JudgeErrors(*policy.max_error_rate, result));
  }
  return budgets;
}

}  // namespace assay::run
