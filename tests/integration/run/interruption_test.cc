#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>

#include "server/run/scheduler.h"
#include "tests/integration/run/faulty_store.h"
#include "tests/integration/run/workbench.h"

namespace assay::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::int64_t kRows = 100'000;  // 25 chunks

std::unique_ptr<run::Scheduler> StartOn(
    Workbench& bench, store::Store& store, std::int32_t shard_chunks = 1,
    std::chrono::milliseconds lease = std::chrono::seconds(30)) {
  run::Scheduler::Options options;
  options.shard_chunks = shard_chunks;
  options.lease = lease;
  auto scheduler = std::make_unique<run::Scheduler>(store, bench.tracer(), SystemClock(), options);
  EXPECT_TRUE(scheduler->Start().ok());
  return scheduler;
}

// Data in a store, and a run that no worker has taken yet.
class InterruptionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    bench_ = std::make_unique<Workbench>(directory_.path());
    const store::Id dataset = bench_->PushDataset("d", LabelledExamples(kRows));
    outputs_ =
        bench_->PushOutputs(dataset, bench_->PushModel("m", {}), LabelledOutputs(kRows, 9, 1));
  }

  // Queues a run without starting workers.
  store::Id Queue(std::int32_t shard_chunks) {
    run::Scheduler::Options options;
    options.shard_chunks = shard_chunks;
    run::Scheduler scheduler(bench_->store(), bench_->tracer(), SystemClock(), options);
    const auto run = scheduler.Submit(store::kDefaultProject, {.output_set_id = outputs_}, {});
    EXPECT_TRUE(run.ok()) << run.status();
    return run.ok() ? run->id : 0;
  }

  // Digest of the same run without interruption.
  store::Digest ExpectedDigest() {
    const auto scheduler = bench_->StartScheduler();
    return bench_->Evaluate(*scheduler, {.output_set_id = outputs_}).result_digest.value();
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Workbench> bench_;
  store::Id outputs_ = 0;
};

TEST_F(InterruptionTest, KilledProcessesLoseNothing) {
  const store::Digest expected = ExpectedDigest();
  const store::Id run = Queue(1);
  bench_.reset();  // No thread may live across the fork.
  int num_kills = 0;
  for (int round = 0; round < 8; ++round) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      Workbench bench(directory_.path());
      FaultyStore slow(bench.store());
      slow.set_delay(std::chrono::milliseconds(4));  // or it would be done before it is killed
      const auto scheduler = StartOn(bench, slow, 3);
      for (;;) {
        pause();
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(25 + 9 * round));
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    num_kills += WIFSIGNALED(status) ? 1 : 0;
  }
  EXPECT_EQ(num_kills, 8);
  bench_ = std::make_unique<Workbench>(directory_.path());
  const auto scheduler = bench_->StartScheduler();
  const store::RunRecord ended = bench_->Await(run);
  ASSERT_EQ(ended.state, store::RunState::kSucceeded) << ended.error;
  EXPECT_EQ(ended.result_digest.value(), expected);
  EXPECT_EQ(ended.num_rows_done, kRows);
  const auto check = bench_->store().Check();
  ASSERT_TRUE(check.ok()) << check.status();
  EXPECT_THAT(check->findings, IsEmpty());
}

TEST_F(InterruptionTest, StoppedSchedulerGivesItsJobsBackAndAnotherGoesOn) {
  const store::Digest expected = ExpectedDigest();
  const store::Id run = Queue(2);
  FaultyStore slow(bench_->store());
  slow.set_delay(std::chrono::milliseconds(5));
  auto scheduler = StartOn(*bench_, slow);
  while (slow.num_reads() < 20) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  scheduler->Stop(std::chrono::milliseconds(0));
  const auto stopped = bench_->store().runs().GetRun(store::kDefaultProject, run);
  ASSERT_TRUE(stopped.ok());
  ASSERT_EQ(stopped->state, store::RunState::kRunning);
  // Given back: ready at once, not when the lease runs out.
  const auto lease = bench_->store().runs().Claim("test", 1'000'000);
  ASSERT_TRUE(lease.ok()) << lease.status();
  ASSERT_TRUE(bench_->store().runs().Release(*lease).ok());
  // Another layout of new runs does not disturb the one at hand.
  scheduler = StartOn(*bench_, bench_->store(), 7);
  const store::RunRecord ended = bench_->Await(run);
  ASSERT_EQ(ended.state, store::RunState::kSucceeded) << ended.error;
  EXPECT_EQ(ended.result_digest.value(), expected);
}

TEST_F(InterruptionTest, StopWaitsForJobsInHandUntilItsDeadline) {
  const store::Id run = Queue(25);
  FaultyStore slow(bench_->store());
  slow.set_delay(std::chrono::milliseconds(2));
  const auto scheduler = StartOn(*bench_, slow);
  while (slow.num_reads() < 5) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  scheduler->Stop(std::chrono::seconds(60));
  const auto stopped = bench_->store().runs().GetRun(store::kDefaultProject, run);
  ASSERT_TRUE(stopped.ok());
  EXPECT_EQ(stopped->num_rows_done, kRows);              // The one shard was finished.
  EXPECT_EQ(stopped->state, store::RunState::kRunning);  // Its summary was not begun.
}

TEST_F(InterruptionTest, CancelStopsTheWorkers) {
  FaultyStore slow(bench_->store());
  slow.set_delay(std::chrono::milliseconds(20));
  const auto scheduler = StartOn(*bench_, slow, 25);  // about four seconds of reading
  const auto run = scheduler->Submit(store::kDefaultProject, {.output_set_id = outputs_}, {});
  ASSERT_TRUE(run.ok()) << run.status();
  while (slow.num_reads() < 5) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const auto asked = std::chrono::steady_clock::now();
  const auto cancelled = scheduler->Cancel(store::kDefaultProject, run->id);
  ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  EXPECT_EQ(cancelled->state, store::RunState::kCancelled);
  scheduler->Stop(std::chrono::seconds(60));  // Waits for whatever is still at work.
  EXPECT_LT(std::chrono::steady_clock::now() - asked, std::chrono::seconds(2));
  EXPECT_LT(slow.num_reads(), 60);  // of 150 and more
  const auto after = bench_->store().runs().GetRun(store::kDefaultProject, run->id);
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(after->state, store::RunState::kCancelled);
  EXPECT_EQ(after->num_rows_done, 0);
}

TEST_F(InterruptionTest, CancellingAnEndedRunChangesNothing) {
  const auto scheduler = bench_->StartScheduler();
  const store::RunRecord run = bench_->Evaluate(*scheduler, {.output_set_id = outputs_});
  const auto cancelled = scheduler->Cancel(store::kDefaultProject, run.id);
  ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  EXPECT_EQ(cancelled->state, store::RunState::kSucceeded);
  EXPECT_EQ(cancelled->result_digest, run.result_digest);
}

TEST_F(InterruptionTest, LateResultOfAPausedWorkerIsRejected) {
  const store::Digest expected = ExpectedDigest();
  const store::Id run = Queue(1);
  // A worker that takes a job and then sleeps past its lease.
  const auto paused = bench_->store().runs().Claim("paused", 1);
  ASSERT_TRUE(paused.ok()) << paused.status();
  ASSERT_EQ(paused->target_id, run);
  // Not Start's doing: the lease has run out by itself.
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  const auto second = bench_->store().runs().Claim("second", 1);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->job_id, paused->job_id);
  EXPECT_GT(second->fence, paused->fence);
  EXPECT_TRUE(absl::IsAborted(bench_->store().runs().FinishShard(*paused, {}, store::kChunkRows)));
  const auto scheduler = StartOn(*bench_, bench_->store());
  const store::RunRecord ended = bench_->Await(run);
  ASSERT_EQ(ended.state, store::RunState::kSucceeded) << ended.error;
  EXPECT_TRUE(absl::IsAborted(bench_->store().runs().FinishShard(*paused, {}, store::kChunkRows)));
  EXPECT_EQ(ended.num_rows_done, kRows);
  EXPECT_EQ(ended.result_digest.value(), expected);
}

TEST_F(InterruptionTest, LeasesAreRenewedWhileTheJobIsInHand) {
  FaultyStore slow(bench_->store());
  slow.set_delay(std::chrono::milliseconds(10));
  // One shard takes several times as long as a lease.
  const auto scheduler = StartOn(*bench_, slow, 25, std::chrono::milliseconds(300));
  const auto run = scheduler->Submit(store::kDefaultProject, {.output_set_id = outputs_}, {});
  ASSERT_TRUE(run.ok()) << run.status();
  const store::RunRecord ended = bench_->Await(run->id);
  ASSERT_EQ(ended.state, store::RunState::kSucceeded) << ended.error;
  // 25 chunks of four example and output columns, then of five score and two cohort columns: any
  // job done twice would show.
  EXPECT_LT(slow.num_reads(), 25 * 12 + 20);
}

TEST_F(InterruptionTest, ReadsThatFailForAMomentAreTriedAgain) {
  FaultyStore faulty(bench_->store());
  faulty.FailLabels(1, absl::StatusCode::kUnavailable);
  const auto scheduler = StartOn(*bench_, faulty, 25);
  const auto run = scheduler->Submit(store::kDefaultProject, {.output_set_id = outputs_}, {});
  ASSERT_TRUE(run.ok()) << run.status();
  const store::RunRecord ended = bench_->Await(run->id);
  EXPECT_EQ(ended.state, store::RunState::kSucceeded) << ended.error;
  EXPECT_EQ(faulty.num_failed(), 1);
}

TEST_F(InterruptionTest, ThirdFailureOfAJobFailsTheRunWithItsError) {
  FaultyStore faulty(bench_->store());
  faulty.FailLabels(1000, absl::StatusCode::kUnavailable);
  const auto scheduler = StartOn(*bench_, faulty, 25);
  const auto run = scheduler->Submit(store::kDefaultProject, {.output_set_id = outputs_}, {});
  ASSERT_TRUE(run.ok()) << run.status();
  const store::RunRecord ended = bench_->Await(run->id);
  EXPECT_EQ(ended.state, store::RunState::kFailed);
  EXPECT_THAT(ended.error, HasSubstr("the disk coughed"));
  EXPECT_EQ(faulty.num_failed(), 3);
}

TEST_F(InterruptionTest, DamagedDataFailTheRunAtOnce) {
  FaultyStore faulty(bench_->store());
  faulty.FailLabels(1000, absl::StatusCode::kDataLoss);
  const auto scheduler = StartOn(*bench_, faulty, 25);
  const auto run = scheduler->Submit(store::kDefaultProject, {.output_set_id = outputs_}, {});
  ASSERT_TRUE(run.ok()) << run.status();
  const store::RunRecord ended = bench_->Await(run->id);
  EXPECT_EQ(ended.state, store::RunState::kFailed);
  EXPECT_EQ(faulty.num_failed(), 1);
}

}  // namespace
}  // namespace assay::test
