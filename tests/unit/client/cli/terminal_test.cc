#include "client/cli/terminal.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace assay::cli {
namespace {

struct ColorCase {
  const char* name;
  ColorMode mode;
  bool is_terminal;
  std::map<std::string, std::string> environment;
  bool is_colored;
};

Environment Variables(const std::map<std::string, std::string>& variables) {
  return [variables](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

class ColorPolicyTest : public testing::TestWithParam<ColorCase> {};

TEST_P(ColorPolicyTest, Decides) {
  const ColorCase& color = GetParam();
  EXPECT_EQ(UsesColor(color.mode, color.is_terminal, Variables(color.environment)),
            color.is_colored);
}

INSTANTIATE_TEST_SUITE_P(
    All, ColorPolicyTest,
    testing::Values(
        ColorCase{"Terminal", ColorMode::kAuto, true, {}, true},
        ColorCase{"Pipe", ColorMode::kAuto, false, {}, false},
        ColorCase{"NoColor", ColorMode::kAuto, true, {{"NO_COLOR", "1"}}, false},
        ColorCase{"EmptyNoColor", ColorMode::kAuto, true, {{"NO_COLOR", ""}}, true},
        ColorCase{"Forced", ColorMode::kAuto, false, {{"CLICOLOR_FORCE", "1"}}, true},
        ColorCase{"ForcedZero", ColorMode::kAuto, false, {{"CLICOLOR_FORCE", "0"}}, false},
        ColorCase{"NoColorBeatsForce",
                  ColorMode::kAuto,
                  true,
                  {{"NO_COLOR", "1"}, {"CLICOLOR_FORCE", "1"}},
                  false},
        ColorCase{"Dumb", ColorMode::kAuto, true, {{"TERM", "dumb"}}, false},
        ColorCase{"AlwaysBeatsNoColor", ColorMode::kAlways, false, {{"NO_COLOR", "1"}}, true},
        ColorCase{"NeverBeatsForce", ColorMode::kNever, true, {{"CLICOLOR_FORCE", "1"}}, false}),
    [](const testing::TestParamInfo<ColorCase>& color) { return color.param.name; });

TEST(ParseColorModeTest, RefusesOtherWords) {
  EXPECT_EQ(*ParseColorMode("never"), ColorMode::kNever);
  EXPECT_FALSE(ParseColorMode("red").ok());
}

TEST(UsesUnicodeTest, FollowsTheFirstLocaleVariableThatIsSet) {
  EXPECT_TRUE(UsesUnicode(Variables({{"LANG", "en_US.UTF-8"}})));
  EXPECT_TRUE(UsesUnicode(Variables({{"LANG", "C.utf8"}})));
  EXPECT_FALSE(UsesUnicode(Variables({{"LC_ALL", "C"}, {"LANG", "en_US.UTF-8"}})));
  EXPECT_FALSE(UsesUnicode(Variables({{"LANG", "de_DE.ISO-8859-1"}})));
}

TEST(UsesUnicodeTest, TrustsATerminalWithoutLocale) { EXPECT_TRUE(UsesUnicode(Variables({}))); }

TEST(PaletteTest, LeavesTextAloneWhenOff) { EXPECT_EQ(Palette(false)(Ink::kRed, "x"), "x"); }

TEST(PaletteTest, ResetsAfterTheText) {
  EXPECT_EQ(Palette(true)(Ink::kRed, "x"), "\x1b[31mx\x1b[0m");
}

}  // namespace
}  // namespace assay::cli
