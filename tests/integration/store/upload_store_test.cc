#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "tests/integration/store/store_fixture.h"

namespace assay::store {
namespace {

using testing::HasSubstr;

class UploadStoreTest : public StoreTest {
 protected:
  UploadStore& uploads() { return store().uploads(); }

  UploadRecord Begin(const std::string& request_id = "") {
    UploadRecord target;
    target.kind = UploadKind::kDataset;
    target.dataset_name = "d";
    return *uploads().Begin(kDefaultProject, target, request_id);
  }
  BatchWrite Batch(Id upload, std::int64_t sequence, std::int64_t first_chunk, const Column& rows,
                   std::int64_t rows_after) {
    BatchWrite batch;
    batch.project = kDefaultProject;
    batch.upload = upload;
    batch.sequence = sequence;
    batch.content = DigestOfByte(static_cast<std::uint8_t>(sequence + 1));
    batch.num_rows = rows_after;
    batch.columns.push_back(EncodeColumn(0, rows).chunks);
    batch.columns[0].first_chunk = first_chunk;
    return batch;
  }
  absl::Status Append(BatchWrite batch) {
    std::promise<absl::Status> done;
    uploads().Append(std::move(batch),
                     [&](absl::Status status) { done.set_value(std::move(status)); });
    return done.get_future().get();
  }
  std::int64_t NumChunks() { return QueryInt64("SELECT count(*) FROM chunks"); }
};

TEST_F(UploadStoreTest, AnUploadStartsOpenAndEmpty) {
  const absl::StatusOr<UploadRecord> upload = uploads().Get(kDefaultProject, Begin().id);
  ASSERT_TRUE(upload.ok()) << upload.status();
  EXPECT_EQ(upload->state, UploadState::kOpen);
  EXPECT_EQ(upload->next_sequence, 0);
  EXPECT_EQ(upload->dataset_name, "d");
  EXPECT_EQ(upload->created_us, test::FakeClock::kStartUs);
}

TEST_F(UploadStoreTest, ARepeatedRequestGivesTheUploadItMade) {
  EXPECT_EQ(Begin("r").id, Begin("r").id);
  EXPECT_NE(Begin("").id, Begin("").id);
  EXPECT_NE(Begin("r").id, Begin("s").id);
}

TEST_F(UploadStoreTest, AnUnknownUploadIsNotFound) {
  EXPECT_EQ(uploads().Get(kDefaultProject, 99).status(),
            absl::NotFoundError("no such upload: 'uploads/99'"));
}

TEST_F(UploadStoreTest, AnAcknowledgedBatchSurvivesARestart) {
  const Id id = Begin().id;
  ASSERT_TRUE(Append(Batch(id, 0, 0, NumberedTexts("key", "k", 10), 10)).ok());
  Reopen();
  const UploadRecord upload = *uploads().Get(kDefaultProject, id);
  EXPECT_EQ(upload.next_sequence, 1);
  EXPECT_EQ(upload.num_rows, 10);
  const ColumnRecord column = store().columns().ListColumns(kDefaultProject, id)->at(0);
  EXPECT_EQ(store().columns().ReadChunk(kDefaultProject, id, column, 0)->Text(9), "k9");
}

TEST_F(UploadStoreTest, TheContentOfAStoredBatchIsRemembered) {
  const Id id = Begin().id;
  ASSERT_TRUE(Append(Batch(id, 0, 0, NumberedTexts("key", "k", 10), 10)).ok());
  EXPECT_EQ(*uploads().GetBatch(kDefaultProject, id, 0), DigestOfByte(1));
  EXPECT_TRUE(absl::IsNotFound(uploads().GetBatch(kDefaultProject, id, 1).status()));
}

TEST_F(UploadStoreTest, ABatchOutOfTurnIsAborted) {
  const Id id = Begin().id;
  const absl::Status status = Append(Batch(id, 1, 0, NumberedTexts("key", "k", 10), 10));
  EXPECT_TRUE(absl::IsAborted(status)) << status;
  ASSERT_TRUE(Append(Batch(id, 0, 0, NumberedTexts("key", "k", 10), 10)).ok());
  EXPECT_TRUE(absl::IsAborted(Append(Batch(id, 0, 0, NumberedTexts("key", "k", 10), 10))));
}

TEST_F(UploadStoreTest, AFailedBatchLeavesTheUploadAsItWas) {
  const Id id = Begin().id;
  BatchWrite batch = Batch(id, 0, 0, NumberedTexts("key", "k", 10), 10);
  batch.columns.push_back(batch.columns[0]);
  batch.columns[1].column.number = 1;  // the same name twice
  EXPECT_FALSE(Append(std::move(batch)).ok());
  EXPECT_EQ(uploads().Get(kDefaultProject, id)->next_sequence, 0);
  EXPECT_EQ(NumChunks(), 0);
}

TEST_F(UploadStoreTest, TheShortLastChunkOfABatchIsReplacedByTheNext) {
  const Id id = Begin().id;
  ASSERT_TRUE(Append(Batch(id, 0, 0, NumberedTexts("key", "k", 10), 10)).ok());
  ASSERT_TRUE(Append(Batch(id, 1, 0, NumberedTexts("key", "k", 20), 20)).ok());
  const ColumnRecord column = store().columns().ListColumns(kDefaultProject, id)->at(0);
  EXPECT_EQ(store().columns().ReadChunk(kDefaultProject, id, column, 0)->num_rows, 20);
  EXPECT_EQ(NumChunks(), 1);  // The short one is gone.
  EXPECT_EQ(QueryInt64("SELECT count(*) FROM chunk_segments"), 1);
}

TEST_F(UploadStoreTest, AReplacedChunkThatOthersUseStays) {
  const Column shared = NumberedTexts("key", "k", 10);
  const DatasetVersionRecord version = MakeVersion("other", {shared});
  const Id id = Begin().id;
  ASSERT_TRUE(Append(Batch(id, 0, 0, shared, 10)).ok());
  ASSERT_TRUE(Append(Batch(id, 1, 0, NumberedTexts("key", "k", 20), 20)).ok());
  const ColumnRecord column = store().columns().ListColumns(kDefaultProject, version.id)->at(0);
  EXPECT_TRUE(store().columns().ReadChunk(kDefaultProject, version.id, column, 0).ok());
}

TEST_F(UploadStoreTest, NothingIsVisibleBeforeTheCommit) {
  const Id id = Begin().id;
  ASSERT_TRUE(Append(Batch(id, 0, 0, NumberedTexts("key", "k", 10), 10)).ok());
  EXPECT_TRUE(absl::IsNotFound(store().datasets().FindDataset(kDefaultProject, "d").status()));
}

TEST_F(UploadStoreTest, ACommitGivesTheColumnsToTheVersion) {
  const UploadRecord upload = PushDataset("d", {NumberedTexts("key", "k", 10)});
  EXPECT_EQ(upload.state, UploadState::kCommitted);
  EXPECT_FALSE(upload.already_existed);
  const auto columns = store().columns().ListColumns(kDefaultProject, upload.result_id);
  ASSERT_EQ(columns->size(), 1U);
  EXPECT_EQ((*columns)[0].digest, EncodeColumn(0, NumberedTexts("key", "k", 10)).record.digest);
  EXPECT_TRUE(store().columns().ListColumns(kDefaultProject, upload.id)->empty());
}

TEST_F(UploadStoreTest, ARepeatedCommitGivesTheSameAnswer) {
  const UploadRecord upload = PushDataset("d", {NumberedTexts("key", "k", 10)});
  CommitWrite again;
  again.project = kDefaultProject;
  again.upload = upload.id;
  again.dataset_version.dataset_name = "d";
  again.dataset_version.digest = DigestOfByte(1);
  const absl::StatusOr<UploadRecord> repeated = uploads().Commit(again);
  ASSERT_TRUE(repeated.ok()) << repeated.status();
  EXPECT_EQ(repeated->result_id, upload.result_id);
  EXPECT_EQ(QueryInt64("SELECT count(*) FROM dataset_versions"), 1);
}

TEST_F(UploadStoreTest, TheSameContentIsTheSameVersion) {
  const UploadRecord first = PushDataset("d", {NumberedTexts("key", "k", 10)});
  const UploadRecord second = PushDataset("d", {NumberedTexts("key", "k", 10)});
  EXPECT_TRUE(second.already_existed);
  EXPECT_EQ(second.result_id, first.result_id);
  EXPECT_EQ(QueryInt64("SELECT count(*) FROM columns"), 1);
  EXPECT_EQ(QueryInt64("SELECT count(*) FROM column_chunks"), 1);
}

TEST_F(UploadStoreTest, TheSameOutputsOfTheSameModelAreTheSameSet) {
  const Id dataset = MakeVersion("d", {NumberedTexts("key", "k", 2)}).id;
  const Id model = MakeModel("m", 1).id;
  const UploadRecord first = PushOutputs(dataset, model, {NumberedTexts("label", "a", 2)});
  const UploadRecord second = PushOutputs(dataset, model, {NumberedTexts("label", "a", 2)});
  EXPECT_TRUE(second.already_existed);
  EXPECT_EQ(second.result_id, first.result_id);
  const OutputSetRecord set = *store().models().GetOutputSet(kDefaultProject, first.result_id);
  EXPECT_EQ(set.dataset_version_id, dataset);
  EXPECT_EQ(set.model_version_id, model);
  EXPECT_TRUE(set.is_aligned);
  EXPECT_EQ(set.num_rows, 2);
}

TEST_F(UploadStoreTest, HiddenColumnsAreAddedAtTheCommit) {
  const Id id = Begin().id;
  const EncodedColumn key = EncodeColumn(0, NumberedTexts("key", "k", 10));
  ASSERT_TRUE(Append(Batch(id, 0, 0, NumberedTexts("key", "k", 10), 10)).ok());
  CommitWrite commit;
  commit.project = kDefaultProject;
  commit.upload = id;
  commit.columns = {key.record};
  commit.hidden = {EncodeColumn(1, NumberedDoubles("$order", 1, 10)).chunks};
  commit.dataset_version.dataset_name = "d";
  commit.dataset_version.num_rows = 10;
  commit.dataset_version.digest = ContentDigest(10, 0, {key.record});
  const absl::StatusOr<UploadRecord> upload = uploads().Commit(commit);
  ASSERT_TRUE(upload.ok()) << upload.status();
  const auto columns = store().columns().ListColumns(kDefaultProject, upload->result_id);
  ASSERT_EQ(columns->size(), 2U);
  EXPECT_EQ((*columns)[1].name, "$order");
  EXPECT_TRUE(
      store().columns().ReadChunk(kDefaultProject, upload->result_id, (*columns)[1], 0).ok());
}

TEST_F(UploadStoreTest, NothingIsAppendedAfterTheCommit) {
  const UploadRecord upload = PushDataset("d", {NumberedTexts("key", "k", 10)});
  const absl::Status status = Append(Batch(upload.id, 1, 0, NumberedTexts("key", "k", 10), 10));
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
}

TEST_F(UploadStoreTest, AnAbortedUploadIsForgotten) {
  const Id id = Begin("r").id;
  ASSERT_TRUE(Append(Batch(id, 0, 0, NumberedTexts("key", "k", 10), 10)).ok());
  EXPECT_TRUE(uploads().Abort(kDefaultProject, id).ok());
  EXPECT_TRUE(absl::IsNotFound(uploads().Get(kDefaultProject, id).status()));
  EXPECT_TRUE(store().columns().ListColumns(kDefaultProject, id)->empty());
  EXPECT_TRUE(absl::IsNotFound(Append(Batch(id, 1, 0, NumberedTexts("key", "k", 10), 10))));
  EXPECT_NE(Begin("r").id, id);
}

TEST_F(UploadStoreTest, AbortingTwiceOrAfterTheCommitIsNoError) {
  const Id id = Begin().id;
  EXPECT_TRUE(uploads().Abort(kDefaultProject, id).ok());
  EXPECT_TRUE(uploads().Abort(kDefaultProject, id).ok());
  const UploadRecord committed = PushDataset("d", {NumberedTexts("key", "k", 10)});
  EXPECT_TRUE(uploads().Abort(kDefaultProject, committed.id).ok());
  EXPECT_EQ(uploads().Get(kDefaultProject, committed.id)->result_id, committed.result_id);
  EXPECT_TRUE(store().datasets().GetVersion(kDefaultProject, committed.result_id).ok());
}

TEST_F(UploadStoreTest, CollectForgetsUploadsThatWereLeftAlone) {
  const Id old = Begin().id;
  clock_.Advance(std::chrono::hours(1));
  const Id young = Begin().id;
  EXPECT_EQ(*uploads().Collect(clock_.NowUs()), 1);
  EXPECT_TRUE(absl::IsNotFound(uploads().Get(kDefaultProject, old).status()));
  EXPECT_TRUE(uploads().Get(kDefaultProject, young).ok());
}

TEST_F(UploadStoreTest, CollectKeepsAnUploadThatGrew) {
  const Id id = Begin().id;
  clock_.Advance(std::chrono::hours(1));
  const std::int64_t before_us = clock_.NowUs();
  ASSERT_TRUE(Append(Batch(id, 0, 0, NumberedTexts("key", "k", 10), 10)).ok());
  EXPECT_EQ(*uploads().Collect(before_us), 0);
}

TEST_F(UploadStoreTest, CollectSweepsChunksThatNothingRefersTo) {
  const Column shared = NumberedTexts("key", "k", 10);
  MakeVersion("other", {shared});
  const Id id = Begin().id;
  ASSERT_TRUE(Append(Batch(id, 0, 0, shared, 10)).ok());
  ASSERT_TRUE(Append(Batch(id, 1, 1, NumberedTexts("key", "x", 10), 20)).ok());
  ASSERT_TRUE(uploads().Abort(kDefaultProject, id).ok());
  EXPECT_EQ(NumChunks(), 2);
  EXPECT_EQ(*uploads().Collect(0), 0);
  EXPECT_EQ(NumChunks(), 1);
  EXPECT_EQ(QueryInt64("SELECT count(*) FROM loose_chunks"), 0);
  EXPECT_TRUE(store().Check()->findings.empty());
}

TEST_F(UploadStoreTest, ALooseChunkThatIsUsedAgainIsNotSwept) {
  const Id first = Begin().id;
  ASSERT_TRUE(Append(Batch(first, 0, 0, NumberedTexts("key", "k", 10), 10)).ok());
  ASSERT_TRUE(uploads().Abort(kDefaultProject, first).ok());
  const DatasetVersionRecord version = MakeVersion("d", {NumberedTexts("key", "k", 10)});
  ASSERT_TRUE(uploads().Collect(0).ok());
  const ColumnRecord column = store().columns().ListColumns(kDefaultProject, version.id)->at(0);
  EXPECT_TRUE(store().columns().ReadChunk(kDefaultProject, version.id, column, 0).ok());
}

TEST_F(UploadStoreTest, CollectGivesSpaceBack) {
  const Id id = Begin().id;
  ASSERT_TRUE(Append(Batch(id, 0, 0, NumberedDoubles("score", 0.1, 800 * kChunkRows), 1)).ok());
  ASSERT_TRUE(uploads().Abort(kDefaultProject, id).ok());
  const std::int64_t pages_before = QueryInt64("PRAGMA page_count");
  ASSERT_TRUE(uploads().Collect(0).ok());
  EXPECT_LT(QueryInt64("PRAGMA page_count"), pages_before / 2);
}

}  // namespace
}  // namespace assay::store
