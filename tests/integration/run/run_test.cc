#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "server/run/scheduler.h"
#include "server/store/span_details.h"
#include "tests/integration/run/workbench.h"
#include "tests/support/columns_builder.h"

namespace assay::test {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::DoubleEq;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::SizeIs;
using ::testing::StartsWith;

// As RowStatus in the API.
constexpr std::int64_t kScored = 0;
constexpr std::int64_t kMissing = 1;
constexpr std::int64_t kError = 2;
constexpr std::int64_t kFiltered = 3;

class RunTest : public ::testing::Test {
 protected:
  // A dataset version or output set with `key` and `label` and no rows, past the ingestor, which
  // takes none.
  store::Id SealWithoutRows(store::UploadRecord target) {
    target.dataset_name = "empty";
    store::UploadStore& uploads = bench_.store().uploads();
    const auto upload = uploads.Begin(store::kDefaultProject, target, "");
    EXPECT_TRUE(upload.ok()) << upload.status();
    store::CommitWrite commit;
    commit.project = store::kDefaultProject;
    commit.upload = upload->id;
    for (const char* const name : {"key", "label"}) {
      store::ColumnRecord& column = commit.columns.emplace_back();
      column.number = static_cast<std::int32_t>(commit.columns.size()) - 1;
      column.name = name;
    }
    commit.dataset_version.dataset_name = target.dataset_name;
    commit.output_set.dataset_version_id = target.dataset_version_id;
    commit.output_set.model_version_id = target.model_version_id;
    commit.output_set.is_aligned = true;
    const auto sealed = uploads.Commit(commit);
    EXPECT_TRUE(sealed.ok()) << sealed.status();
    return sealed.ok() ? sealed->result_id : 0;
  }

  TemporaryDirectory directory_;
  Workbench bench_{directory_.path()};
  store::Id model_ = bench_.PushModel("m", {});
};

TEST_F(RunTest, ResultIsTheSameForAnyNumberOfWorkersAndSizeOfShards) {
  constexpr std::int64_t kRows = 22'000;  // six chunks, the last one short
  const store::Id dataset = bench_.PushDataset("d", LabelledExamples(kRows));
  const store::Id outputs = bench_.PushOutputs(dataset, model_, LabelledOutputs(kRows, 9, 1));
  std::set<store::Digest> digests;
  std::set<std::pair<std::optional<double>, std::optional<double>>> latencies;
  for (const int num_workers : {1, 2, 4}) {
    for (const std::int32_t shard_chunks : {1, 2, 16}) {
      const auto scheduler = bench_.StartScheduler(num_workers, shard_chunks);
      const store::RunRecord run = bench_.Evaluate(*scheduler, {.output_set_id = outputs});
      ASSERT_EQ(run.state, store::RunState::kSucceeded) << run.error;
      EXPECT_EQ(run.num_rows_done, kRows);
      digests.insert(run.result_digest.value());
      const auto summary = bench_.Summary(run.id, "latency_us", "domain=d1");
      ASSERT_TRUE(summary.has_value());
      latencies.insert({summary->value, summary->lower});
    }
  }
  EXPECT_THAT(digests, SizeIs(1));
  EXPECT_THAT(latencies, SizeIs(1));
}

TEST_F(RunTest, SummariesAreThoseOfTheRows) {
  constexpr std::int64_t kRows = 9000;
  const store::Id dataset = bench_.PushDataset("d", LabelledExamples(kRows));
  const store::Id outputs = bench_.PushOutputs(dataset, model_, LabelledOutputs(kRows, 5, 2));
  const auto scheduler = bench_.StartScheduler();
  const store::RunRecord run = bench_.Evaluate(*scheduler, {.output_set_id = outputs});
  const std::vector<std::optional<double>> scores = bench_.Scores(run.id, "accuracy");
  ASSERT_THAT(scores, SizeIs(kRows));
  double num_right = 0;
  double num_right_short = 0;
  for (std::size_t row = 0; row < scores.size(); ++row) {
    num_right += scores[row].value();
    num_right_short += row % 3 == 0 ? scores[row].value() : 0;
  }
  const auto all = bench_.Summary(run.id, "accuracy");
  ASSERT_TRUE(all.has_value());
  EXPECT_THAT(all->value, Optional(DoubleEq(num_right / kRows)));
  EXPECT_EQ(all->num_rows, kRows);
  EXPECT_LT(all->lower.value(), all->value.value());
  EXPECT_GT(all->upper.value(), all->value.value());
  const auto shorts = bench_.Summary(run.id, "accuracy", "length=short");
  ASSERT_TRUE(shorts.has_value());
  EXPECT_THAT(shorts->value, Optional(DoubleEq(num_right_short / 3000)));
}

TEST_F(RunTest, CorpusMetricsAreSummarisedByCohort) {
  const store::Id dataset = bench_.PushDataset("d", LabelledExamples(5000));
  const store::Id outputs = bench_.PushOutputs(dataset, model_, LabelledOutputs(5000, 5, 2));
  const auto scheduler = bench_.StartScheduler();
  const store::RunRecord run = bench_.Evaluate(
      *scheduler,
      {.output_set_id = outputs, .evaluators = {"ground_truth_match:accuracy,macro_f1"}});
  ASSERT_EQ(run.state, store::RunState::kSucceeded) << run.error;
  const auto f1 = bench_.Summary(run.id, "macro_f1", "length=long");
  ASSERT_TRUE(f1.has_value());
  EXPECT_EQ(f1->num_rows, 1666);
  // Errors are spread evenly over seven equally frequent labels.
  EXPECT_NEAR(f1->value.value(), 0.8, 0.03);
  EXPECT_EQ(f1->lower, std::nullopt);
}

TEST_F(RunTest, MissingAndErrorAndFilteredRowsHaveNoScore) {
  const store::Id dataset = bench_.PushDataset(
      "d",
      {TextColumn("key", {"a", "b", "c", "d", "e"}), TextColumn("label", {"x", "x", "x", "x", "x"}),
       TextColumn("cohort.split", {"test", "test", "test", "train", "test"})});
  const store::Id outputs = bench_.PushOutputs(
      dataset, model_,
      {TextColumn("key", {"a", "b", "d", "e"}), TextColumn("label", {"x", "x", "x", "y"}),
       TextColumn("error", {std::nullopt, "timed out", std::nullopt, ""})});
  const auto scheduler = bench_.StartScheduler();
  const store::RunRecord run =
      bench_.Evaluate(*scheduler, {.output_set_id = outputs, .row_filter = "cohort.split=test"});
  ASSERT_EQ(run.state, store::RunState::kSucceeded) << run.error;
  EXPECT_THAT(bench_.Statuses(run.id), ElementsAre(kScored, kError, kMissing, kFiltered, kScored));
  EXPECT_THAT(bench_.Scores(run.id, "accuracy"),
              ElementsAre(Optional(1.0), std::nullopt, std::nullopt, std::nullopt, Optional(0.0)));
  EXPECT_EQ(run.num_scored, 2);
  EXPECT_EQ(run.num_missing, 1);
  EXPECT_EQ(run.num_errors, 1);
  EXPECT_EQ(run.num_filtered, 1);
  const auto summary = bench_.Summary(run.id, "accuracy");
  EXPECT_EQ(summary->num_rows, 2);
  EXPECT_EQ(summary->num_undefined, 0);
  EXPECT_EQ(bench_.Summary(run.id, "accuracy", "split=train"), std::nullopt);
  EXPECT_THAT(run.notes, Contains("1 example without an output: c"));
  EXPECT_THAT(run.notes, Contains("1 example with nothing but error outputs: b"));
}

TEST_F(RunTest, NotesListTheFirstTenMissingKeys) {
  Rows<std::string> keys;
  Rows<std::string> labels;
  for (int i = 0; i < 30; ++i) {
    keys.push_back(absl::StrFormat("k%02d", i));
    labels.push_back("x");
  }
  const store::Id dataset =
      bench_.PushDataset("d", {TextColumn("key", keys), TextColumn("label", labels)});
  const store::Id outputs =
      bench_.PushOutputs(dataset, model_, {TextColumn("key", {"k00"}), TextColumn("label", {"x"})});
  const auto scheduler = bench_.StartScheduler();
  const store::RunRecord run = bench_.Evaluate(*scheduler, {.output_set_id = outputs});
  EXPECT_THAT(run.notes, Contains("29 examples without an output: k01, k02, k03, k04, k05, k06, "
                                  "k07, k08, k09, k10, ..."));
}

TEST_F(RunTest, UnalignedOutputsScoreAsAlignedOnes) {
  constexpr std::int64_t kRows = 10'000;
  const store::Id dataset = bench_.PushDataset("d", LabelledExamples(kRows));
  const std::vector<Column> aligned = LabelledOutputs(kRows, 6, 3);
  std::vector<std::int64_t> order(kRows);
  std::iota(order.begin(), order.end(), 0);
  // A permutation that mixes all chunks: 7,919 is prime to 10,000.
  std::ranges::transform(order, order.begin(), [](std::int64_t i) { return i * 7919 % kRows; });
  std::vector<Column> shuffled;
  for (const Column& column : aligned) {
    shuffled.push_back(Gather(column, order));
  }
  const store::Id first = bench_.PushOutputs(dataset, model_, aligned);
  const store::Id second = bench_.PushOutputs(dataset, model_, shuffled);
  ASSERT_NE(first, second);
  const auto scheduler = bench_.StartScheduler();
  const store::RunRecord straight = bench_.Evaluate(*scheduler, {.output_set_id = first});
  const store::RunRecord mixed = bench_.Evaluate(*scheduler, {.output_set_id = second});
  ASSERT_EQ(mixed.state, store::RunState::kSucceeded) << mixed.error;
  EXPECT_EQ(bench_.Scores(straight.id, "latency_us"), bench_.Scores(mixed.id, "latency_us"));
  EXPECT_EQ(straight.result_digest, mixed.result_digest);
  EXPECT_NE(straight.spec_digest, mixed.spec_digest);
}

TEST_F(RunTest, RepetitionsAreAveragedWithinTheExample) {
  const store::Id dataset = bench_.PushDataset(
      "d", {TextColumn("key", {"a", "b", "c"}), TextColumn("label", {"x", "x", "x"})});
  const store::Id outputs =
      bench_.PushOutputs(dataset, model_,
                         {TextColumn("key", {"a", "b", "a", "a", "b", "a"}),
                          Int64Column("repetition", {0, 0, 1, 2, 1, 3}),
                          TextColumn("label", {"x", "x", "y", "x", "y", "x"}),
                          TextColumn("error", {std::nullopt, std::nullopt, std::nullopt,
                                               std::nullopt, "failed", std::nullopt})});
  const auto scheduler = bench_.StartScheduler();
  const store::RunRecord run = bench_.Evaluate(*scheduler, {.output_set_id = outputs});
  ASSERT_EQ(run.state, store::RunState::kSucceeded) << run.error;
  EXPECT_THAT(bench_.Scores(run.id, "accuracy"),
              ElementsAre(Optional(0.75), Optional(1.0), std::nullopt));
  EXPECT_THAT(bench_.Statuses(run.id), ElementsAre(kScored, kScored, kMissing));
  EXPECT_THAT(bench_.Summary(run.id, "accuracy")->value, Optional(DoubleEq(0.875)));
  EXPECT_THAT(run.notes, Contains(HasSubstr("up to 4 outputs")));
}

TEST_F(RunTest, JudgedQueriesWithoutRankingScoreZeroAndAreListed) {
  const store::Id dataset = bench_.PushDataset(
      "d",
      {TextColumn("key", {"q1", "q2", "q3"}),
       RelevanceColumn("relevance", {{{{"d1", 1}, {"d2", 0}}}, {{{"d1", 2}}}, {{{"d3", 0}}}})});
  const store::Id outputs = bench_.PushOutputs(
      dataset, model_,
      {TextColumn("key", {"q1"}), RankingColumn("ranking", {{{{"d1", 2.0}, {"d2", 1.0}}}})});
  const auto scheduler = bench_.StartScheduler();
  const store::RunRecord run = bench_.Evaluate(*scheduler, {.output_set_id = outputs});
  ASSERT_EQ(run.state, store::RunState::kSucceeded) << run.error;
  EXPECT_THAT(bench_.Scores(run.id, "AP"),
              ElementsAre(Optional(1.0), Optional(0.0), Optional(0.0)));
  EXPECT_THAT(bench_.Statuses(run.id), ElementsAre(kScored, kMissing, kMissing));
  EXPECT_THAT(bench_.Summary(run.id, "AP")->value, Optional(DoubleEq(1.0 / 3)));
  EXPECT_THAT(run.notes,
              Contains("2 examples without an output, scored as an empty ranking: q2, q3"));
  EXPECT_THAT(run.notes, Contains("1 example without a relevant document"));
}

TEST_F(RunTest, FactsOfAllChunksAreAddedUp) {
  constexpr int kQueries = 5000;  // two chunks
  Rows<std::string> keys;
  Rows<std::vector<std::pair<std::string, std::int32_t>>> relevance;
  Rows<std::vector<std::pair<std::string, double>>> rankings;
  for (int i = 0; i < kQueries; ++i) {
    keys.push_back(absl::StrFormat("q%d", i));
    relevance.push_back({{{"d1", i % 10 == 0 ? 0 : 1}}});
    rankings.push_back({{{"d1", 1.0}}});
  }
  const store::Id dataset =
      bench_.PushDataset("d", {TextColumn("key", keys), RelevanceColumn("relevance", relevance)});
  const store::Id outputs = bench_.PushOutputs(
      dataset, model_, {TextColumn("key", keys), RankingColumn("ranking", rankings)});
  const auto scheduler = bench_.StartScheduler(2, 1);
  const store::RunRecord run = bench_.Evaluate(*scheduler, {.output_set_id = outputs});
  EXPECT_THAT(run.notes, Contains("500 examples without a relevant document"));
}

TEST_F(RunTest, MetricIsUndefinedWhenEveryOutputIsAnError) {
  const store::Id dataset =
      bench_.PushDataset("d", {TextColumn("key", {"a"}), TextColumn("label", {"x"})});
  const store::Id outputs = bench_.PushOutputs(
      dataset, model_,
      {TextColumn("key", {"a"}), TextColumn("label", {"x"}), TextColumn("error", {"no answer"})});
  const auto scheduler = bench_.StartScheduler();
  const store::RunRecord run = bench_.Evaluate(*scheduler, {.output_set_id = outputs});
  ASSERT_EQ(run.state, store::RunState::kSucceeded) << run.error;
  EXPECT_THAT(bench_.Statuses(run.id), ElementsAre(kError));
  const auto summary = bench_.Summary(run.id, "accuracy");
  ASSERT_TRUE(summary.has_value());
  EXPECT_EQ(summary->value, std::nullopt);
  EXPECT_EQ(summary->num_rows, 0);
}

TEST_F(RunTest, DatasetWithoutRowsGivesARunWithoutRows) {
  store::UploadRecord target;
  target.kind = store::UploadKind::kDataset;
  const store::Id dataset = SealWithoutRows(target);
  target.kind = store::UploadKind::kOutputSet;
  target.dataset_version_id = dataset;
  target.model_version_id = model_;
  const store::Id outputs = SealWithoutRows(target);
  const auto scheduler = bench_.StartScheduler();
  const store::RunRecord run = bench_.Evaluate(*scheduler, {.output_set_id = outputs});
  ASSERT_EQ(run.state, store::RunState::kSucceeded) << run.error;
  EXPECT_TRUE(run.result_digest.has_value());
  EXPECT_EQ(bench_.Summary(run.id, "accuracy")->value, std::nullopt);
  const store::ComparisonRecord comparison =
      bench_.Compare(*scheduler, {.baseline_run_id = run.id, .candidate_run_id = run.id});
  ASSERT_EQ(comparison.state, store::RunState::kSucceeded) << comparison.error;
  EXPECT_EQ(comparison.result.num_paired, 0);
  EXPECT_EQ(comparison.result.verdict, Verdict::kNone);
}

TEST_F(RunTest, FilterThatMatchesNoRowFailsTheRun) {
  const store::Id dataset = bench_.PushDataset("d", LabelledExamples(20));
  const store::Id outputs = bench_.PushOutputs(dataset, model_, LabelledOutputs(20, 5, 1));
  const auto scheduler = bench_.StartScheduler();
  const store::RunRecord run =
      bench_.Evaluate(*scheduler, {.output_set_id = outputs, .row_filter = "cohort.length=tall"});
  EXPECT_EQ(run.state, store::RunState::kFailed);
  EXPECT_EQ(run.error, "row_filter: no example has cohort.length=tall");
}

TEST_F(RunTest, FilterOnAnUnknownColumnIsRefusedAtOnce) {
  const store::Id dataset = bench_.PushDataset("d", LabelledExamples(20));
  const store::Id outputs = bench_.PushOutputs(dataset, model_, LabelledOutputs(20, 5, 1));
  const auto scheduler = bench_.StartScheduler();
  const auto run = scheduler->Submit(store::kDefaultProject,
                                     {.output_set_id = outputs, .row_filter = "cohort.size=1"}, {});
  EXPECT_EQ(run.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(run.status().message()),
              AllOf(HasSubstr("'cohort.size'"), HasSubstr("cohort.domain, cohort.length")));
}

TEST_F(RunTest, RefusalWithoutAFittingEvaluatorListsTheColumnsOfBothSides) {
  const store::Id dataset = bench_.PushDataset("d", {TextColumn("key", {"a"})});
  const store::Id outputs =
      bench_.PushOutputs(dataset, model_, {TextColumn("key", {"a"}), TextColumn("text", {"b"})});
  const auto scheduler = bench_.StartScheduler();
  const auto run = scheduler->Submit(store::kDefaultProject, {.output_set_id = outputs}, {});
  EXPECT_EQ(run.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(run.status().message()),
              AllOf(HasSubstr("examples have: key"), HasSubstr("outputs have: key, text")));
}

TEST_F(RunTest, UnknownEvaluatorIsRefusedAtOnce) {
  const store::Id dataset = bench_.PushDataset("d", LabelledExamples(20));
  const store::Id outputs = bench_.PushOutputs(dataset, model_, LabelledOutputs(20, 5, 1));
  const auto scheduler = bench_.StartScheduler();
  const auto run = scheduler->Submit(store::kDefaultProject,
                                     {.output_set_id = outputs, .evaluators = {"guess"}}, {});
  EXPECT_EQ(run.status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(RunTest, ReuseReturnsTheNewestEqualRun) {
  const store::Id dataset = bench_.PushDataset("d", LabelledExamples(20));
  const store::Id outputs = bench_.PushOutputs(dataset, model_, LabelledOutputs(20, 5, 1));
  const auto scheduler = bench_.StartScheduler();
  bench_.Evaluate(*scheduler, {.output_set_id = outputs});
  const store::RunRecord second = bench_.Evaluate(*scheduler, {.output_set_id = outputs});
  const store::RunRecord reused =
      bench_.Evaluate(*scheduler, {.output_set_id = outputs, .reuse = true});
  EXPECT_EQ(reused.id, second.id);
  const store::RunRecord other = bench_.Evaluate(
      *scheduler, {.output_set_id = outputs, .row_filter = "cohort.length=short", .reuse = true});
  EXPECT_NE(other.id, second.id);
}

TEST_F(RunTest, RequestIdGivesTheFirstAnswerAgain) {
  const store::Id dataset = bench_.PushDataset("d", LabelledExamples(20));
  const store::Id outputs = bench_.PushOutputs(dataset, model_, LabelledOutputs(20, 5, 1));
  const auto scheduler = bench_.StartScheduler();
  const store::RunRecord first =
      bench_.Evaluate(*scheduler, {.output_set_id = outputs, .request_id = "once"});
  const store::RunRecord second =
      bench_.Evaluate(*scheduler, {.output_set_id = outputs, .request_id = "once"});
  EXPECT_EQ(first.id, second.id);
}

TEST_F(RunTest, SpansHangUnderTheCallThatMadeTheRun) {
  const store::Id dataset = bench_.PushDataset("d", LabelledExamples(20));
  const store::Id outputs = bench_.PushOutputs(dataset, model_, LabelledOutputs(20, 5, 1));
  const auto scheduler = bench_.StartScheduler();
  trace::Span call = bench_.tracer().StartSpan("CreateRun", std::nullopt);
  const auto submitted =
      scheduler->Submit(store::kDefaultProject, {.output_set_id = outputs}, call.context());
  ASSERT_TRUE(submitted.ok()) << submitted.status();
  EXPECT_EQ(submitted->trace_id, call.context().TraceIdHex());
  bench_.Await(submitted->id);
  scheduler->Stop(std::chrono::seconds(10));
  const std::vector<store::SpanRecord> spans =
      bench_.Spans(absl::StrFormat("runs/%d", submitted->id));
  std::vector<std::string> names;
  const store::SpanRecord* run_span = nullptr;
  for (const store::SpanRecord& span : spans) {
    names.push_back(span.name);
    EXPECT_EQ(span.trace_id, call.context().trace_id);
    if (span.name == "run") {
      run_span = &span;
    }
  }
  ASSERT_NE(run_span, nullptr);
  EXPECT_EQ(run_span->parent_span_id, call.context().span_id);
  EXPECT_EQ(run_span->status, store::SpanStatus::kOk);
  EXPECT_THAT(names, Contains("run.load"));
  EXPECT_THAT(names, Contains("run.evaluator ground_truth_match"));
  EXPECT_THAT(names, Contains("run.evaluator latency"));
  EXPECT_THAT(names, Contains("run.persist"));
  EXPECT_THAT(names, Contains("run.summarize"));
  for (const store::SpanRecord& span : spans) {
    if (span.name != "run") {
      EXPECT_EQ(span.parent_span_id, run_span->span_id) << span.name;
    }
    if (span.name == "run.load") {
      EXPECT_EQ(store::DecodeSpanDetails(span.details)->Find("rows")->value, "20");
    }
  }
}

TEST_F(RunTest, StoreHoldsUpAfterRuns) {
  const store::Id dataset = bench_.PushDataset("d", LabelledExamples(5000));
  const store::Id outputs = bench_.PushOutputs(dataset, model_, LabelledOutputs(5000, 5, 1));
  const auto scheduler = bench_.StartScheduler();
  bench_.Evaluate(*scheduler, {.output_set_id = outputs});
  const auto check = bench_.store().Check();
  ASSERT_TRUE(check.ok()) << check.status();
  EXPECT_THAT(check->findings, IsEmpty());
}

}  // namespace
}  // namespace assay::test
