#include "client/cli/layer_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace assay::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

v1::NamedSwap Swap(const std::string& name, double explained, const std::string& runner_up,
                   double runner_up_explained) {
  v1::NamedSwap swap;
  swap.set_name(name);
  swap.set_explained(explained);
  swap.set_runner_up(runner_up);
  swap.set_runner_up_explained(runner_up_explained);
  swap.set_num_tried(60);
  return swap;
}

TEST(SwapSentenceTest, AShareBelowOneNeverReadsAsAll) {
  EXPECT_THAT(SwapSentence(Swap("fc1: relu -> gelu", 1, "fc1: relu -> gelu_tanh", 0.999987)),
              HasSubstr("next best fc1: relu -> gelu_tanh, 99.999 % of it"));
  EXPECT_THAT(SwapSentence(Swap("fc1: relu -> gelu", 1, "fc1: relu -> silu", 0.96)),
              HasSubstr("fc1: relu -> silu, 96.0 % of it"));
}

TEST(SwapSentenceTest, TwoThatFitEquallyAreSaidTo) {
  EXPECT_THAT(SwapSentence(Swap("fc1: gelu -> relu", 1, "fc1: gelu -> relu6", 1)),
              HasSubstr("fc1: gelu -> relu6 predicts them as well"));
}

TEST(SwapSentenceTest, WhatExplainsNothingIsNotCalledNear) {
  EXPECT_EQ(SwapSentence(Swap("", 0, "", 0)),
            "none of 60 known swaps explains any of the difference");
  EXPECT_THAT(SwapSentence(Swap("", 0.965, "fc1: gelu -> prelu", 0.965)),
              HasSubstr("the nearest, fc1: gelu -> prelu, explains 96.5 % of it"));
}

// One activation layer of 128 units.
class HealthNotesTest : public testing::Test {
 protected:
  HealthNotesTest() {
    report_.set_num_rows(597);
    layer_.set_name("fc1.act");
    layer_.mutable_baseline_health()->set_num_units(128);
    layer_.mutable_candidate_health()->set_num_units(128);
  }

  v1::LayerReport report_;
  v1::LayerComparison& layer_ = *report_.add_layers();
};

TEST_F(HealthNotesTest, RevivedUnitsCarryTheBoundOnWhatTheyWere) {
  layer_.set_revived_units(18);
  EXPECT_THAT(HealthNotes(report_), AllOf(HasSubstr("18 units that were 0 on all 597 rows"),
                                          HasSubstr("less than 0.5 % of rows")));
}

TEST_F(HealthNotesTest, FewRowsBoundNoRateAboveAll) {
  report_.set_num_rows(2);
  layer_.mutable_candidate_health()->set_dead_units(3);
  layer_.set_died_units(1);
  EXPECT_THAT(HealthNotes(report_),
              AllOf(HasSubstr("3 of 128 units are 0 on all 2 rows, 1 of them since the change"),
                    HasSubstr("less than 78 % of rows")));
}

TEST_F(HealthNotesTest, SaturationIsComparedOnlyWhereBothFunctionsHaveFlatParts) {
  layer_.mutable_candidate_health()->set_saturated_share(0.01);
  EXPECT_THAT(HealthNotes(report_), AllOf(HasSubstr("1.0 % of results are saturated; the function "
                                                    "before has no flat part"),
                                          Not(HasSubstr("0.0 %"))));
  layer_.mutable_baseline_health()->set_saturated_share(0.25);
  EXPECT_THAT(HealthNotes(report_), HasSubstr("1.0 % of results are saturated, 25.0 % before"));
  layer_.mutable_candidate_health()->clear_saturated_share();
  EXPECT_THAT(HealthNotes(report_), HasSubstr("25.0 % of results were saturated"));
}

}  // namespace
}  // namespace assay::cli
