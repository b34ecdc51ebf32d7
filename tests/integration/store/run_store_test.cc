#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <set>
#include <thread>

#include "tests/integration/store/store_fixture.h"

namespace assay::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

constexpr std::int64_t kLeaseUs = 30'000'000;

class RunStoreTest : public StoreTest {
 protected:
  RunStore& runs() { return store().runs(); }
  JobLease Claim() {
    const absl::StatusOr<JobLease> lease = runs().Claim("worker", kLeaseUs);
    EXPECT_TRUE(lease.ok()) << lease.status();
    return lease.value_or(JobLease{});
  }
  bool NothingToClaim() { return absl::IsNotFound(runs().Claim("worker", kLeaseUs).status()); }
  RunRecord Get(Id run) { return *runs().GetRun(kDefaultProject, run); }
  // Scores of shard `shard`: one chunk of one column.
  std::vector<ColumnChunks> Scores(std::int32_t shard, double step = 0.5) {
    ColumnChunks chunks = EncodeColumn(0, NumberedDoubles("accuracy", step, 10)).chunks;
    chunks.first_chunk = shard;
    return {chunks};
  }
  absl::Status Finish(const JobLease& lease) {
    return runs().FinishShard(lease, Scores(lease.shard), 10);
  }
};

MetricDescriptor Metric(const std::string& id) {
  MetricDescriptor metric;
  metric.id = id;
  metric.definition_id = "assay/" + id + "/1";
  metric.direction = Direction::kLower;
  metric.kind = MetricKind::kCorpus;
  metric.lowest = -0.0;
  metric.highest = std::numeric_limits<double>::infinity();
  metric.unit = "us";
  metric.formula = "sum / n";
  metric.undefined = "no rows";
  metric.source = "a paper";
  return metric;
}

bool SameBits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

TEST_F(RunStoreTest, ARunIsReadBackWhole) {
  RunRecord run;
  run.dataset_version_id = 11;
  run.output_set_id = 12;
  run.model_version_id = 13;
  run.row_filter = "cohort.split=test";
  run.evaluators = {"ranking:nDCG@10", "latency"};
  run.metrics = {Metric("nDCG@10"), Metric("latency_us.p95")};
  run.spec_digest = DigestOfByte(5);
  run.num_rows = 1000;
  run.shard_chunks = 16;
  run.trace_id = std::string(32, 'a');
  run.parent_span_id = std::string(16, 'b');
  run.request_id = "r";
  run.build = "0.1.0";
  run.isa = "x86-64-v3";
  const RunRecord read = Get(runs().CreateRun(kDefaultProject, run, 1)->id);
  EXPECT_EQ(read.dataset_version_id, 11);
  EXPECT_EQ(read.output_set_id, 12);
  EXPECT_EQ(read.model_version_id, 13);
  EXPECT_EQ(read.row_filter, run.row_filter);
  EXPECT_EQ(read.evaluators, run.evaluators);
  EXPECT_EQ(read.spec_digest, run.spec_digest);
  EXPECT_EQ(read.state, RunState::kQueued);
  EXPECT_EQ(read.num_rows, 1000);
  EXPECT_EQ(read.shard_chunks, 16);
  EXPECT_EQ(read.trace_id, run.trace_id);
  EXPECT_EQ(read.parent_span_id, run.parent_span_id);
  EXPECT_EQ(read.request_id, "r");
  EXPECT_EQ(read.build, "0.1.0");
  EXPECT_EQ(read.isa, "x86-64-v3");
  EXPECT_EQ(read.created_us, test::FakeClock::kStartUs);
  EXPECT_EQ(read.started_us, std::nullopt);
  EXPECT_EQ(read.result_digest, std::nullopt);
  ASSERT_THAT(read.metrics, SizeIs(2));
  EXPECT_EQ(read.metrics[1].id, "latency_us.p95");
  EXPECT_EQ(read.metrics[1].definition_id, "assay/latency_us.p95/1");
  EXPECT_EQ(read.metrics[1].direction, Direction::kLower);
  EXPECT_EQ(read.metrics[1].kind, MetricKind::kCorpus);
  EXPECT_TRUE(SameBits(read.metrics[1].lowest, -0.0));
  EXPECT_TRUE(std::isinf(read.metrics[1].highest));
  EXPECT_EQ(read.metrics[1].unit, "us");
  EXPECT_EQ(read.metrics[1].formula, "sum / n");
  EXPECT_EQ(read.metrics[1].undefined, "no rows");
  EXPECT_EQ(read.metrics[1].source, "a paper");
}

TEST_F(RunStoreTest, ARepeatedRequestGivesTheRunItMade) {
  const Id run = MakeRun(2, "r").id;
  EXPECT_EQ(MakeRun(2, "r").id, run);
  EXPECT_EQ(QueryInt64("SELECT count(*) FROM jobs"), 3);
}

TEST_F(RunStoreTest, AnUnknownRunIsNotFound) {
  EXPECT_EQ(runs().GetRun(kDefaultProject, 99).status(),
            absl::NotFoundError("no such run: 'runs/99'"));
  EXPECT_TRUE(absl::IsNotFound(runs().CancelRun(kDefaultProject, 99).status()));
}

TEST_F(RunStoreTest, RunsAreListedNewestFirstByVersions) {
  RunRecord run;
  run.dataset_version_id = 1;
  run.model_version_id = 2;
  const Id a = runs().CreateRun(kDefaultProject, run, 1)->id;
  run.model_version_id = 3;
  const Id b = runs().CreateRun(kDefaultProject, run, 1)->id;
  const auto list = [&](Id dataset, Id model, PageRequest page = {}) {
    const auto found = runs().ListRuns(kDefaultProject, dataset, model, page);
    std::vector<Id> ids;
    for (const RunRecord& each : *found) {
      ids.push_back(each.id);
    }
    return ids;
  };
  EXPECT_THAT(list(0, 0), ElementsAre(b, a));
  EXPECT_THAT(list(1, 2), ElementsAre(a));
  EXPECT_THAT(list(9, 0), IsEmpty());
  EXPECT_THAT(list(0, 0, {.before = b, .size = 5}), ElementsAre(a));
}

TEST_F(RunStoreTest, JobsAreClaimedOldestFirst) {
  const Id first = MakeRun(2).id;
  const Id second = MakeRun(1).id;
  const JobLease a = Claim();
  const JobLease b = Claim();
  const JobLease c = Claim();
  EXPECT_EQ(a.target_id, first);
  EXPECT_EQ(a.shard, 0);
  EXPECT_EQ(a.kind, JobKind::kScore);
  EXPECT_EQ(a.attempt, 1);
  EXPECT_EQ(a.project_id, kDefaultProject);
  EXPECT_EQ(b.target_id, first);
  EXPECT_EQ(b.shard, 1);
  EXPECT_EQ(c.target_id, second);
  EXPECT_TRUE(NothingToClaim());
}

TEST_F(RunStoreTest, CountsJobsThatWaitAndThatAreHeld) {
  const auto counts = [this] {
    const absl::StatusOr<JobCounts> jobs = runs().CountJobs();
    EXPECT_TRUE(jobs.ok()) << jobs.status();
    return std::pair(jobs->num_queued, jobs->num_running);
  };
  EXPECT_THAT(counts(), Pair(0, 0));
  MakeRun(2);  // its summary waits for the shards and for no worker
  EXPECT_THAT(counts(), Pair(2, 0));
  const JobLease first = Claim();
  EXPECT_THAT(counts(), Pair(1, 1));
  ASSERT_TRUE(Finish(first).ok());
  ASSERT_TRUE(Finish(Claim()).ok());
  EXPECT_THAT(counts(), Pair(1, 0));
  ASSERT_TRUE(runs().Release(Claim()).ok());
  EXPECT_THAT(counts(), Pair(1, 0));
}

TEST_F(RunStoreTest, TheFirstClaimMakesTheRunRunning) {
  const Id run = MakeRun(2).id;
  clock_.Advance(std::chrono::seconds(5));
  Claim();
  EXPECT_EQ(Get(run).state, RunState::kRunning);
  const std::int64_t started_us = test::FakeClock::kStartUs + 5'000'000;
  EXPECT_EQ(Get(run).started_us, started_us);
  clock_.Advance(std::chrono::seconds(1));
  Claim();
  EXPECT_EQ(Get(run).started_us, started_us);
}

TEST_F(RunStoreTest, TheLastShardMakesTheSummaryReady) {
  const Id run = MakeRun(2).id;
  const JobLease first = Claim();
  const JobLease second = Claim();
  ASSERT_TRUE(Finish(second).ok());
  EXPECT_EQ(Get(run).num_rows_done, 10);
  EXPECT_TRUE(NothingToClaim());
  ASSERT_TRUE(Finish(first).ok());
  EXPECT_EQ(Get(run).num_rows_done, 20);
  const JobLease summary = Claim();
  EXPECT_EQ(summary.kind, JobKind::kSummarize);
  EXPECT_EQ(summary.target_id, run);
}

TEST_F(RunStoreTest, ARunWithoutShardsIsSummarisedAtOnce) {
  MakeRun(0);
  EXPECT_EQ(Claim().kind, JobKind::kSummarize);
}

TEST_F(RunStoreTest, ScoresBelongToTheRun) {
  const Id run = MakeRun(1).id;
  ASSERT_TRUE(Finish(Claim()).ok());
  const ColumnRecord column = store().columns().ListColumns(kDefaultProject, run)->at(0);
  EXPECT_EQ(column.name, "accuracy");
  EXPECT_EQ(store().columns().ReadChunk(kDefaultProject, run, column, 0)->doubles[3], 1.5);
}

TEST_F(RunStoreTest, AFinishedRunHoldsItsResult) {
  const Id run = MakeRun(1).id;
  ASSERT_TRUE(Finish(Claim()).ok());
  RunResult result;
  result.summaries = {{.metric = "accuracy",
                       .cohort = "",
                       .value = -0.0,
                       .num_rows = 8,
                       .num_undefined = 2,
                       .lower = -std::numeric_limits<double>::denorm_min(),
                       .upper = 0.1},
                      {.metric = "accuracy", .cohort = "digit=3", .num_undefined = 1}};
  result.num_scored = 8;
  result.num_missing = 1;
  result.num_errors = 2;
  result.num_filtered = 3;
  result.notes = {"tied at cut-off 10: 4 rows", "second"};
  result.result_digest = DigestOfByte(7);
  ColumnRecord column = Scores(0)[0].column;
  column.null_count = 2;
  column.digest = DigestOfByte(8);
  clock_.Advance(std::chrono::seconds(2));
  ASSERT_TRUE(runs().FinishRun(Claim(), result, {column}).ok());

  const RunRecord read = Get(run);
  EXPECT_EQ(read.state, RunState::kSucceeded);
  EXPECT_EQ(read.num_scored, 8);
  EXPECT_EQ(read.num_missing, 1);
  EXPECT_EQ(read.num_errors, 2);
  EXPECT_EQ(read.num_filtered, 3);
  EXPECT_EQ(read.notes, result.notes);
  EXPECT_EQ(read.result_digest, DigestOfByte(7));
  EXPECT_EQ(read.ended_us, test::FakeClock::kStartUs + 2'000'000);
  const auto summaries = runs().ListSummaries(kDefaultProject, run);
  ASSERT_THAT(*summaries, SizeIs(2));
  EXPECT_TRUE(SameBits(*(*summaries)[0].value, -0.0));
  EXPECT_EQ((*summaries)[0].lower, -std::numeric_limits<double>::denorm_min());
  EXPECT_EQ((*summaries)[0].num_rows, 8);
  EXPECT_EQ((*summaries)[1].cohort, "digit=3");
  EXPECT_EQ((*summaries)[1].value, std::nullopt);
  const ColumnRecord stored = store().columns().ListColumns(kDefaultProject, run)->at(0);
  EXPECT_EQ(stored.null_count, 2);
  EXPECT_EQ(stored.digest, DigestOfByte(8));
  EXPECT_TRUE(NothingToClaim());
  EXPECT_EQ(QueryInt64("SELECT count(*) FROM jobs"), 0);
}

TEST_F(RunStoreTest, TablesOfARunAreReadBackAsTheyWere) {
  const Id run = MakeRun(0).id;
  Column labels = {.name = "label", .type = ColumnType::kText};
  Column counts = {.name = "count", .type = ColumnType::kInt64};
  for (std::int64_t row = 0; row < kChunkRows + 5; ++row) {
    AppendText(labels, std::to_string(row));
    ++labels.num_rows;
    counts.int64s.push_back(row);
    ++counts.num_rows;
  }
  const Column empty = {.name = "score", .type = ColumnType::kFloat64};
  RunResult result;
  result.tables = {{.name = "confusion", .description = "cells", .columns = {labels, counts}},
                   {.name = "none", .description = "", .columns = {empty}}};
  ASSERT_TRUE(runs().FinishRun(Claim(), result, {}).ok());
  const auto tables = runs().ListTables(kDefaultProject, run);
  ASSERT_TRUE(tables.ok()) << tables.status().ToString();
  ASSERT_EQ(tables->size(), 2U);
  EXPECT_EQ((*tables)[0].name, "confusion");
  EXPECT_EQ((*tables)[0].description, "cells");
  ASSERT_EQ((*tables)[0].columns.size(), 2U);
  EXPECT_EQ((*tables)[0].columns[0].name, "label");
  EXPECT_EQ((*tables)[0].columns[0].Text(kChunkRows + 4), std::to_string(kChunkRows + 4));
  EXPECT_EQ((*tables)[0].columns[1].int64s, counts.int64s);
  ASSERT_EQ((*tables)[1].columns.size(), 1U);
  EXPECT_EQ((*tables)[1].columns[0].type, ColumnType::kFloat64);
  EXPECT_EQ((*tables)[1].columns[0].num_rows, 0);
}

TEST_F(RunStoreTest, OnlyASucceededRunIsFoundByItsSpecification) {
  const RunRecord run = MakeRun(0);
  EXPECT_TRUE(absl::IsNotFound(runs().FindSucceededRun(kDefaultProject, run.spec_digest).status()));
  ASSERT_TRUE(runs().FinishRun(Claim(), {}, {}).ok());
  EXPECT_EQ(runs().FindSucceededRun(kDefaultProject, run.spec_digest)->id, run.id);
}

TEST_F(RunStoreTest, ALeaseThatRanOutIsClaimedAgainUnderAnotherFence) {
  MakeRun(1);
  const JobLease late = Claim();
  clock_.Advance(std::chrono::microseconds(kLeaseUs - 1));
  EXPECT_TRUE(NothingToClaim());
  clock_.Advance(std::chrono::microseconds(1));
  const JobLease next = Claim();
  EXPECT_EQ(next.job_id, late.job_id);
  EXPECT_GT(next.fence, late.fence);
  EXPECT_EQ(next.attempt, 2);
}

TEST_F(RunStoreTest, ALateResultIsRejectedAndNothingOfItIsStored) {
  const Id run = MakeRun(1).id;
  const JobLease late = Claim();
  clock_.Advance(std::chrono::microseconds(kLeaseUs));
  const JobLease next = Claim();
  EXPECT_TRUE(absl::IsAborted(runs().FinishShard(late, Scores(0, 9.0), 10)));
  EXPECT_TRUE(absl::IsAborted(runs().Renew(late, kLeaseUs)));
  EXPECT_TRUE(absl::IsAborted(runs().Release(late)));
  EXPECT_TRUE(absl::IsAborted(runs().FinishRun(late, {}, {})));
  EXPECT_TRUE(absl::IsAborted(runs().Fail(late, "late")));
  EXPECT_TRUE(store().columns().ListColumns(kDefaultProject, run)->empty());
  EXPECT_EQ(Get(run).num_rows_done, 0);
  EXPECT_TRUE(Finish(next).ok());
  EXPECT_TRUE(absl::IsAborted(Finish(next)));  // Once is enough.
  EXPECT_EQ(Get(run).num_rows_done, 10);
}

TEST_F(RunStoreTest, EachOfAThousandLateResultsIsRejected) {
  MakeRun(1);
  JobLease late = Claim();
  for (int i = 0; i < 1000; ++i) {
    clock_.Advance(std::chrono::microseconds(kLeaseUs));
    const JobLease next = Claim();
    ASSERT_TRUE(absl::IsAborted(Finish(late)));
    late = next;
  }
  EXPECT_TRUE(Finish(late).ok());
}

TEST_F(RunStoreTest, ARenewedLeaseIsKept) {
  MakeRun(1);
  const JobLease lease = Claim();
  clock_.Advance(std::chrono::microseconds(kLeaseUs - 1));
  ASSERT_TRUE(runs().Renew(lease, kLeaseUs).ok());
  clock_.Advance(std::chrono::microseconds(kLeaseUs - 1));
  EXPECT_TRUE(NothingToClaim());
  EXPECT_TRUE(Finish(lease).ok());
}

TEST_F(RunStoreTest, SettingTheClockNeitherLosesNorDoublesALease) {
  MakeRun(1);
  const JobLease lease = Claim();
  clock_.JumpTo(test::FakeClock::kStartUs + 3'600'000'000);
  EXPECT_TRUE(NothingToClaim());
  clock_.JumpTo(test::FakeClock::kStartUs - 3'600'000'000);
  clock_.Advance(std::chrono::microseconds(kLeaseUs));
  EXPECT_EQ(Claim().job_id, lease.job_id);
}

TEST_F(RunStoreTest, AReleasedJobIsReadyAtOnceAndItsAttemptNotCounted) {
  MakeRun(1);
  const JobLease lease = Claim();
  ASSERT_TRUE(runs().Release(lease).ok());
  const JobLease again = Claim();
  EXPECT_EQ(again.job_id, lease.job_id);
  EXPECT_EQ(again.attempt, 1);
  EXPECT_TRUE(absl::IsAborted(Finish(lease)));
}

TEST_F(RunStoreTest, AfterARestartEveryJobCanBeClaimedAgain) {
  MakeRun(2);
  const JobLease before = Claim();
  Reopen();
  ASSERT_TRUE(runs().ReleaseAll().ok());
  const JobLease after = Claim();
  EXPECT_EQ(after.job_id, before.job_id);
  EXPECT_EQ(after.attempt, 2);
  EXPECT_TRUE(absl::IsAborted(Finish(before)));
  EXPECT_TRUE(Finish(after).ok());
}

TEST_F(RunStoreTest, ACancelledRunHasNoJobsAndNoScores) {
  const Id run = MakeRun(2).id;
  ASSERT_TRUE(Finish(Claim()).ok());
  const JobLease lease = Claim();
  EXPECT_EQ(runs().CancelRun(kDefaultProject, run)->state, RunState::kCancelled);
  EXPECT_EQ(Get(run).ended_us, test::FakeClock::kStartUs);
  EXPECT_TRUE(absl::IsAborted(Finish(lease)));
  EXPECT_TRUE(absl::IsAborted(runs().Renew(lease, kLeaseUs)));
  EXPECT_TRUE(NothingToClaim());
  EXPECT_TRUE(store().columns().ListColumns(kDefaultProject, run)->empty());
}

TEST_F(RunStoreTest, CancellingAnEndedRunChangesNothing) {
  const Id run = MakeRun(0).id;
  ASSERT_TRUE(runs().FinishRun(Claim(), {}, {}).ok());
  clock_.Advance(std::chrono::seconds(1));
  const absl::StatusOr<RunRecord> cancelled = runs().CancelRun(kDefaultProject, run);
  EXPECT_EQ(cancelled->state, RunState::kSucceeded);
  EXPECT_EQ(cancelled->ended_us, test::FakeClock::kStartUs);
}

TEST_F(RunStoreTest, AFailedRunSaysWhyAndDropsItsOtherJobs) {
  const Id run = MakeRun(3).id;
  const JobLease lease = Claim();
  ASSERT_TRUE(runs().Fail(lease, "column 'label', chunk 2: checksum mismatch").ok());
  EXPECT_EQ(Get(run).state, RunState::kFailed);
  EXPECT_THAT(Get(run).error, HasSubstr("chunk 2"));
  EXPECT_TRUE(NothingToClaim());
}

TEST_F(RunStoreTest, WorkersAtOnceNeverShareAJob) {
  MakeRun(60);
  std::vector<std::vector<Id>> claimed(4);
  std::vector<std::thread> threads;
  for (std::vector<Id>& mine : claimed) {
    threads.emplace_back([&] {
      for (;;) {
        const absl::StatusOr<JobLease> lease = runs().Claim("worker", kLeaseUs);
        if (!lease.ok()) {
          return;
        }
        mine.push_back(lease->job_id);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  std::set<Id> all;
  for (const std::vector<Id>& mine : claimed) {
    for (const Id job : mine) {
      EXPECT_TRUE(all.insert(job).second) << job;
    }
  }
  EXPECT_THAT(all, SizeIs(60));
}

}  // namespace
}  // namespace assay::store
