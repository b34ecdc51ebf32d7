#include "evaluators/kernels/isa.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/evaluators/kernels/levels.h"

namespace assay {
namespace {

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

}  // namespace
}  // namespace assay
