#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "evaluators/kernels/isa_choice.h"
#include "tests/unit/evaluators/kernels/levels.h"

namespace assay {
namespace {

using ::testing::HasSubstr;
using ::testing::Optional;
using ::testing::StartsWith;

TEST(IsaTest, EveryNameIsReadBack) {
  for (const Isa isa : {Isa::kBaseline, Isa::kV3, Isa::kV4}) {
    EXPECT_THAT(ParseIsa(IsaName(isa)), Optional(isa));
  }
  EXPECT_EQ(ParseIsa("avx2"), std::nullopt);
  EXPECT_EQ(ParseIsa(""), std::nullopt);
}

TEST(IsaTest, TheBestLevelIsUsedUntilALowerOneIsChosen) {
  const LevelScope restore;
  EXPECT_EQ(ActiveIsa(), BestIsa());
  ASSERT_TRUE(SelectIsa(Isa::kBaseline));
  EXPECT_EQ(ActiveIsa(), Isa::kBaseline);
  EXPECT_FALSE(HasVnni());
  EXPECT_EQ(ActiveIsaText(), "baseline");
}

TEST(IsaTest, ALevelTheMachineLacksIsRefused) {
  const LevelScope restore;
  for (const Isa isa : {Isa::kV3, Isa::kV4}) {
    const Isa before = ActiveIsa();
    EXPECT_EQ(SelectIsa(isa), isa <= BestIsa());
    EXPECT_EQ(ActiveIsa(), isa <= BestIsa() ? isa : before);
    EXPECT_THAT(ActiveIsaText(), StartsWith(IsaName(ActiveIsa())));
  }
}

TEST(ChooseIsaTest, TakesWhatTheMachineCanRun) {
  EXPECT_EQ(*ChooseIsa("baseline", Isa::kBaseline), Isa::kBaseline);
  EXPECT_EQ(*ChooseIsa("x86-64-v3", Isa::kV4), Isa::kV3);
  EXPECT_EQ(*ChooseIsa("x86-64-v4", Isa::kV4), Isa::kV4);
}

TEST(ChooseIsaTest, NamesWhatTheMachineLacks) {
  const absl::Status status = ChooseIsa("x86-64-v4", Isa::kV3).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_EQ(status.message(), "this machine cannot run x86-64-v4; its best is x86-64-v3");
}

TEST(ChooseIsaTest, ListsTheNamesWhenThereIsNoneLikeThat) {
  EXPECT_THAT(std::string(ChooseIsa("avx2", Isa::kV4).status().message()),
              HasSubstr("'avx2'; there are baseline, x86-64-v3 and x86-64-v4"));
}

}  // namespace
}  // namespace assay
