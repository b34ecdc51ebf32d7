#include "server/run/fairness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay::run {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::SizeIs;

ComparedRun Side() {
  ComparedRun side;
  side.dataset.dataset_name = "digits";
  side.dataset.number = 3;
  side.dataset.digest = {7};
  side.run.row_filter = "cohort.split=test";
  side.run.evaluators = {"ground_truth_match:accuracy", "latency"};
  MetricDescriptor metric;
  metric.id = "accuracy";
  metric.definition_id = "assay/accuracy/1";
  side.run.metrics = {metric};
  return side;
}

TEST(FindConfoundsTest, EqualSidesAreClean) {
  EXPECT_THAT(FindConfounds(Side(), Side()), IsEmpty());
}

TEST(FindConfoundsTest, EqualContentUnderAnotherNameIsClean) {
  ComparedRun other = Side();
  other.dataset.dataset_name = "copy";
  other.dataset.number = 1;
  EXPECT_THAT(FindConfounds(Side(), other), IsEmpty());
}

TEST(FindConfoundsTest, BuildAndMachineAreNoConfound) {
  ComparedRun other = Side();
  other.run.build = "next";
  other.run.isa = "avx512";
  EXPECT_THAT(FindConfounds(Side(), other), IsEmpty());
}

TEST(FindConfoundsTest, EachDifferenceIsNamedWithBothValues) {
  ComparedRun other = Side();
  other.dataset.digest = {8};
  other.run.row_filter = "";
  other.run.evaluators = {"latency"};
  other.run.metrics[0].definition_id = "assay/accuracy/2";
  const std::vector<store::FieldDifference> confounds = FindConfounds(Side(), other);
  ASSERT_THAT(confounds, SizeIs(4));
  EXPECT_EQ(confounds[0].field, "dataset");
  EXPECT_EQ(confounds[1].field, "row_filter");
  EXPECT_EQ(confounds[1].baseline, "cohort.split=test");
  EXPECT_EQ(confounds[1].candidate, "");
  EXPECT_EQ(confounds[2].field, "evaluators");
  EXPECT_EQ(confounds[2].candidate, "latency");
  EXPECT_EQ(confounds[3].field, "definition of accuracy");
  EXPECT_EQ(confounds[3].candidate, "assay/accuracy/2");
}

TEST(FindModelDifferencesTest, DeclaredPartsAndConfigKeysAreCompared) {
  store::ModelVersionRecord baseline;
  baseline.activation = "relu";
  baseline.config = {{"rate", "1"}, {"seed", "7"}, {"warmup", "10"}};
  store::ModelVersionRecord candidate;
  candidate.activation = "silu";
  candidate.weights_digest = "sha256:ab";
  candidate.config = {{"rate", "2"}, {"seed", "7"}, {"epochs", "3"}};
  EXPECT_THAT(FindModelDifferences(baseline, candidate),
              ElementsAre(Field(&store::FieldDifference::field, "activation"),
                          Field(&store::FieldDifference::field, "weights"),
                          Field(&store::FieldDifference::field, "config.epochs"),
                          Field(&store::FieldDifference::field, "config.rate"),
                          Field(&store::FieldDifference::field, "config.warmup")));
}

}  // namespace
}  // namespace assay::run
