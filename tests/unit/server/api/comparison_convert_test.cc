#include "server/api/comparison_convert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "assay/v1/comparison_service.pb.h"

namespace assay::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

v1::Policy WithGate() {
  v1::Policy policy;
  policy.add_gates()->set_metric("accuracy");
  policy.mutable_gates(0)->set_max_drop(0);
  return policy;
}

std::string Complaint(const v1::Policy& policy) {
  const absl::StatusOr<Policy> read = ReadPolicy(policy);
  EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(read.status().message());
}

TEST(ReadPolicyTest, TakesDefaults) {
  const absl::StatusOr<Policy> policy = ReadPolicy(WithGate());
  ASSERT_TRUE(policy.ok()) << policy.status();
  ASSERT_EQ(policy->gates.size(), 1U);
  EXPECT_EQ(policy->gates[0].tier, Tier::kCritical);
  EXPECT_EQ(policy->gates[0].kind, LimitKind::kMaxDrop);
  EXPECT_EQ(policy->gates[0].limit, 0);
  EXPECT_EQ(policy->alpha, 0.05);
  EXPECT_EQ(policy->correction, Correction::kHolm);
  EXPECT_EQ(policy->min_rows, 30);
  EXPECT_EQ(policy->min_coverage, 0.99);
}

TEST(ReadPolicyTest, WithoutGatesNoCoverageIsAskedFor) {
  const absl::StatusOr<Policy> policy = ReadPolicy({});
  ASSERT_TRUE(policy.ok()) << policy.status();
  EXPECT_EQ(policy->min_coverage, std::nullopt);
}

TEST(ReadPolicyTest, TakesEveryKey) {
  v1::Policy from = WithGate();
  from.set_alpha(0.1);
  from.set_correction(v1::CORRECTION_NONE);
  from.set_min_rows(5);
  from.set_min_coverage(0.9);
  from.set_max_error_rate(0);
  from.add_allow_changed("activation");
  from.add_allow_changed("config.rate");
  from.mutable_gates(0)->set_max_flips(0.02);
  from.mutable_gates(0)->set_alpha(0.01);
  from.mutable_gates(0)->set_min_rows(100);
  const absl::StatusOr<Policy> policy = ReadPolicy(from);
  ASSERT_TRUE(policy.ok()) << policy.status();
  EXPECT_EQ(policy->correction, Correction::kNone);
  EXPECT_EQ(policy->min_coverage, 0.9);
  EXPECT_EQ(policy->max_error_rate, 0.0);
  EXPECT_THAT(policy->allow_changed, ElementsAre("activation", "config.rate"));
  EXPECT_EQ(policy->gates[0].kind, LimitKind::kMaxFlips);
  EXPECT_EQ(policy->gates[0].limit, 0.02);
  EXPECT_EQ(policy->gates[0].alpha, 0.01);
  EXPECT_EQ(policy->gates[0].min_rows, 100);
}

TEST(ReadPolicyTest, NamesTheGateThatIsWrong) {
  for (const double margin : {-0.01, std::nan(""), std::numeric_limits<double>::infinity()}) {
    v1::Policy policy = WithGate();
    policy.add_gates()->set_metric("b");
    policy.mutable_gates(1)->set_max_drop(margin);
    EXPECT_THAT(Complaint(policy), StartsWith("gates[1].max_drop: "));
  }
}

TEST(ReadPolicyTest, RefusesAGateWithoutLimit) {
  v1::Policy policy = WithGate();
  policy.mutable_gates(0)->clear_limit();
  EXPECT_THAT(Complaint(policy), StartsWith("gates[0]: a limit is required"));
}

TEST(ReadPolicyTest, RefusesAnAlphaThatProvesNothing) {
  for (const double alpha : {-0.05, 0.5, 1.0, std::nan("")}) {
    v1::Policy policy;
    policy.set_alpha(alpha);
    EXPECT_THAT(Complaint(policy), StartsWith("alpha: "));
  }
}

TEST(ReadPolicyTest, RefusesSharesOutsideTheirRange) {
  v1::Policy coverage;
  coverage.set_min_coverage(1.1);
  EXPECT_THAT(Complaint(coverage), StartsWith("min_coverage: "));
  v1::Policy errors;
  errors.set_max_error_rate(-0.1);
  EXPECT_THAT(Complaint(errors), StartsWith("max_error_rate: "));
}

TEST(ReadPolicyTest, RefusesAClaimOverAnUnknownField) {
  v1::Policy policy;
  policy.add_allow_changed("activations");
  EXPECT_THAT(Complaint(policy), HasSubstr("'activations'; there are activation, weights"));
}

}  // namespace
}  // namespace assay::api
