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
}

TEST(TableTextTest, MakesDataSafeForTheTerminal) {
  Table table({{"INPUT"}});
  table.AddRow({"a\x1b[2Jb\nc"});
  EXPECT_EQ(table.Text(80, kPlain), "INPUT\na?[2Jb c\n");
}

TEST(TableTextTest, ColoursOneCell) {
  Table table({{"A"}, {"B"}});
  table.AddRow({Cell("x", Ink::kRed), "y"});
  EXPECT_EQ(table.Text(80, Palette(true)), "\x1b[1mA  B\x1b[0m\n\x1b[31mx\x1b[0m  y\n");
}

TEST(TableTextTest, IndentsEveryLine) { EXPECT_EQ(Table({{"A"}}).Text(80, kPlain, 2), "  A\n"); }

TEST(TableCsvTest, QuotesAsRfc4180) {
  Table table({{"key"}, {"text"}});
  table.AddRow({"a,b", "say \"hi\"\nthere"});
  EXPECT_EQ(table.Csv(), "key,text\r\n\"a,b\",\"say \"\"hi\"\"\nthere\"\r\n");
}

TEST(TableCsvTest, DisarmsFormulasButNotNumbers) {
  Table table({{"v"}});
  for (const char* value : {"=1+1", "@x", "-x", "+y", "-1.5", "+2e3"}) {
    table.AddRow({value});
  }
  EXPECT_EQ(table.Csv(), "v\r\n'=1+1\r\n'@x\r\n'-x\r\n'+y\r\n-1.5\r\n+2e3\r\n");
}

TEST(TableMarkdownTest, EscapesItsMarks) {
  Table table({{"key"}, {"rows", Align::kRight}});
  table.AddRow({"a|b_c", "1"});
  EXPECT_EQ(table.Markdown(),
            "| key | rows |\n"
            "| --- | ---: |\n"
            "| a\\|b\\_c | 1 |\n");
}

}  // namespace
}  // namespace assay::cli
