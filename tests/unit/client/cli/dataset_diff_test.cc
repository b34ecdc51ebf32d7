#include "client/cli/dataset_diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client/formats/input_file.h"
#include "client/formats/row_reader.h"

namespace assay::cli {
namespace {

using ::testing::ElementsAre;

std::vector<Column> Rows(const std::string& jsonl) {
  const formats::InputFile file = *formats::InputFile::FromBytes("rows.jsonl", jsonl);
  formats::ReaderOptions options;
  options.format = formats::Format::kJsonl;
  const std::unique_ptr<formats::RowReader> reader = *formats::OpenRows(file, options);
  return (*reader->Next(1000))->columns;
}

DatasetDiff Diff(const std::vector<std::string>& before, const std::vector<std::string>& after,
                 const std::vector<std::string>& columns, std::size_t max_rows = 100) {
  DatasetDiffer differ(columns, max_rows);
  for (const std::string& batch : before) {
    EXPECT_TRUE(differ.AddBefore(Rows(batch)).ok());
  }
  for (const std::string& batch : after) {
    EXPECT_TRUE(differ.AddAfter(Rows(batch)).ok());
  }
  return differ.Finish();
}

std::vector<std::string> Texts(const DatasetDiff& diff) {
  std::vector<std::string> texts;
  for (const DatasetDiff::Row& row : diff.rows) {
    std::string& text = texts.emplace_back(std::string(KindText(row.kind)) + " " + row.key);
    for (const std::string& column : row.columns) {
      text += " " + column;
    }
  }
  return texts;
}

TEST(DatasetDiffTest, PairsRowsByKeyWhateverTheirOrderAndBatches) {
  const DatasetDiff diff = Diff({R"({"key":"a","label":"x"}
{"key":"b","label":"y"})",
                                 R"({"key":"c","label":"z"})"},
                                {R"({"key":"d","label":"x"}
{"key":"b","label":"y"}
{"key":"a","label":"X"})"},
                                {"label"});
  EXPECT_EQ(diff.num_equal, 1);
  EXPECT_EQ(diff.num_changed, 1);
  EXPECT_EQ(diff.num_added, 1);
  EXPECT_EQ(diff.num_removed, 1);
  EXPECT_THAT(diff.num_changed_by_column, ElementsAre(1));
  EXPECT_THAT(Texts(diff), ElementsAre("added d", "changed a label", "removed c"));
}

TEST(DatasetDiffTest, ComparesEveryTypeOfValue) {
  const std::vector<std::string> columns = {"features", "references", "relevance", "tokens"};
  const auto line = [](const char* features, const char* references, const char* relevance,
                       const char* tokens) {
    return std::string(R"({"key":"a","features":)") + features + R"(,"references":)" + references +
           R"(,"relevance":)" + relevance + R"(,"tokens":)" + tokens + "}";
  };
  constexpr char kFeatures[] = "[1,2]";
  constexpr char kReferences[] = R"(["p","q"])";
  constexpr char kRelevance[] = R"({"d1":1,"d2":2})";
  constexpr char kTokens[] = "[1,2]";
  const std::string before = line(kFeatures, kReferences, kRelevance, kTokens);
  const std::vector<std::pair<std::string, std::string>> changes = {
      {line("[1,3]", kReferences, kRelevance, kTokens), "features"},
      {line(kFeatures, R"(["pq"])", kRelevance, kTokens), "references"},
      {line(kFeatures, kReferences, R"({"d1":1,"d2":3})", kTokens), "relevance"},
      {line(kFeatures, kReferences, R"({"d1":1,"d3":2})", kTokens), "relevance"},
      {line(kFeatures, kReferences, kRelevance, "[1]"), "tokens"}};
  for (const auto& [after, column] : changes) {
    EXPECT_THAT(Texts(Diff({before}, {after}, columns)), ElementsAre("changed a " + column));
  }
  EXPECT_EQ(Diff({before}, {before}, columns).num_equal, 1);
}

TEST(DatasetDiffTest, NothingIsNotTheEmptyText) {
  const DatasetDiff diff = Diff({R"({"key":"a","label":""}
{"key":"b","label":"x"})"},
                                {R"({"key":"a"}
{"key":"b","label":"x"})"},
                                {"label"});
  EXPECT_THAT(Texts(diff), ElementsAre("changed a label"));
}

TEST(DatasetDiffTest, ListsSomeAndCountsAll) {
  const DatasetDiff diff = Diff({R"({"key":"a"})"}, {R"({"key":"b"}
{"key":"c"}
{"key":"d"})"},
                                {}, 2);
  EXPECT_EQ(diff.num_added, 3);
  EXPECT_EQ(diff.num_removed, 1);
  EXPECT_THAT(Texts(diff), ElementsAre("added b", "added c"));
}

TEST(DatasetDiffTest, SaysWhichColumnIsMissing) {
  DatasetDiffer differ({"label"}, 1);
  EXPECT_EQ(differ.AddBefore(Rows(R"({"key":"a"})")).message(),
            "the server left out column 'label'");
}

}  // namespace
}  // namespace assay::cli
