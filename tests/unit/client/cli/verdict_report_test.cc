#include "client/cli/verdict_report.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "client/cli/diff_report.h"
#include "client/cli/output.h"

namespace assay::cli {
namespace {

const std::string kFolder = ASSAY_TEST_DATA "/verdicts/";

std::string ReadFile(const std::string& name) {
  std::ifstream file(kFolder + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// The report of `NAME.txtpb`; gates that do not pass have the rows of `NAME.rows.txtpb`.
VerdictReport Load(const std::string& name) {
  VerdictReport report;
  EXPECT_TRUE(
      google::protobuf::TextFormat::ParseFromString(ReadFile(name + ".txtpb"), &report.comparison));
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(ReadFile(name + ".rows.txtpb"),
                                                            &report.worst_rows));
  report.site = "http://127.0.0.1:7318";
  report.policy_path = "policies/" + report.comparison.policy().source();
  int line = 4;
  for (const v1::GateResult& result : report.comparison.gates()) {
    report.gate_lines.push_back(line);
    line += 5;
    const bool has_rows =
        result.gate().metric() == "accuracy" && result.verdict() != v1::VERDICT_PASS;
    report.gate_rows.push_back(has_rows ? report.worst_rows : v1::ListComparisonRowsResponse());
  }
  return report;
}

// Compares `text` with the golden file; ASSAY_UPDATE_GOLDEN=1 writes the file instead.
void ExpectGolden(const std::string& name, const std::string& text) {
  if (std::getenv("ASSAY_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(kFolder + name, std::ios::binary) << text;
  }
  EXPECT_EQ(ReadFile(name), text) << name;
}

class GoldenTest : public testing::TestWithParam<const char*> {};

TEST_P(GoldenTest, EveryRendererWritesItsGoldenFile) {
  const std::string name = GetParam();
  const VerdictReport report = Load(name);
  const v1::Comparison& comparison = report.comparison;
  ExpectGolden(name + ".txt",
               DiffText(comparison, {.width = 100, .page = ComparisonAddress(report)}));
  ExpectGolden(name + ".json", JsonText(comparison));
  ExpectGolden(name + ".csv", VerdictTable(comparison).Csv());
  ExpectGolden(name + ".md", VerdictMarkdown(report));
  ExpectGolden(name + ".junit.xml", VerdictJunit(report));
  ExpectGolden(name + ".sarif", VerdictSarif(report));
}

INSTANTIATE_TEST_SUITE_P(Verdicts, GoldenTest, testing::Values("mixed", "refused", "hostile"));

TEST(VerdictReportTest, NamesCommandsWhereNoDashboardIsKnown) {
  VerdictReport report = Load("mixed");
  report.site.clear();
  EXPECT_EQ(TraceAddress(report, "5eed"), "assay trace show 5eed");
  EXPECT_EQ(ComparisonAddress(report), "assay comparison show 14");
  EXPECT_EQ(VerdictMarkdown(report).find("]("), std::string::npos);
}

TEST(VerdictMarkdownTest, StaysSmallWhateverTheDataAre) {
  VerdictReport report = Load("hostile");
  v1::Comparison& comparison = report.comparison;
  const std::string wide(3'000, '|');
  comparison.set_summary(wide);
  for (int i = 0; i < 2'000; ++i) {
    comparison.add_warnings(wide);
    *comparison.add_model_differences() = comparison.model_differences(0);
    *comparison.add_confounds() = comparison.confounds(0);
    comparison.add_metrics()->mutable_metric()->set_id(wide);
    comparison.mutable_metrics(0)->add_cohorts()->set_cohort(wide);
    *comparison.add_gates() = comparison.gates(0);
    comparison.mutable_gates(i)->set_reason(wide);
  }
  for (int i = 0; i < kMaxReportRows; ++i) {
    report.worst_rows.add_rows()->set_key(wide);
  }
  const std::string text = VerdictMarkdown(report);
  EXPECT_LE(text.size(), kMaxMarkdownBytes);
  EXPECT_NE(text.find("more lines are left out"), std::string::npos);
  EXPECT_TRUE(text.ends_with("<!-- assay:verdict digits -->\n"));
}

TEST(VerdictSarifTest, CapsTheResultsAndSaysSo) {
  VerdictReport report = Load("mixed");
  const v1::GateResult regressed = report.comparison.gates(1);
  for (int i = 0; i < 5'010; ++i) {
    *report.comparison.add_gates() = regressed;
  }
  EXPECT_NE(VerdictSarif(report).find("more results are left out"), std::string::npos);
}

TEST(VerdictJunitTest, AFailedComparisonIsAnError) {
  VerdictReport report;
  report.comparison.set_name("projects/default/comparisons/15");
  report.comparison.set_state(v1::Comparison::FAILED);
  report.comparison.set_error("chunk 3 fails its checksum");
  const std::string xml = VerdictJunit(report);
  EXPECT_NE(xml.find("errors=\"1\""), std::string::npos);
  EXPECT_NE(xml.find("<error message=\"chunk 3 fails its checksum\""), std::string::npos);
}

}  // namespace
}  // namespace assay::cli
