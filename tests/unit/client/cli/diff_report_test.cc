#include "client/cli/diff_report.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_format.h"
#include "assay/v1/comparison_service.pb.h"
#include "client/cli/text_width.h"

namespace assay::cli {
namespace {

constexpr char kRegressed[] = R"pb(
  name: "projects/default/comparisons/14"
  state: SUCCEEDED
  baseline_model_version: "projects/default/models/mlp/versions/1"
  candidate_model_version: "projects/default/models/mlp/versions/2"
  dataset_version: "projects/default/datasets/digits/versions/1"
  fairness: CLEAN
  model_differences { field: "activation" baseline: "relu" candidate: "silu" }
  num_paired: 1597
  num_only_candidate: 3
  policy { alpha: 0.05 }
  verdict: VERDICT_REGRESSED
  exit_code: 1
  summary: "Regressed: accuracy fell by 0.0401 on 1597 paired examples; at most 0.01 is allowed."
  flip_metric: "accuracy"
  num_broken: 74
  num_fixed: 10
  num_both_wrong: 61
  num_both_right: 1452
  metrics {
    metric { id: "accuracy" direction: DIRECTION_HIGHER kind: METRIC_KIND_BINARY_MEAN }
    overall {
      num_rows: 1597
      baseline: 0.9555
      candidate: 0.9154
      delta: -0.0401
      lower: -0.0522
      upper: -0.0285
      p: 0.0000001
    }
    cohorts {
      cohort: "digit=8"
      num_rows: 164
      delta: -0.1125
      lower: -0.17
      upper: -0.06
      p: 0.0001
      q: 0.001
    }
    cohorts { cohort: "digit=1" num_rows: 160 delta: -0.02 lower: -0.05 upper: 0.01 p: 0.2 q: 0.4 }
    cohorts {
      cohort: "digit=3"
      num_rows: 1060
      delta: 0.03
      lower: 0.01
      upper: 0.05
      p: 0.002
      q: 0.01
    }
  }
  metrics {
    metric { id: "latency_us" direction: DIRECTION_LOWER kind: METRIC_KIND_MEAN unit: "us" }
    overall {
      num_rows: 1597
      baseline: 412
      candidate: 389
      delta: -23
      lower: -30.5
      upper: -15.5
      p: 0.01
    }
  }
  metrics {
    metric { id: "macro_f1" direction: DIRECTION_HIGHER kind: METRIC_KIND_CORPUS }
    overall { num_rows: 1597 baseline: 0.9511 candidate: 0.9102 delta: -0.0409 }
  }
  gates {
    gate { metric: "accuracy" max_drop: 0.01 }
    verdict: VERDICT_REGRESSED
    delta: -0.0401
    lower: -0.0501
    upper: -0.0302
    p: 0.00001
    p_adjusted: 0.00002
    num_rows: 1597
    reason: "at least 0.0302 worse (90 % interval), more than the margin of 0.01"
  }
  gates {
    gate { metric: "latency_us" max_increase: 5 }
    verdict: VERDICT_PASS
    delta: -23
    lower: -29.5
    upper: -16.5
    p: 0.9999
    p_adjusted: 0.9999
    num_rows: 1597
    reason: "at most 16.5 better"
  }
)pb";

v1::Comparison Parse(const char* text) {
  v1::Comparison comparison;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &comparison));
  return comparison;
}

std::size_t WidestLine(const std::string& text) {
  std::istringstream lines(text);
  std::size_t widest = 0;
  for (std::string line; std::getline(lines, line);) {
    widest = std::max(widest, DisplayWidth(line));
  }
  return widest;
}

TEST(DiffTextTest, FlipsComeFirstWhereAsked) {
  ReportStyle style;
  style.order = BlockOrder::kFlipsFirst;
  const std::string text = DiffText(Parse(kRegressed), style);
  EXPECT_LT(text.find("ROWS by accuracy"), text.find("METRIC"));
  EXPECT_EQ(text.find("ROWS by accuracy"), text.rfind("ROWS by accuracy"));
  const std::string usual = DiffText(Parse(kRegressed), {});
  EXPECT_GT(usual.find("ROWS by accuracy"), usual.find("METRIC"));
}

TEST(DiffTextTest, RowsThatNameTracesLeadToThem) {
  v1::ListComparisonRowsResponse rows;
  rows.set_metric("accuracy");
  rows.add_rows()->set_key("digit-0001");  // without a trace
  v1::ComparisonRow& row = *rows.add_rows();
  row.set_key("digit-0648");
  row.set_baseline_trace_id("0000000000000000000000005eed00c9");
  row.set_candidate_trace_id("0000000000000000000000005eed00d0");
  for (int i = 0; i < 9; ++i) {
    v1::ComparisonRow& other = *rows.add_rows();
    other = row;
    if (i >= 2) {  // not of the same run
      other.set_candidate_trace_id(absl::StrFormat("000000000000000000000000%08d", i));
    }
  }
  const ReportStyle with_site{.width = 100, .site = "http://127.0.0.1:7318"};
  const std::string text = DiffText(Parse(kRegressed), with_site, rows);
  EXPECT_NE(text.find(R"(
  TRACES  of rows that got worse by accuracy
  ROW                    SIDE    TRACE
  digit-0648 and 2 more  before  http://127.0.0.1:7318/traces/0000000000000000000000005eed00c9
  digit-0648 and 2 more  after   http://127.0.0.1:7318/traces/0000000000000000000000005eed00d0
)"),
            std::string::npos)
      << text;
  const auto count = [](const std::string& in, std::string_view part) {
    int found = 0;
    for (std::size_t at = in.find(part); at != std::string::npos; at = in.find(part, at + 1)) {
      ++found;
    }
    return found;
  };
  EXPECT_EQ(count(text, "/traces/"), 6);  // of five rows
  EXPECT_EQ(count(DiffText(Parse(kRegressed), {.width = 100}, rows), "assay trace show 0000"), 6);
}

TEST(DiffTextTest, ShowsEverythingIn100Columns) {
  EXPECT_EQ(DiffText(Parse(kRegressed), {.width = 100, .page = "/comparisons/14"}), R"(
  REGRESSED  mlp@1 → mlp@2                                              digits@1 · 1,597 paired rows
  Regressed: accuracy fell by 0.0401 on 1597 paired examples; at most 0.01 is allowed.
  changed: activation relu → silu

  METRIC        BEFORE     AFTER         Δ  95 % CI             p  GATE
  accuracy      0.9555    0.9154  -4.01 pp  [-5.22, -2.85]  <.001  ✗ regressed
  latency_us  412.0 µs  389.0 µs  -23.0 µs  [-30.5, -15.5]   .010  ✓ pass
  macro_f1      0.9511    0.9102   -0.0409  -

  GATE           LIMIT         Δ  90 % CI         p (Holm)   ROWS  VERDICT
  accuracy    -1.00 pp  -4.01 pp  [-5.01, -3.02]     <.001  1,597  ✗ regressed
  latency_us   +5.0 µs  -23.0 µs  [-29.5, -16.5]         1  1,597  ✓ pass
    accuracy: at least 0.0302 worse (90 % interval), more than the margin of 0.01

  COHORT      ROWS  Δ accuracy     q  -17.00                        0    +5.00
  ✗ digit=8    164   -11.25 pp  .001  ├─────────■─────────┤         ┊
    digit=1    160    -2.00 pp  .400                       ├─────■────┤
  ▲ digit=3  1,060    +3.00 pp  .010                                ┊ ├──■───┤
    bars: 95 % CI; q: p after Benjamini-Hochberg over the cohorts

  ROWS by accuracy  broken 74 ▏ fixed 10 ▏ both wrong 61 ▏ both right 1,452 ▏ unpaired 3

  Rows   assay rows 14 --show broken
  Again  assay comparison show 14
  Page   /comparisons/14
)");
}

TEST(DiffTextTest, DropsThePlotIn80Columns) {
  EXPECT_EQ(DiffText(Parse(kRegressed), {.width = 80, .page = "/comparisons/14"}), R"(
  REGRESSED  mlp@1 → mlp@2                          digits@1 · 1,597 paired rows
  Regressed: accuracy fell by 0.0401 on 1597 paired examples; at most 0.01 is
  allowed.
  changed: activation relu → silu

  METRIC        BEFORE     AFTER         Δ  95 % CI             p  GATE
  accuracy      0.9555    0.9154  -4.01 pp  [-5.22, -2.85]  <.001  ✗ regressed
  latency_us  412.0 µs  389.0 µs  -23.0 µs  [-30.5, -15.5]   .010  ✓ pass
  macro_f1      0.9511    0.9102   -0.0409  -

  GATE           LIMIT         Δ  90 % CI         p (Holm)   ROWS  VERDICT
  accuracy    -1.00 pp  -4.01 pp  [-5.01, -3.02]     <.001  1,597  ✗ regressed
  latency_us   +5.0 µs  -23.0 µs  [-29.5, -16.5]         1  1,597  ✓ pass
    accuracy: at least 0.0302 worse (90 % interval), more than the margin of
    0.01

  COHORT      ROWS  Δ accuracy     q  95 % CI
  ✗ digit=8    164   -11.25 pp  .001  [-17.00, -6.00]
    digit=1    160    -2.00 pp  .400  [-5.00, +1.00]
  ▲ digit=3  1,060    +3.00 pp  .010  [+1.00, +5.00]
    q: p after Benjamini-Hochberg over the cohorts

  ROWS by accuracy  broken 74 ▏ fixed 10 ▏ both wrong 61 ▏ both right 1,452
                    unpaired 3

  Rows   assay rows 14 --show broken
  Again  assay comparison show 14
  Page   /comparisons/14
)");
}

TEST(DiffTextTest, UsesOnlyAsciiWhereTheLocaleHasNoMore) {
  const std::string text =
      WithAsciiMarks(DiffText(Parse(kRegressed), {.width = 100, .uses_unicode = false}));
  EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](char c) { return c > 0; })) << text;
}

TEST(DiffTextTest, HasNoEscapeSequencesWithoutColour) {
  EXPECT_EQ(DiffText(Parse(kRegressed), {}).find('\x1b'), std::string::npos);
}

TEST(DiffTextTest, ColourChangesNothingButColour) {
  const std::string plain = DiffText(Parse(kRegressed), {});
  std::string colored = DiffText(Parse(kRegressed), {.palette = Palette(true)});
  EXPECT_NE(colored.find("\x1b[31mREGRESSED\x1b[0m"), std::string::npos);
  for (std::size_t escape; (escape = colored.find('\x1b')) != std::string::npos;) {
    colored.erase(escape, colored.find('m', escape) + 1 - escape);
  }
  EXPECT_EQ(colored, plain);
}

TEST(DiffTextTest, FitsTheWidth) {
  for (const std::size_t width : {80U, 100U, 120U, 160U}) {
    EXPECT_LE(WidestLine(DiffText(Parse(kRegressed), {.width = width})), width) << width;
  }
}

TEST(DiffTextTest, NamesTheLocalServerInTheNextCommands) {
  const std::string text = DiffText(Parse(kRegressed), {.command_suffix = " --local"});
  EXPECT_NE(text.find("assay rows 14 --show broken --local\n"), std::string::npos);
}

TEST(DiffTextTest, SaysWhatConfoundsTheComparison) {
  v1::Comparison comparison = Parse(kRegressed);
  comparison.set_fairness(v1::Comparison::CONFOUNDED);
  v1::FieldDifference& difference = *comparison.add_confounds();
  difference.set_field("dataset");
  difference.set_baseline("digits@1");
  difference.set_candidate("digits@2");
  EXPECT_NE(DiffText(comparison, {.width = 120})
                .find("CONFOUNDED: the sides differ in more than the model: "
                      "dataset digits@1 → digits@2\n"),
            std::string::npos);
}

TEST(DiffTextTest, ShowsEffectSizePowerAndWhatIsThin) {
  v1::Comparison comparison = Parse(kRegressed);
  v1::Cell& accuracy = *comparison.mutable_metrics(0)->mutable_overall();
  accuracy.set_effect_size(-0.175);
  accuracy.set_minimum_detectable_effect(0.0161);
  accuracy.set_note("20 groups are fewer than 30");
  v1::Cell& latency = *comparison.mutable_metrics(1)->mutable_overall();
  latency.set_effect_size(0.5);
  latency.set_minimum_detectable_effect(10.64);
  latency.set_permutation_p(0.25);
  EXPECT_NE(
      DiffText(comparison, {.width = 120})
          .find("    accuracy: effect size -0.17, 80 % power for 1.61 pp; 20 groups are fewer "
                "than 30\n"
                "    latency_us: effect size 0.5, 80 % power for 10.6 µs; permutation p = 0.25 "
                "(exact)\n"),
      std::string::npos);
  // What both say comes once.
  latency.set_note(accuracy.note());
  EXPECT_NE(DiffText(comparison, {.width = 120})
                .find("permutation p = 0.25 (exact)\n    20 groups are fewer than 30\n"),
            std::string::npos);
}

TEST(DiffTextTest, NamesTheTierOfAGateThatIsNotCritical) {
  v1::Comparison comparison = Parse(kRegressed);
  v1::GateResult& advisory = *comparison.add_gates();
  advisory = comparison.gates(0);
  advisory.mutable_gate()->set_tier(v1::Gate::ADVISORY);
  EXPECT_NE(DiffText(comparison, {}).find("✗ regressed (advisory)\n"), std::string::npos);
}

TEST(DiffTextTest, TheMetricShowsTheWorstOfItsGates) {
  v1::Comparison comparison = Parse(kRegressed);
  *comparison.add_gates() = comparison.gates(0);
  comparison.mutable_gates(0)->set_verdict(v1::VERDICT_PASS);
  EXPECT_NE(DiffText(comparison, {}).find("[-5.22, -2.85]  <.001  ✗ regressed\n"),
            std::string::npos);
}

TEST(DiffTextTest, ARefusalSaysHowToGoOnAndABrokenBudgetLeadsToRows) {
  v1::Comparison comparison = Parse(kRegressed);
  comparison.set_verdict(v1::VERDICT_REFUSED);
  comparison.set_fairness(v1::Comparison::CLEAN);
  EXPECT_NE(DiffText(comparison, {}).find("assay rows 14"), std::string::npos);
  comparison.clear_metrics();
  comparison.clear_gates();
  comparison.set_fairness(v1::Comparison::UNPROVEN);
  comparison.add_unproven()->set_field("dtype");
  const std::string text = DiffText(comparison, {});
  EXPECT_EQ(text.find("assay rows"), std::string::npos);
  EXPECT_EQ(text.find("paired rows"), std::string::npos);
  EXPECT_NE(text.find("--allow-confounded"), std::string::npos);
  EXPECT_NE(text.find("assay model push"), std::string::npos);
}

TEST(DiffTextTest, SaysWhyAComparisonFailed) {
  v1::Comparison comparison;
  comparison.set_name("projects/default/comparisons/15");
  comparison.set_state(v1::Comparison::FAILED);
  comparison.set_error("chunk 3 fails its checksum");
  const std::string text = DiffText(comparison, {});
  EXPECT_NE(text.find("  FAILED  "), std::string::npos);
  EXPECT_NE(text.find("  chunk 3 fails its checksum\n"), std::string::npos);
  EXPECT_EQ(text.find("assay rows"), std::string::npos);
}

TEST(DiffTextTest, CountsWorseAndBetterRowsWithoutABinaryMetric) {
  v1::Comparison comparison = Parse(kRegressed);
  comparison.clear_flip_metric();
  comparison.mutable_metrics()->DeleteSubrange(0, 1);
  comparison.clear_gates();
  comparison.mutable_metrics(0)->mutable_overall()->set_num_worse(7);
  comparison.mutable_metrics(0)->mutable_overall()->set_num_better(90);
  EXPECT_NE(DiffText(comparison, {})
                .find("ROWS by latency_us  worse 7 ▏ better 90 ▏ equal 1,500 ▏ unpaired 3\n"),
            std::string::npos);
}

TEST(DiffTextTest, CutsTheListOfCohortsAndSaysSo) {
  v1::Comparison comparison = Parse(kRegressed);
  for (int i = 0; i < 37; ++i) {
    v1::Cell& cell = *comparison.mutable_metrics(0)->add_cohorts();
    cell.set_cohort("lang=x" + std::to_string(i));
  }
  const std::string text = DiffText(comparison, {});
  EXPECT_NE(text.find("COHORT (worst 5 of 40)"), std::string::npos);
  EXPECT_EQ(text.find("lang=x2"), std::string::npos);
}

TEST(DiffTextTest, MarksCohortsBeyondDoubtWithASign) {
  const std::string text = DiffText(Parse(kRegressed), {});
  EXPECT_NE(text.find("✗ digit=8"), std::string::npos);
  EXPECT_NE(text.find("  digit=1"), std::string::npos);
  EXPECT_NE(text.find("▲ digit=3"), std::string::npos);
}

TEST(DiffTextTest, LetsNoEscapeSequenceOfTheDataThrough) {
  v1::Comparison comparison = Parse(kRegressed);
  comparison.mutable_metrics(0)->mutable_cohorts(0)->set_cohort("lang=\x1b[2J");
  comparison.mutable_model_differences(0)->set_candidate("\x1b[2J");
  EXPECT_EQ(DiffText(comparison, {}).find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace assay::cli
