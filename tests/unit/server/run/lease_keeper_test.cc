#include "server/run/lease_keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <thread>

namespace assay::run {
namespace {

using store::ComparisonRecord;
using store::ComparisonResult;
using store::Id;
using store::JobLease;
using store::PageRequest;
using store::RunRecord;
using ::testing::_;
using ::testing::AtLeast;
using ::testing::NiceMock;
using ::testing::Return;

class MockRunStore : public store::RunStore {
 public:
  MOCK_METHOD(absl::StatusOr<RunRecord>, CreateRun, (Id, const RunRecord&, std::int32_t),
              (override));
  MOCK_METHOD(absl::StatusOr<RunRecord>, GetRun, (Id, Id), (const, override));
  MOCK_METHOD(absl::StatusOr<std::vector<RunRecord>>, ListRuns, (Id, Id, Id, PageRequest),
              (const, override));
  MOCK_METHOD(absl::StatusOr<RunRecord>, FindSucceededRun, (Id, const store::Digest&),
              (const, override));
  MOCK_METHOD(absl::StatusOr<std::vector<ResultTable>>, ListTables, (Id, Id), (const, override));
  MOCK_METHOD(absl::StatusOr<std::vector<store::SummaryRecord>>, ListSummaries, (Id, Id),
              (const, override));
  MOCK_METHOD(absl::StatusOr<RunRecord>, CancelRun, (Id, Id), (override));
  MOCK_METHOD(absl::StatusOr<ComparisonRecord>, CreateComparison, (Id, const ComparisonRecord&),
              (override));
  MOCK_METHOD(absl::StatusOr<ComparisonRecord>, GetComparison, (Id, Id), (const, override));
  MOCK_METHOD(absl::StatusOr<std::vector<ComparisonRecord>>, ListComparisons, (Id, PageRequest),
              (const, override));
  MOCK_METHOD(absl::StatusOr<std::vector<std::string>>, RecentFlips,
              (Id, const store::FlipsRecord&, Id, std::int32_t), (const, override));
  MOCK_METHOD(absl::StatusOr<store::RowListRecord>, GetRowList, (Id, Id, const std::string&),
              (const, override));
  MOCK_METHOD(absl::StatusOr<store::JobCounts>, CountJobs, (), (const, override));
  MOCK_METHOD(absl::StatusOr<JobLease>, Claim, (const std::string&, std::int64_t), (override));
  MOCK_METHOD(absl::Status, Renew, (const JobLease&, std::int64_t), (override));
  MOCK_METHOD(absl::Status, Release, (const JobLease&), (override));
  MOCK_METHOD(absl::Status, ReleaseAll, (), (override));
  MOCK_METHOD(absl::Status, FinishShard,
              (const JobLease&, const std::vector<store::ColumnChunks>&, std::int64_t), (override));
  MOCK_METHOD(absl::Status, FinishRun,
              (const JobLease&, const store::RunResult&, const std::vector<store::ColumnRecord>&),
              (override));
  MOCK_METHOD(absl::Status, FinishComparison, (const JobLease&, const ComparisonResult&),
              (override));
  MOCK_METHOD(absl::Status, Fail, (const JobLease&, const std::string&), (override));
};

JobLease Lease(Id job, Id target, std::int64_t fence = 1) {
  JobLease lease;
  lease.job_id = job;
  lease.target_id = target;
  lease.fence = fence;
  return lease;
}

constexpr std::chrono::milliseconds kLongLease{60'000};
constexpr std::chrono::milliseconds kShortLease{30};

// Waits, at most a minute, for a reason to stop.
StopReason AwaitStop(const JobControl& control) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (control.reason() == StopReason::kNone && std::chrono::steady_clock::now() < until) {
    std::this_thread::yield();
  }
  return control.reason();
}

TEST(LeaseKeeperTest, CancelStopsTheJobsOfOneTarget) {
  NiceMock<MockRunStore> runs;
  LeaseKeeper keeper(runs, SystemClock(), kLongLease);
  const auto first = keeper.Hold(Lease(1, 10));
  const auto second = keeper.Hold(Lease(2, 10));
  const auto other = keeper.Hold(Lease(3, 11));
  keeper.Cancel(10);
  EXPECT_EQ(first->reason(), StopReason::kCancelled);
  EXPECT_EQ(second->reason(), StopReason::kCancelled);
  EXPECT_TRUE(absl::IsCancelled(first->Check()));
  EXPECT_TRUE(other->Check().ok());
}

TEST(LeaseKeeperTest, JobClaimedJustBeforeItsRunWasCancelledStopsAtOnce) {
  NiceMock<MockRunStore> runs;
  LeaseKeeper keeper(runs, SystemClock(), kLongLease);
  keeper.Cancel(10);
  EXPECT_EQ(keeper.Hold(Lease(1, 10))->reason(), StopReason::kCancelled);
  EXPECT_EQ(keeper.Hold(Lease(2, 11))->reason(), StopReason::kNone);
}

TEST(LeaseKeeperTest, ShutDownStopsJobsInHandAndThoseToCome) {
  NiceMock<MockRunStore> runs;
  LeaseKeeper keeper(runs, SystemClock(), kLongLease);
  const auto held = keeper.Hold(Lease(1, 10));
  keeper.ShutDown();
  EXPECT_EQ(held->reason(), StopReason::kShutdown);
  EXPECT_EQ(keeper.Hold(Lease(2, 11))->reason(), StopReason::kShutdown);
}

TEST(LeaseKeeperTest, FirstReasonStays) {
  NiceMock<MockRunStore> runs;
  LeaseKeeper keeper(runs, SystemClock(), kLongLease);
  const auto held = keeper.Hold(Lease(1, 10));
  keeper.Cancel(10);
  keeper.ShutDown();
  EXPECT_EQ(held->reason(), StopReason::kCancelled);
}

TEST(LeaseKeeperTest, HeldLeasesAreRenewedAgainAndAgain) {
  NiceMock<MockRunStore> runs;
  std::promise<void> renewed_thrice;
  std::atomic<int> num_renewals{0};
  EXPECT_CALL(runs, Renew(_, 30'000)).Times(AtLeast(3)).WillRepeatedly([&] {
    if (++num_renewals == 3) {
      renewed_thrice.set_value();
    }
    return absl::OkStatus();
  });
  LeaseKeeper keeper(runs, SystemClock(), kShortLease);
  const auto held = keeper.Hold(Lease(1, 10));
  EXPECT_EQ(renewed_thrice.get_future().wait_for(std::chrono::minutes(1)),
            std::future_status::ready);
  EXPECT_EQ(held->reason(), StopReason::kNone);
}

TEST(LeaseKeeperTest, LostLeaseStopsItsJob) {
  NiceMock<MockRunStore> runs;
  ON_CALL(runs, Renew(_, _)).WillByDefault(Return(absl::AbortedError("another fence")));
  LeaseKeeper keeper(runs, SystemClock(), kShortLease);
  EXPECT_EQ(AwaitStop(*keeper.Hold(Lease(1, 10))), StopReason::kLeaseLost);
}

TEST(LeaseKeeperTest, LeaseThatCouldNotBeRenewedInTimeIsGivenUp) {
  NiceMock<MockRunStore> runs;
  ON_CALL(runs, Renew(_, _)).WillByDefault(Return(absl::UnavailableError("busy")));
  LeaseKeeper keeper(runs, SystemClock(), kShortLease);
  const auto held = keeper.Hold(Lease(1, 10));
  EXPECT_EQ(AwaitStop(*held), StopReason::kLeaseLost);
}

TEST(LeaseKeeperTest, DroppedLeaseIsNotStopped) {
  NiceMock<MockRunStore> runs;
  LeaseKeeper keeper(runs, SystemClock(), kLongLease);
  const auto held = keeper.Hold(Lease(1, 10));
  keeper.Drop(Lease(1, 10));
  keeper.Cancel(10);
  EXPECT_EQ(held->reason(), StopReason::kNone);
}

TEST(LeaseKeeperTest, DroppingAnOldFenceKeepsTheNewOne) {
  NiceMock<MockRunStore> runs;
  LeaseKeeper keeper(runs, SystemClock(), kLongLease);
  const auto again = keeper.Hold(Lease(1, 10, 2));
  keeper.Drop(Lease(1, 10, 1));
  keeper.Cancel(10);
  EXPECT_EQ(again->reason(), StopReason::kCancelled);
}

}  // namespace
}  // namespace assay::run
