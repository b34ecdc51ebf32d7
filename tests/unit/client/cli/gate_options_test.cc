#include "client/cli/gate_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "assay/v1/comparison_service.pb.h"

namespace assay::cli {
namespace {

TEST(ParseMaxDropTest, ReadsMetricAndMargin) {
  const auto gate = ParseMaxDrop("accuracy=0.01");
  ASSERT_TRUE(gate.ok());
  EXPECT_EQ(gate->metric(), "accuracy");
  EXPECT_DOUBLE_EQ(gate->max_drop(), 0.01);
  EXPECT_EQ(gate->cohort(), "");
  EXPECT_EQ(gate->tier(), v1::Gate::CRITICAL);
}

TEST(ParseMaxDropTest, SplitsAtTheLastEqualsSign) {
  const auto gate = ParseMaxDrop("nDCG@10(rel=2)=0.05");
  ASSERT_TRUE(gate.ok());
  EXPECT_EQ(gate->metric(), "nDCG@10(rel=2)");
}

TEST(ParseMaxDropTest, TakesAMarginOfZero) { EXPECT_TRUE(ParseMaxDrop("accuracy=0").ok()); }

class BadMaxDropTest : public testing::TestWithParam<const char*> {};

TEST_P(BadMaxDropTest, IsRefused) {
  EXPECT_TRUE(absl::IsInvalidArgument(ParseMaxDrop(GetParam()).status()));
}

INSTANTIATE_TEST_SUITE_P(All, BadMaxDropTest,
                         testing::Values("", "accuracy", "=0.1", "accuracy=", "accuracy=-0.1",
                                         "accuracy=1%", "accuracy=nan", "accuracy=inf",
                                         "accuracy=0.1x"));

TEST(AddFlagGatesTest, RemembersTheFlagOfEachGate) {
  PolicyFile file;
  file.policy.add_gates()->set_metric("of_the_file");
  ASSERT_TRUE(AddFlagGates(std::vector<std::string>{"accuracy=0.01"},
                           std::vector<std::string>{"latency_us=5"}, file)
                  .ok());
  ASSERT_EQ(file.policy.gates_size(), 3);
  EXPECT_EQ(file.policy.gates(1).metric(), "accuracy");
  EXPECT_DOUBLE_EQ(file.policy.gates(2).max_increase(), 5);
  EXPECT_THAT(file.gate_flags,
              testing::ElementsAre("--max-drop accuracy=0.01", "--max-increase latency_us=5"));
}

}  // namespace
}  // namespace assay::cli
