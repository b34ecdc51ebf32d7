#include "evaluators/kernels/activation_registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "evaluators/kernels/activation_difference.h"

namespace assay {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(ActivationRegistryTest, InfosAreInTheOrderOfKinds) {
  for (int kind = 0; kind < kNumActivationKinds; ++kind) {
    EXPECT_EQ(static_cast<int>(Activations()[static_cast<std::size_t>(kind)].kind), kind);
  }
}

TEST(ActivationRegistryTest, NamesReadBackToTheSameFunction) {
  for (const ActivationInfo& info : Activations()) {
    const Activation activation = {info.kind, info.parameter.empty() ? 0 : 0.1};
    const auto parsed = ParseActivation(ActivationName(activation));
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(*parsed, activation);
  }
}

TEST(ActivationRegistryTest, FrameworkNamesMeanWhatTheFrameworkComputes) {
  EXPECT_EQ(ParseActivation("ggml/GELU")->kind, ActivationKind::kGeluTanh);
  EXPECT_EQ(ParseActivation("hf/gelu")->kind, ActivationKind::kGelu);
  EXPECT_EQ(ParseActivation("tensorflow/leaky_relu")->parameter, 0.2);
}

TEST(ActivationRegistryTest, AnAliasWithOneMeaningNeedsNoFramework) {
  EXPECT_EQ(ParseActivation("gelu_new")->kind, ActivationKind::kGeluTanh);
  EXPECT_EQ(ParseActivation("SiLU")->kind, ActivationKind::kSilu);
}

TEST(ActivationRegistryTest, ANameWithTwoMeaningsIsRefusedWithBoth) {
  EXPECT_THAT(std::string(ParseActivation("GELU").status().message()),
              AllOf(HasSubstr("torch/GELU is gelu"), HasSubstr("ggml/GELU is gelu_tanh"),
                    HasSubstr("name the exact one")));
}

TEST(ActivationRegistryTest, EveryMeaningOfAnAliasIsKnown) {
  for (const ActivationAlias& alias : ActivationAliases()) {
    const bool is_activation = !alias.meaning.empty() && !FindGatedUnit(alias.meaning) &&
                               FindVectorFunction(alias.meaning) == nullptr;
    if (is_activation) {
      EXPECT_TRUE(ParseActivation(alias.meaning).ok()) << alias.name;
    }
  }
}

TEST(ActivationRegistryTest, AGatedUnitIsNoFunctionOfOneInput) {
  for (const char* name : {"swiglu", "ggml/SWIGLU"}) {
    EXPECT_THAT(std::string(ParseActivation(name).status().message()),
                AllOf(HasSubstr(name), HasSubstr("two inputs, silu(gate) up")));
  }
}

TEST(ActivationRegistryTest, SoftmaxIsKnownAndNoFunctionOfOneInput) {
  ASSERT_NE(FindVectorFunction("softmax"), nullptr);
  EXPECT_EQ(FindVectorFunction("softmax")->parameter, "temperature");
  EXPECT_EQ(FindVectorFunction("gelu"), nullptr);
  for (const char* name : {"softmax", "torch/Softmax", "Softmax"}) {
    EXPECT_THAT(std::string(ParseActivation(name).status().message()), HasSubstr("a whole vector"));
  }
}

TEST(ActivationRegistryTest, AnUnknownNameGetsNearOnes) {
  EXPECT_THAT(std::string(ParseActivation("gelu_than").status().message()),
              HasSubstr("near it: gelu_tanh"));
}

TEST(ActivationRegistryTest, BrokenParametersAreRefused) {
  for (const char* text :
       {"elu(", "elu()", "elu(x)", "elu(1", "elu(inf)", "gelu(1)", "elu(1)x", "", "(", "elu(1))"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseActivation(text).status())) << text;
  }
}

// Published distances: shared reference measurements in double on [-12, 12] and N(0, 1).
TEST(ActivationDifferenceTest, GeluAndItsTanhFormDifferMostNear2Point7) {
  const ActivationDifference difference =
      CompareActivations({ActivationKind::kGelu}, {ActivationKind::kGeluTanh});
  EXPECT_NEAR(difference.max_abs, 4.73e-4, 5e-7);
  EXPECT_NEAR(difference.max_abs_at, 2.70, 0.01);
  EXPECT_NEAR(difference.sqnr_db, 74.1, 0.1);
}

TEST(ActivationDifferenceTest, QuickGeluIsFortyDecibelsFromGelu) {
  const ActivationDifference difference =
      CompareActivations({ActivationKind::kGelu}, {ActivationKind::kQuickGelu});
  EXPECT_NEAR(difference.max_abs, 2.03e-2, 5e-5);
  EXPECT_NEAR(difference.sqnr_db, 39.5, 0.1);
}

TEST(ActivationDifferenceTest, EqualFunctionsAreInfinitelyClose) {
  EXPECT_EQ(CompareActivations({ActivationKind::kSilu}, {ActivationKind::kSwish, 1}).max_abs, 0);
}

}  // namespace
}  // namespace assay
