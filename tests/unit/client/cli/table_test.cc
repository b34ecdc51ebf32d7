#include "client/cli/table.h"

#include <gtest/gtest.h>

namespace assay::cli {
namespace {

const Palette kPlain(false);

Table Sizes() {
  Table table({{"NAME", Align::kLeft, true}, {"ROWS", Align::kRight}});
  table.AddRow({"digits", "597"});
  table.AddRow({"日本語", "12"});
  return table;
}

TEST(TableTextTest, AlignsByWidthOnScreen) {
  EXPECT_EQ(Sizes().Text(80, kPlain),
            "NAME    ROWS\n"
            "digits   597\n"
            "日本語    12\n");
}

TEST(TableTextTest, ShowsTitlesWithoutRows) {
  EXPECT_EQ(Table({{"NAME"}, {"ROWS"}}).Text(80, kPlain), "NAME  ROWS\n");
}

TEST(TableTextTest, CutsOnlyColumnsThatMayShrink) {
  Table table({{"NAME", Align::kLeft, true}, {"DIGEST"}});
  table.AddRow({"a name that is rather long", "sha256:1f3a5c"});
  EXPECT_EQ(table.Text(30, kPlain),
            "NAME             DIGEST\n"
            "a name that is…  sha256:1f3a5c\n");
}

TEST(TableTextTest, SentencesGoOnInTheNextLine) {
  Table table({{"CHECK"}, {"EVIDENCE", Align::kLeft, false, true}, {"ROWS", Align::kRight}});
  table.AddRow({Cell("dead", Ink::kRed), "18 of 128 units are 0 on every row", "597"});
  table.AddRow({"fine", "none", "3"});
  EXPECT_EQ(table.Text(30, kPlain),
            "CHECK  EVIDENCE           ROWS\n"
            "dead   18 of 128 units     597\n"
            "       are 0 on every\n"
            "       row\n"
            "fine   none                  3\n");
}

TEST(TableTextTest, CutsInsideWhereTheEndTellsTextsApart) {
  Table table(
      {{.title = "METRIC", .may_shrink = true, .keeps_end = true}, {"VALUE", Align::kRight}});
  table.AddRow({"span:assay.v1.RunService/CreateRun.p50", "1"});
  table.AddRow({"span:assay.v1.RunService/CreateRun.p95", "2"});
  const std::string text = table.Text(27, kPlain);
  EXPECT_NE(text.find(".p50"), std::string::npos) << text;
  EXPECT_NE(text.find(".p95"), std::string::npos) << text;
