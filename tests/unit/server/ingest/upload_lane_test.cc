#include "server/ingest/upload_lane.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>

namespace assay::ingest {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using Action = UploadLane::Action;

PendingBatchPtr MakeBatch(std::int64_t sequence) {
  auto batch = std::make_shared<PendingBatch>();
  batch->sequence = sequence;
  return batch;
}

UploadLane LoadedLane(std::int64_t num_batches) {
  UploadLane lane(1, 2);
  lane.Loaded(num_batches, false);
  return lane;
}

TEST(UploadLaneTest, LoadsBeforeAnythingElse) {
  UploadLane lane(1, 2);
  lane.Park(MakeBatch(0));
  EXPECT_EQ(lane.TakeStep(16).action, Action::kLoad);
}

TEST(UploadLaneTest, HasNothingToDoWithoutBatches) {
  UploadLane lane(1, 2);
  EXPECT_EQ(lane.TakeStep(16).action, Action::kNone);
}

TEST(UploadLaneTest, AppliesBatchesInTheOrderOfTheirNumbers) {
  UploadLane lane = LoadedLane(3);
  lane.Park(MakeBatch(5));
  lane.Park(MakeBatch(4));
  EXPECT_EQ(lane.TakeStep(16).action, Action::kNone);
  lane.Park(MakeBatch(3));
  for (std::int64_t sequence = 3; sequence < 6; ++sequence) {
    const UploadLane::Step step = lane.TakeStep(16);
    ASSERT_EQ(step.action, Action::kApply);
    EXPECT_EQ(step.batch->sequence, sequence);
    lane.Applied();
  }
  EXPECT_EQ(lane.TakeStep(16).action, Action::kNone);
}

TEST(UploadLaneTest, RefusesBatchesTooFarAhead) {
  UploadLane lane = LoadedLane(0);
  lane.Park(MakeBatch(16));
  EXPECT_EQ(lane.TakeStep(16).action, Action::kNone);
  lane.Park(MakeBatch(17));
  const UploadLane::Step step = lane.TakeStep(16);
  EXPECT_EQ(step.action, Action::kTooFar);
  EXPECT_EQ(step.batch->sequence, 17);
}

TEST(UploadLaneTest, ComparesARepeatOnlyOnceTheFirstIsDurable) {
  UploadLane lane = LoadedLane(0);
  lane.Park(MakeBatch(0));
  lane.Park(MakeBatch(0));
  EXPECT_EQ(lane.TakeStep(16).action, Action::kApply);
  lane.Applied();
  EXPECT_EQ(lane.TakeStep(16).action, Action::kNone);
  lane.Answered(true);
  EXPECT_EQ(lane.TakeStep(16).action, Action::kRepeat);
}

TEST(UploadLaneTest, LoadsAgainAfterAFailureOnceTheStoreHasAnsweredAll) {
  UploadLane lane = LoadedLane(0);
  lane.Park(MakeBatch(0));
  lane.Park(MakeBatch(1));
  lane.Park(MakeBatch(2));
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(lane.TakeStep(16).action, Action::kApply);
    lane.Applied();
  }
  lane.Answered(false);
  EXPECT_EQ(lane.TakeStep(16).action, Action::kNone);
  lane.Answered(false);
  EXPECT_EQ(lane.TakeStep(16).action, Action::kLoad);
}

TEST(UploadLaneTest, GivesBackWhatFollowsAFailedBatchUntilItComesAgain) {
  UploadLane lane = LoadedLane(4);
  lane.Failed(4);
  lane.Park(MakeBatch(5));
  const UploadLane::Step step = lane.TakeStep(16);
  EXPECT_EQ(step.action, Action::kGiveBack);
  EXPECT_EQ(step.batch->sequence, 5);
  lane.Park(MakeBatch(4));
  lane.Park(MakeBatch(5));
  EXPECT_EQ(lane.TakeStep(16).action, Action::kApply);
  lane.Applied();
  EXPECT_EQ(lane.TakeStep(16).action, Action::kApply);
}

TEST(UploadLaneTest, TakesNothingNewOnceSealed) {
  UploadLane lane(1, 2);
  lane.Loaded(2, true);
  lane.Park(MakeBatch(2));
  lane.Park(MakeBatch(1));
  EXPECT_EQ(lane.TakeStep(16).action, Action::kRepeat);
  EXPECT_EQ(lane.TakeStep(16).action, Action::kSealed);
}

TEST(UploadLaneTest, IsIdleOnlyWithoutOwnerAndWithoutAnswersOwed) {
  UploadLane lane = LoadedLane(0);
  EXPECT_TRUE(lane.is_idle());
  lane.is_owned = true;
  EXPECT_FALSE(lane.is_idle());
  lane.is_owned = false;
  lane.Applied();
  EXPECT_FALSE(lane.is_idle());
  lane.Answered(true);
  EXPECT_TRUE(lane.is_idle());
}

TEST(UploadLaneTest, GivesOutBatchesByAge) {
  UploadLane lane = LoadedLane(0);
  const std::chrono::steady_clock::time_point start;
  for (int i = 1; i <= 3; ++i) {
    const PendingBatchPtr batch = MakeBatch(i);
    batch->arrived = start + std::chrono::seconds(i);
    lane.Park(batch);
  }
  EXPECT_THAT(lane.TakeOlderThan(start + std::chrono::seconds(3)), SizeIs(2));
  EXPECT_THAT(lane.TakeAll(), SizeIs(1));
  EXPECT_THAT(lane.TakeAll(), IsEmpty());
}

}  // namespace
}  // namespace assay::ingest
