#include "server/run/comparison_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "server/run/scheduler.h"
#include "tests/integration/run/workbench.h"
#include "tests/support/columns_builder.h"

namespace assay::test {
namespace {

using run::RowBucket;
using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;

class ComparisonRowsTest : public ::testing::Test {
 protected:
  store::Id Evaluate(store::Id outputs) {
    const store::RunRecord run = bench_.Evaluate(*scheduler_, {.output_set_id = outputs});
    EXPECT_EQ(run.state, store::RunState::kSucceeded) << run.error;
    return run.id;
  }

  store::ComparisonRecord Compare(store::Id baseline, store::Id candidate, bool allow = false) {
    return bench_.Compare(
        *scheduler_,
        {.baseline_run_id = baseline, .candidate_run_id = candidate, .allow_confounded = allow});
  }

  run::RowPage List(const store::ComparisonRecord& comparison, const run::RowQuery& query) {
    const auto page =
        run::ListComparisonRows(bench_.store(), store::kDefaultProject, comparison, query);
    EXPECT_TRUE(page.ok()) << page.status();
    return page.ok() ? *page : run::RowPage();
  }

  static std::vector<std::string> Keys(const run::RowPage& page) {
    std::vector<std::string> keys;
    for (const run::ComparisonRow& row : page.rows) {
      keys.push_back(row.key);
    }
    return keys;
  }

  // Six examples: a broken, b fixed, c wrong, d right, e without candidate, f broken.
  store::ComparisonRecord CompareLabels() {
    const store::Id dataset = bench_.PushDataset(
        "d", {TextColumn("key", {"a", "b", "c", "d", "e", "f"}),
              TextColumn("input", {"ia", "ib", "ic", "id", "ie", "if"}),
              TextColumn("label", {"x", "x", "x", "x", "x", "x"}),
              TextColumn("cohort.half", {"one", "one", "one", "two", "two", "two"}),
              TextColumn("cohort.kind", {"k", std::nullopt, "k", "k", "k", "l"})});
    const store::Id baseline = Evaluate(bench_.PushOutputs(
        dataset, model_,
        {TextColumn("key", {"a", "b", "c", "d", "e", "f"}),
         TextColumn("label", {"x", "y", "y", "x", "x", "x"}),
         TextColumn("trace_id", {"11111111111111111111111111111111", std::nullopt, std::nullopt,
                                 std::nullopt, std::nullopt, std::nullopt})}));
    const store::Id candidate = Evaluate(
        bench_.PushOutputs(dataset, model_,
                           {TextColumn("key", {"f", "a", "b", "c", "d", "e"}),
                            TextColumn("label", {"z", "y", "x", "z", "x", std::nullopt}),
                            TextColumn("error", {std::nullopt, std::nullopt, std::nullopt,
                                                 std::nullopt, std::nullopt, "timed out"})}));
    return Compare(baseline, candidate);
  }

  TemporaryDirectory directory_;
  Workbench bench_{directory_.path()};
  std::unique_ptr<run::Scheduler> scheduler_ = bench_.StartScheduler();
  store::Id model_ = bench_.PushModel("m", {});
};

TEST_F(ComparisonRowsTest, ListsTheWorstFirstAndUnpairedLast) {
  const run::RowPage page = List(CompareLabels(), {});
  EXPECT_EQ(page.metric, "accuracy");
  EXPECT_EQ(page.total_rows, 6);
  EXPECT_THAT(Keys(page), ElementsAre("a", "f", "c", "d", "b", "e"));
}

TEST_F(ComparisonRowsTest, ShowsTextsOfBothSides) {
  const run::RowPage page = List(CompareLabels(), {});
  const run::ComparisonRow& first = page.rows.at(0);
  EXPECT_EQ(first.row, 0);
  EXPECT_EQ(first.bucket, RowBucket::kBroken);
  EXPECT_THAT(first.baseline_score, Optional(1.0));
  EXPECT_THAT(first.candidate_score, Optional(0.0));
  EXPECT_EQ(first.input, "ia");
  EXPECT_EQ(first.expected, "x");
  EXPECT_EQ(first.baseline_output, "x");
  EXPECT_EQ(first.candidate_output, "y");
  EXPECT_EQ(first.baseline_trace_id, "11111111111111111111111111111111");
  EXPECT_EQ(first.candidate_trace_id, "");
  EXPECT_THAT(first.cohorts, ElementsAre("half=one", "kind=k"));
  const run::ComparisonRow& last = page.rows.at(5);
  EXPECT_EQ(last.bucket, RowBucket::kUnpaired);
  EXPECT_EQ(last.candidate_score, std::nullopt);
  EXPECT_EQ(last.candidate_output, "timed out");
}

TEST_F(ComparisonRowsTest, BucketsSplitTheRows) {
  const store::ComparisonRecord comparison = CompareLabels();
  EXPECT_THAT(Keys(List(comparison, {.bucket = RowBucket::kBroken})), ElementsAre("a", "f"));
  EXPECT_THAT(Keys(List(comparison, {.bucket = RowBucket::kFixed})), ElementsAre("b"));
  EXPECT_THAT(Keys(List(comparison, {.bucket = RowBucket::kBothWrong})), ElementsAre("c"));
  EXPECT_THAT(Keys(List(comparison, {.bucket = RowBucket::kBothRight})), ElementsAre("d"));
  EXPECT_THAT(Keys(List(comparison, {.bucket = RowBucket::kUnpaired})), ElementsAre("e"));
}

TEST_F(ComparisonRowsTest, CohortNarrowsTheRows) {
  const store::ComparisonRecord comparison = CompareLabels();
  EXPECT_THAT(Keys(List(comparison, {.cohort = "half=two"})), ElementsAre("f", "d", "e"));
  for (const char* const cohort : {"half=three", "third=one", "half"}) {
    const auto page = run::ListComparisonRows(bench_.store(), store::kDefaultProject, comparison,
                                              {.cohort = cohort});
    EXPECT_EQ(page.status().code(), absl::StatusCode::kInvalidArgument) << cohort;
  }
}

TEST_F(ComparisonRowsTest, NamedRowsAreAllThatIsListed) {
  const store::ComparisonRecord comparison = CompareLabels();
  const run::RowPage page = List(comparison, {.rows = {3, 0, 99}});
  EXPECT_THAT(Keys(page), ElementsAre("a", "d"));
  EXPECT_EQ(page.total_rows, 2);
  EXPECT_EQ(page.rows.at(0).input, "ia");
  EXPECT_THAT(Keys(List(comparison, {.bucket = RowBucket::kBroken, .rows = {3, 0}})),
              ElementsAre("a"));
  EXPECT_THAT(Keys(List(comparison, {.cohort = "half=two", .rows = {3, 0}})), ElementsAre("d"));
  // The cohort exists, but not among these.
  EXPECT_THAT(Keys(List(comparison, {.cohort = "half=two", .rows = {0}})), IsEmpty());
}

TEST_F(ComparisonRowsTest, NamedRowsAreFoundInEveryChunk) {
  constexpr std::int64_t kRows = 9000;
  const store::Id dataset = bench_.PushDataset("d", LabelledExamples(kRows));
  const store::Id baseline =
      Evaluate(bench_.PushOutputs(dataset, model_, LabelledOutputs(kRows, 9, 1)));
  const store::Id candidate =
      Evaluate(bench_.PushOutputs(dataset, model_, LabelledOutputs(kRows, 9, 2)));
  const store::ComparisonRecord comparison = Compare(baseline, candidate);
  const run::RowPage all = List(comparison, {.metric = "latency_us", .limit = 9000});
  ASSERT_EQ(std::ssize(all.rows), kRows);
  for (const std::size_t rank : {std::size_t{0}, std::size_t{1234}, std::size_t{8999}}) {
    const run::ComparisonRow& row = all.rows[rank];
    const run::RowPage page = List(comparison, {.metric = "latency_us", .rows = {row.row}});
    ASSERT_THAT(Keys(page), ElementsAre(row.key));
    EXPECT_EQ(page.rows[0].baseline_score, row.baseline_score);
    EXPECT_EQ(page.rows[0].candidate_score, row.candidate_score);
  }
}

TEST_F(ComparisonRowsTest, PagesJoinWithoutGapOrOverlap) {
  constexpr std::int64_t kRows = 9000;
  const store::Id dataset = bench_.PushDataset("d", LabelledExamples(kRows));
  const store::Id baseline =
      Evaluate(bench_.PushOutputs(dataset, model_, LabelledOutputs(kRows, 9, 1)));
  const store::Id candidate =
      Evaluate(bench_.PushOutputs(dataset, model_, LabelledOutputs(kRows, 9, 2)));
  const store::ComparisonRecord comparison = Compare(baseline, candidate);
  const run::RowPage all = List(comparison, {.metric = "latency_us", .limit = 300});
  std::vector<std::string> joined;
  for (std::int64_t begin = 0; begin < 300; begin += 100) {
    const run::RowPage page =
        List(comparison, {.metric = "latency_us", .offset_rank = begin, .limit = 100});
    EXPECT_EQ(page.total_rows, kRows);
    for (const std::string& key : Keys(page)) {
      joined.push_back(key);
    }
  }
  EXPECT_EQ(joined, Keys(all));
  // Latency is better when lower: the worst row grew most.
  double last = all.rows[0].candidate_score.value() - all.rows[0].baseline_score.value();
  EXPECT_GT(last, 0);
  for (const run::ComparisonRow& row : all.rows) {
    const double growth = row.candidate_score.value() - row.baseline_score.value();
    EXPECT_LE(growth, last);
    last = growth;
    EXPECT_EQ(row.bucket, RowBucket::kBroken);
  }
  EXPECT_THAT(List(comparison, {.offset_rank = 100'000}).rows, IsEmpty());
}

TEST_F(ComparisonRowsTest, UnknownMetricIsNamedWithThoseThereAre) {
  const auto page = run::ListComparisonRows(bench_.store(), store::kDefaultProject, CompareLabels(),
                                            {.metric = "AP"});
  EXPECT_EQ(page.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(page.status().message()), HasSubstr("accuracy"));
}

TEST_F(ComparisonRowsTest, RefusedComparisonHasNoRows) {
  const store::Id first =
      bench_.PushDataset("d", {TextColumn("key", {"a"}), TextColumn("label", {"x"})});
  const store::Id second =
      bench_.PushDataset("d", {TextColumn("key", {"b"}), TextColumn("label", {"x"})});
  const store::Id baseline = Evaluate(
      bench_.PushOutputs(first, model_, {TextColumn("key", {"a"}), TextColumn("label", {"x"})}));
  const store::Id candidate = Evaluate(
      bench_.PushOutputs(second, model_, {TextColumn("key", {"b"}), TextColumn("label", {"x"})}));
  const auto page = run::ListComparisonRows(bench_.store(), store::kDefaultProject,
                                            Compare(baseline, candidate), {});
  EXPECT_EQ(page.status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(ComparisonRowsTest, RowsOfTwoVersionsStandBesideEachOtherByKey) {
  const store::Id first =
      bench_.PushDataset("d", {TextColumn("key", {"a", "b"}), TextColumn("label", {"x", "x"})});
  const store::Id second = bench_.PushDataset(
      "d", {TextColumn("key", {"z", "b", "a"}), TextColumn("label", {"x", "x", "x"})});
  const store::Id baseline = Evaluate(bench_.PushOutputs(
      first, model_, {TextColumn("key", {"a", "b"}), TextColumn("label", {"x", "y"})}));
  const store::Id candidate = Evaluate(bench_.PushOutputs(
      second, model_, {TextColumn("key", {"z", "b", "a"}), TextColumn("label", {"x", "x", "w"})}));
  const run::RowPage page = List(Compare(baseline, candidate, true), {});
  ASSERT_THAT(Keys(page), ElementsAre("a", "b", "z"));
  EXPECT_EQ(page.rows[0].baseline_output, "x");
  EXPECT_EQ(page.rows[0].candidate_output, "w");
  EXPECT_EQ(page.rows[1].bucket, RowBucket::kFixed);
  EXPECT_EQ(page.rows[2].bucket, RowBucket::kUnpaired);
  EXPECT_EQ(page.rows[2].baseline_output, "");
}

// a is in both, b has another text, c only in the first version and d only in the second.
TEST_F(ComparisonRowsTest, ARowShowsTheExampleOfTheVersionThatHasIt) {
  const store::Id first = bench_.PushDataset(
      "d",
      {TextColumn("key", {"c", "a", "b"}), TextColumn("input", {"ic", "ia", "before"}),
       TextColumn("label", {"x", "x", "x"}), TextColumn("cohort.half", {"old", "one", "one"})});
  const store::Id second = bench_.PushDataset(
      "d",
      {TextColumn("key", {"a", "b", "d"}), TextColumn("input", {"ia", "after", "id"}),
       TextColumn("label", {"x", "x", "x"}), TextColumn("cohort.half", {"one", "one", "two"})});
  const store::Id baseline = Evaluate(bench_.PushOutputs(
      first, model_, {TextColumn("key", {"c", "a", "b"}), TextColumn("label", {"z", "x", "x"})}));
  const store::Id candidate = Evaluate(bench_.PushOutputs(
      second, model_, {TextColumn("key", {"a", "b", "d"}), TextColumn("label", {"x", "y", "x"})}));
  const store::ComparisonRecord comparison = Compare(baseline, candidate, true);
  for (const std::int32_t limit : {50, 4}) {
    const run::RowPage page = List(comparison, {.limit = limit});
    ASSERT_THAT(Keys(page), ElementsAre("a", "b", "d", "c"));
    EXPECT_EQ(page.total_rows, 4);
    EXPECT_EQ(page.rows[1].bucket, RowBucket::kChanged);
    EXPECT_EQ(page.rows[1].input, "after");
    EXPECT_THAT(page.rows[1].baseline_input, Optional(std::string("before")));
    EXPECT_EQ(page.rows[1].baseline_expected, std::nullopt);  // The label is the same.
    EXPECT_EQ(page.rows[0].baseline_input, std::nullopt);
    EXPECT_EQ(page.rows[1].baseline_output, "x");
    EXPECT_EQ(page.rows[2].input, "id");
    EXPECT_EQ(page.rows[2].baseline_score, std::nullopt);
    const run::ComparisonRow& gone = page.rows[3];
    EXPECT_EQ(gone.row, 3);  // behind the three of the candidate's version
    EXPECT_EQ(gone.bucket, RowBucket::kUnpaired);
    EXPECT_EQ(gone.input, "ic");
    EXPECT_EQ(gone.expected, "x");
    EXPECT_THAT(gone.cohorts, ElementsAre("half=old"));
    EXPECT_EQ(gone.baseline_output, "z");
    EXPECT_THAT(gone.baseline_score, Optional(DoubleEq(0)));
    EXPECT_EQ(gone.candidate_score, std::nullopt);
    EXPECT_EQ(gone.candidate_output, "");
  }
  EXPECT_THAT(Keys(List(comparison, {.bucket = RowBucket::kUnpaired})), ElementsAre("d", "c"));
  EXPECT_THAT(Keys(List(comparison, {.cohort = "half=old"})), ElementsAre("c"));
  EXPECT_THAT(Keys(List(comparison, {.cohort = "half=one"})), ElementsAre("a", "b"));
  EXPECT_THAT(Keys(List(comparison, {.offset_rank = 3, .limit = 1})), ElementsAre("c"));
  EXPECT_THAT(Keys(List(comparison, {.rows = {3, 1}})), ElementsAre("b", "c"));
  const auto unknown = run::ListComparisonRows(bench_.store(), store::kDefaultProject, comparison,
                                               {.cohort = "half=three"});
  EXPECT_EQ(unknown.status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ComparisonRowsTest, RankingsAndRelevanceAreShownBestFirst) {
  const store::Id dataset = bench_.PushDataset(
      "q", {TextColumn("key", {"q1"}),
            RelevanceColumn("relevance", {{{{"d1", 1}, {"d2", 2}, {"d3", 0}}}})});
  const store::Id baseline = Evaluate(
      bench_.PushOutputs(dataset, model_,
                         {TextColumn("key", {"q1"}),
                          RankingColumn("ranking", {{{{"d3", 0.5}, {"d2", 0.9}, {"d1", 0.5}}}})}));
  const store::Id candidate = Evaluate(bench_.PushOutputs(
      dataset, model_, {TextColumn("key", {"q1"}), RankingColumn("ranking", {{{{"d3", 1.0}}}})}));
  const run::RowPage page = List(Compare(baseline, candidate), {});
  ASSERT_EQ(page.rows.size(), 1);
  EXPECT_EQ(page.rows[0].expected, "d2 (2) d1 (1)");
  EXPECT_EQ(page.rows[0].baseline_output, "d2 d3 d1");
  EXPECT_EQ(page.rows[0].candidate_output, "d3");
}

}  // namespace
}  // namespace assay::test
