#include "server/run/run_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace assay::run {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string Canonical(std::string_view text) {
  const auto filter = ParseRowFilter(text);
  return filter.ok() ? RowFilterText(*filter) : filter.status().ToString();
}

TEST(RowFilterTest, EmptyTextTakesEveryRow) {
  EXPECT_THAT(ParseRowFilter("").value().conditions, IsEmpty());
}

TEST(RowFilterTest, ConditionsAreSortedByColumn) {
  EXPECT_EQ(Canonical("cohort.split=test,cohort.lang=de"), "cohort.lang=de,cohort.split=test");
}

TEST(RowFilterTest, EqualConditionsBecomeOne) {
  EXPECT_EQ(Canonical("cohort.a=1,cohort.a=1"), "cohort.a=1");
}

TEST(RowFilterTest, ColumnEndsAtTheFirstEqualsSign) {
  EXPECT_THAT(ParseRowFilter("cohort.a=b=c").value().conditions,
              ElementsAre(RowCondition{"cohort.a", "b=c"}));
}

TEST(RowFilterTest, ValueMayBeEmpty) {
  EXPECT_THAT(ParseRowFilter("cohort.a=").value().conditions,
              ElementsAre(RowCondition{"cohort.a", ""}));
}

TEST(RowFilterTest, EscapedCommasAndBackslashesStandForThemselves) {
  const auto filter = ParseRowFilter("cohort.a=x\\,y\\\\,cohort.b=z");
  ASSERT_TRUE(filter.ok()) << filter.status();
  EXPECT_THAT(filter->conditions,
              ElementsAre(RowCondition{"cohort.a", "x,y\\"}, RowCondition{"cohort.b", "z"}));
}

TEST(RowFilterTest, CanonicalTextReadsBackAsTheSameFilter) {
  const RowFilter filter = {{{"cohort.a,b", "1\\,2"}, {"cohort.c", "="}}};
  EXPECT_EQ(ParseRowFilter(RowFilterText(filter)).value().conditions, filter.conditions);
}

TEST(RowFilterTest, ContradictionIsNamed) {
  const auto filter = ParseRowFilter("cohort.a=1,cohort.a=2");
  EXPECT_EQ(filter.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(filter.status().message()), HasSubstr("cohort.a=1"));
}

TEST(RowFilterTest, MalformedConditionsAreNamed) {
  for (const char* const text :
       {"cohort.a", "a=1", "cohort.=1", "cohort.a=1,", ",", "cohort.a=\\x", "cohort.a=1\\"}) {
    EXPECT_EQ(ParseRowFilter(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

class RunSpecDigestTest : public ::testing::Test {
 protected:
  static MetricDescriptor Metric(const char* id, const char* definition) {
    MetricDescriptor metric;
    metric.id = id;
    metric.definition_id = definition;
    return metric;
  }
  store::Digest Digest() const {
    return RunSpecDigest(dataset_, outputs_, filter_, evaluators_, metrics_);
  }

  store::Digest dataset_{1};
  store::Digest outputs_{2};
  std::string filter_ = "cohort.a=1";
  std::vector<std::string> evaluators_ = {"e:one", "f"};
  std::vector<MetricDescriptor> metrics_ = {Metric("one", "assay/one/1")};
};

TEST_F(RunSpecDigestTest, IsTheSameForTheSameSpecification) {
  const store::Digest digest = Digest();
  metrics_[0].formula = "in other words";
  EXPECT_EQ(Digest(), digest);
}

TEST_F(RunSpecDigestTest, DependsOnEverythingThatGoesIn) {
  const store::Digest digest = Digest();
  dataset_[31] = 1;
  EXPECT_NE(Digest(), digest);
  dataset_[31] = 0;
  outputs_[31] = 1;
  EXPECT_NE(Digest(), digest);
  outputs_[31] = 0;
  filter_ = "";
  EXPECT_NE(Digest(), digest);
  filter_ = "cohort.a=1";
  metrics_[0].definition_id = "assay/one/2";
  EXPECT_NE(Digest(), digest);
  metrics_[0].definition_id = "assay/one/1";
  ASSERT_EQ(Digest(), digest);
}

TEST_F(RunSpecDigestTest, NeighbouringTextsDoNotRunTogether) {
  evaluators_ = {"ab", "c"};
  const store::Digest digest = Digest();
  evaluators_ = {"a", "bc"};
  EXPECT_NE(Digest(), digest);
}

TEST(ComparisonSpecDigestTest, DependsOnRunsGatesAndOptions) {
  store::ComparisonRecord comparison;
  comparison.baseline_run_id = 1;
  comparison.candidate_run_id = 2;
  const store::Digest digest = ComparisonSpecDigest(comparison);
  store::ComparisonRecord swapped = comparison;
  std::swap(swapped.baseline_run_id, swapped.candidate_run_id);
  EXPECT_NE(ComparisonSpecDigest(swapped), digest);
  store::ComparisonRecord allowed = comparison;
  allowed.allow_confounded = true;
  EXPECT_NE(ComparisonSpecDigest(allowed), digest);
  store::ComparisonRecord gated = comparison;
  gated.policy.gates.push_back({.metric = "accuracy", .cohort = "", .limit = 0.01});
  const store::Digest with_gate = ComparisonSpecDigest(gated);
  EXPECT_NE(with_gate, digest);
  gated.policy.gates[0].limit = 0.02;
  EXPECT_NE(ComparisonSpecDigest(gated), with_gate);
  store::ComparisonRecord warm = comparison;
  warm.policy.warmup_rows = 0;
  EXPECT_NE(ComparisonSpecDigest(warm), digest);
  EXPECT_NE(ComparisonSpecDigest(comparison, {.traces_us = 1}), digest);
  EXPECT_NE(ComparisonSpecDigest(comparison, {.num_spans = 1}), digest);
  EXPECT_NE(ComparisonSpecDigest(comparison, {.baseline_machine = "m"}), digest);
  EXPECT_NE(ComparisonSpecDigest(comparison, {.baseline_machine = "m"}),
            ComparisonSpecDigest(comparison, {.candidate_machine = "m"}));
  store::ComparisonRecord named = comparison;
  named.request_id = "again";
  EXPECT_EQ(ComparisonSpecDigest(named), digest);
}

}  // namespace
}  // namespace assay::run
