#include "client/cli/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

namespace assay::cli {
namespace {

using testing::HasSubstr;

Environment Variables(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

class PrecedenceTest : public testing::TestWithParam<SettingRule> {};

TEST_P(PrecedenceTest, AFlagBeatsEverything) {
  const SettingRule& rule = GetParam();
  const SettingValues values = ResolveSettings(
      {{rule.id, "flag"}}, Variables({{rule.environment, "environment"}}), {{rule.id, "file"}});
  EXPECT_EQ(values.at(rule.id), "flag");
}

TEST_P(PrecedenceTest, TheEnvironmentBeatsTheFile) {
  const SettingRule& rule = GetParam();
  const SettingValues values =
      ResolveSettings({}, Variables({{rule.environment, "environment"}}), {{rule.id, "file"}});
  EXPECT_EQ(values.at(rule.id), "environment");
}

TEST_P(PrecedenceTest, TheFileBeatsTheDefault) {
  const SettingRule& rule = GetParam();
  const SettingValues values = ResolveSettings({}, Variables({}), {{rule.id, "file"}});
  EXPECT_EQ(values.at(rule.id), "file");
}

TEST_P(PrecedenceTest, TheDefaultIsLast) {
  const SettingRule& rule = GetParam();
  EXPECT_EQ(ResolveSettings({}, Variables({}), {}).at(rule.id), rule.fallback);
}

TEST_P(PrecedenceTest, AnEmptyVariableCountsAsNotSet) {
  const SettingRule& rule = GetParam();
  const SettingValues values =
      ResolveSettings({}, Variables({{rule.environment, ""}}), {{rule.id, "file"}});
  EXPECT_EQ(values.at(rule.id), "file");
}

INSTANTIATE_TEST_SUITE_P(EverySetting, PrecedenceTest, testing::ValuesIn(kSettingRules),
                         [](const testing::TestParamInfo<SettingRule>& rule) {
                           return std::string(rule.param.key);
                         });

TEST(ParseConfigTest, ReadsKnownKeys) {
  const auto values = ParseConfig("endpoint = 'host:1'\ncolor = 'never'\n", "/x/assay.toml");
  ASSERT_TRUE(values.ok()) << values.status();
  EXPECT_EQ(values->at(SettingId::kEndpoint), "host:1");
  EXPECT_EQ(values->at(SettingId::kColor), "never");
}

TEST(ParseConfigTest, StartsRelativePathsAtTheFolderOfTheFile) {
  const auto values = ParseConfig("data_dir = 'data'\nca_file = '/etc/ca.pem'\n", "/x/assay.toml");
  ASSERT_TRUE(values.ok()) << values.status();
  EXPECT_EQ(values->at(SettingId::kDataDir), "/x/data");
  EXPECT_EQ(values->at(SettingId::kCaFile), "/etc/ca.pem");
}

TEST(ParseConfigTest, NamesTheLineOfAnUnknownKey) {
  const auto values = ParseConfig("endpoint = 'a:1'\nendpiont = 'b:2'\n", "/x/assay.toml");
  EXPECT_EQ(values.status().message(), "/x/assay.toml:2: unknown key 'endpiont'");
}

TEST(ParseConfigTest, NamesTheLineOfAValueThatIsNoText) {
  const auto values = ParseConfig("\nproject = 7\n", "/x/assay.toml");
  EXPECT_EQ(values.status().message(), "/x/assay.toml:2: 'project' must be text");
}

TEST(ParseConfigTest, NamesTheLineOfWhatIsNoToml) {
  const auto values = ParseConfig("project = 'a'\nendpoint = \n", "/x/assay.toml");
  ASSERT_TRUE(absl::IsInvalidArgument(values.status()));
  EXPECT_THAT(std::string(values.status().message()), HasSubstr("/x/assay.toml:2: "));
}

}  // namespace
}  // namespace assay::cli
