#include "server/run/budgets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay::run {
namespace {

using ::testing::IsEmpty;

BudgetResult Only(const Policy& policy, const store::ComparisonResult& result) {
  const std::vector<BudgetResult> budgets = JudgeBudgets(policy, result);
  EXPECT_EQ(budgets.size(), 1U);
  return budgets.at(0);
}

TEST(BudgetsTest, AreNotJudgedUnlessAskedFor) { EXPECT_THAT(JudgeBudgets({}, {}), IsEmpty()); }

TEST(BudgetsTest, TooLittleCoverageRefuses) {
  store::ComparisonResult result;
  result.coverage = 0.1;
  const BudgetResult budget = Only({.min_coverage = 0.99}, result);
  EXPECT_EQ(budget.verdict, Verdict::kRefused);
  EXPECT_EQ(budget.reason,
            "10 % of the baseline's scored examples found their pair, fewer than the needed 99 %");
}

TEST(BudgetsTest, CoverageAtTheLimitPasses) {
  store::ComparisonResult result;
  result.coverage = 0.99;
  EXPECT_EQ(Only({.min_coverage = 0.99}, result).verdict, Verdict::kPass);
}

TEST(BudgetsTest, CoverageOfNothingRefuses) {
  EXPECT_EQ(Only({.min_coverage = 0.0}, {}).verdict, Verdict::kRefused);
}

TEST(BudgetsTest, TooManyErrorsAreARegression) {
  store::ComparisonResult result;
  result.baseline_error_rate = 0.5;
  result.candidate_error_rate = 0.02;
  const BudgetResult budget = Only({.max_error_rate = 0.01}, result);
  EXPECT_EQ(budget.verdict, Verdict::kRegressed);
  EXPECT_EQ(budget.reason,
            "2 % of the candidate's examples are in error, more than the allowed 1 %");
}

TEST(BudgetsTest, ErrorsWithinTheLimitPass) {
  store::ComparisonResult result;
  result.candidate_error_rate = 0.0;
  EXPECT_EQ(Only({.max_error_rate = 0.0}, result).verdict, Verdict::kPass);
}

}  // namespace
}  // namespace assay::run
