// Batches on their way into the store: order, repeats, restarts, and what bad rows leave behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "server/ingest/ingestor.h"
#include "tests/integration/ingest/ingest_fixture.h"

namespace assay::ingest {
namespace {

using test::CodedTextColumn;
using test::Float32VectorColumn;
using test::Float64Column;
using test::RankingColumn;
using test::TextColumn;
using ::testing::HasSubstr;

class UploadTest : public IngestTest {};

// Cuts [0, num_rows) at random places.
std::vector<std::pair<std::int64_t, std::int64_t>> RandomCuts(std::int64_t num_rows,
                                                              std::int64_t largest, int seed) {
  std::mt19937 random(static_cast<unsigned>(seed));
  std::uniform_int_distribution<std::int64_t> size(1, largest);
  std::vector<std::pair<std::int64_t, std::int64_t>> cuts;
  for (std::int64_t begin = 0; begin < num_rows;) {
    const std::int64_t end = std::min(num_rows, begin + size(random));
    cuts.emplace_back(begin, end);
    begin = end;
  }
  return cuts;
}

TEST_F(UploadTest, StoresTheRowsAsTheyWere) {
  constexpr std::int64_t kNumRows = 10'000;
  const store::Id upload = BeginDataset("digits");
  ASSERT_TRUE(SendNow(upload, 0, ExampleRows(0, 4000)).ok());
  ASSERT_TRUE(SendNow(upload, 1, ExampleRows(4000, 4001)).ok());
  ASSERT_TRUE(SendNow(upload, 2, ExampleRows(4001, kNumRows)).ok());
  const auto done = Commit(upload, 3);
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->state, store::UploadState::kCommitted);
  const store::DatasetVersionRecord version = VersionOf(*done);
  EXPECT_EQ(version.num_rows, kNumRows);
  const std::vector<Column> sent = ExampleRows(0, kNumRows);
  const Column keys = ReadAll(version.id, "key", kNumRows);
  const Column labels = ReadAll(version.id, "label", kNumRows);
  const Column numbers = ReadAll(version.id, "number", kNumRows);
  const Column relevance = ReadAll(version.id, "relevance", kNumRows);
  ASSERT_EQ(keys.num_rows, kNumRows);
  EXPECT_EQ(numbers.doubles, sent[4].doubles);
  EXPECT_EQ(relevance.list_offsets, sent[6].list_offsets);
  EXPECT_EQ(relevance.int32s, sent[6].int32s);
  for (std::int64_t row = 0; row < kNumRows; ++row) {
    ASSERT_EQ(keys.Text(row), sent[0].Text(row));
    ASSERT_EQ(labels.IsValid(row), sent[2].IsValid(row));
    ASSERT_EQ(labels.Text(row), sent[2].Text(row));
    ASSERT_EQ(relevance.Text(2 * row + 1), sent[6].Text(2 * row + 1));
  }
}

TEST_F(UploadTest, GivesTheSameDigestHoweverTheRowsAreCut) {
  constexpr std::int64_t kNumRows = 30'000;
  const store::DatasetVersionRecord whole = PushDataset("whole", ExampleRows(0, kNumRows));
  int seed = 0;
  for (const std::int64_t largest : {3000, 9000, 20'000}) {
    const std::string name = "cut" + std::to_string(largest);
    const store::Id upload = BeginDataset(name);
    std::int64_t sequence = 0;
    for (const auto& [begin, end] : RandomCuts(kNumRows, largest, ++seed)) {
      ASSERT_TRUE(SendNow(upload, sequence++, ExampleRows(begin, end)).ok());
    }
    const auto done = Commit(upload, sequence);
    ASSERT_TRUE(done.ok()) << done.status();
    EXPECT_EQ(VersionOf(*done).digest, whole.digest) << largest;
  }
}

TEST_F(UploadTest, PutsBatchesThatArriveOutOfOrderInOrder) {
  constexpr std::int64_t kNumRows = 30'000;
  const store::DatasetVersionRecord whole = PushDataset("whole", ExampleRows(0, kNumRows));
  const auto cuts = RandomCuts(kNumRows, 5000, 5);
  ASSERT_LE(cuts.size(), 16U);
  std::vector<std::size_t> order(cuts.size());
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), std::mt19937(11));
  const store::Id upload = BeginDataset("shuffled");
  std::vector<Answer> answers;
  for (const std::size_t i : order) {
    answers.push_back(
        Send(upload, static_cast<std::int64_t>(i), ExampleRows(cuts[i].first, cuts[i].second)));
  }
  for (std::size_t i = 0; i < order.size(); ++i) {
    const absl::StatusOr<std::int64_t> answer = answers[i].get();
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(*answer, static_cast<std::int64_t>(order[i]) + 1);
  }
  const auto done = Commit(upload, std::ssize(cuts));
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(VersionOf(*done).digest, whole.digest);
}

TEST_F(UploadTest, AcknowledgesARepeatedBatchAgain) {
  const store::Id upload = BeginDataset("d");
  ASSERT_TRUE(SendNow(upload, 0, ExampleRows(0, 100)).ok());
  ASSERT_TRUE(SendNow(upload, 1, ExampleRows(100, 200)).ok());
  const absl::StatusOr<std::int64_t> again = Send(upload, 0, ExampleRows(0, 100)).get();
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, 2);
  EXPECT_EQ(ingestor_->Get(kProject, upload)->num_rows, 200);
}

TEST_F(UploadTest, AcknowledgesABatchSentTwiceAtOnce) {
  const store::Id upload = BeginDataset("d");
  std::vector<Answer> answers;
  for (int i = 0; i < 5; ++i) {
    answers.push_back(Send(upload, 0, ExampleRows(0, 1000)));
  }
  for (Answer& answer : answers) {
    const absl::StatusOr<std::int64_t> result = answer.get();
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(*result, 1);
  }
  EXPECT_EQ(ingestor_->Get(kProject, upload)->num_rows, 1000);
}

TEST_F(UploadTest, RefusesARepeatWithOtherContent) {
  const store::Id upload = BeginDataset("d");
  ASSERT_TRUE(SendNow(upload, 0, ExampleRows(0, 100)).ok());
  const absl::Status status = SendNow(upload, 0, ExampleRows(1, 101));
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(status.message()), HasSubstr("batch 0"));
}

TEST_F(UploadTest, ContinuesAfterARestart) {
  constexpr std::int64_t kNumRows = 20'000;
  const store::DatasetVersionRecord whole = PushDataset("whole", ExampleRows(0, kNumRows));
  const store::Id upload = BeginDataset("resumed");
  std::int64_t sequence = 0;
  for (const auto& [begin, end] : RandomCuts(kNumRows, 4000, 9)) {
    ASSERT_TRUE(SendNow(upload, sequence++, ExampleRows(begin, end)).ok());
    Restart();
    const auto record = ingestor_->Get(kProject, upload);
    ASSERT_TRUE(record.ok()) << record.status();
    EXPECT_EQ(record->next_sequence, sequence);
    EXPECT_EQ(record->num_rows, end);
  }
  const auto done = Commit(upload, sequence);
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(VersionOf(*done).digest, whole.digest);
}

TEST_F(UploadTest, FindsADuplicateOfARowFromBeforeTheRestart) {
  const store::Id upload = BeginDataset("d");
  ASSERT_TRUE(SendNow(upload, 0, {KeyColumn({1, 2, 3})}).ok());
  Restart();
  ASSERT_TRUE(SendNow(upload, 1, {KeyColumn({4, 2})}).ok());
  EXPECT_EQ(CommitError(upload, 2), "duplicate key 'key2': rows 1 and 4, counted from 0");
}

TEST_F(UploadTest, RecognisesARepeatAfterARestart) {
  const store::Id upload = BeginDataset("d");
  ASSERT_TRUE(SendNow(upload, 0, ExampleRows(0, 100)).ok());
  Restart();
  EXPECT_TRUE(SendNow(upload, 0, ExampleRows(0, 100)).ok());
  EXPECT_EQ(SendNow(upload, 0, ExampleRows(0, 99)).code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(UploadTest, LeavesTheUploadAsItWasAfterABadBatch) {
  const store::Id upload = BeginDataset("d");
  ASSERT_TRUE(SendNow(upload, 0, {KeyColumn({0, 1})}).ok());
  const absl::Status status = SendNow(upload, 1, {TextColumn("key", {"a", std::nullopt})});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "column 'key', row 3: null, but every row needs a value");
  ASSERT_TRUE(SendNow(upload, 1, {KeyColumn({2})}).ok());
  const auto done = Commit(upload, 2);
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(VersionOf(*done).num_rows, 3);
}

TEST_F(UploadTest, GivesBackWhatFollowsABadBatchAtOnce) {
  const store::Id upload = BeginDataset("d");
  std::vector<Answer> answers;
  answers.push_back(Send(upload, 2, {KeyColumn({4})}));
  answers.push_back(Send(upload, 1, {KeyColumn({3})}));
  answers.push_back(Send(upload, 0, {TextColumn("key", {""})}));
  EXPECT_EQ(answers[2].get().status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(answers[1].get().status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(answers[0].get().status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(SendNow(upload, 1, {KeyColumn({3})}).code(), absl::StatusCode::kAborted);
  EXPECT_TRUE(SendNow(upload, 0, {KeyColumn({2})}).ok());
  EXPECT_TRUE(SendNow(upload, 1, {KeyColumn({3})}).ok());
}

TEST_F(UploadTest, RefusesBatchesTooFarAhead) {
  StartIngestor({.max_batches_ahead = 2});
  const store::Id upload = BeginDataset("d");
  ASSERT_TRUE(SendNow(upload, 0, {KeyColumn({0})}).ok());
  EXPECT_EQ(SendNow(upload, 4, {KeyColumn({4})}).code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(UploadTest, RefusesMoreBytesThanItMayHold) {
  StartIngestor({.max_pending_bytes = 100'000});
  const store::Id upload = BeginDataset("d");
  ASSERT_TRUE(SendNow(upload, 0, {KeyColumn({0})}).ok());
  std::vector<std::int64_t> numbers(10'000);
  std::iota(numbers.begin(), numbers.end(), 0);
  EXPECT_EQ(SendNow(upload, 2, {KeyColumn(numbers)}).code(), absl::StatusCode::kResourceExhausted);
  // The one whose turn it is may use more, or nothing would ever move.
  EXPECT_TRUE(SendNow(upload, 1, {KeyColumn(numbers)}).ok());
}

TEST_F(UploadTest, GivesABatchBackThatWaitedTooLong) {
  StartIngestor({.max_wait_us = 20'000});
  const store::Id upload = BeginDataset("d");
  ASSERT_TRUE(SendNow(upload, 0, {KeyColumn({0})}).ok());
  const absl::Status status = SendNow(upload, 2, {KeyColumn({2})});
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(SendNow(upload, 1, {KeyColumn({1})}).ok());
}

TEST_F(UploadTest, AnswersEverythingBeforeItIsGone) {
  const store::Id upload = BeginDataset("d");
  std::vector<Answer> answers;
  for (int i = 0; i < 4; ++i) {
    answers.push_back(Send(upload, i, ExampleRows(5000 * i, 5000 * (i + 1))));
  }
  answers.push_back(Send(upload, 6, {KeyColumn({2})}));
  ingestor_.reset();
  for (int i = 0; i < 4; ++i) {
    const absl::StatusOr<std::int64_t> answer = answers[static_cast<std::size_t>(i)].get();
    // Those that had their turn are durable; the rest may be sent again.
    EXPECT_TRUE(answer.ok() || absl::IsUnavailable(answer.status())) << answer.status();
  }
  EXPECT_EQ(answers[4].get().status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(UploadTest, KnowsNoUploadThatWasNotBegun) {
  EXPECT_EQ(SendNow(12345, 0, {KeyColumn({0})}).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Commit(12345, 0).status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(ingestor_->Abort(kProject, 12345).ok());
}

TEST_F(UploadTest, RefusesANegativeSequence) {
  EXPECT_EQ(SendNow(BeginDataset("d"), -1, {KeyColumn({0})}).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(UploadTest, ForgetsAnAbortedUpload) {
  const store::Id upload = BeginDataset("d");
  ASSERT_TRUE(SendNow(upload, 0, ExampleRows(0, 5000)).ok());
  Answer waiting = Send(upload, 5, ExampleRows(0, 10));
  ASSERT_TRUE(ingestor_->Abort(kProject, upload).ok());
  EXPECT_EQ(waiting.get().status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(SendNow(upload, 1, ExampleRows(5000, 5001)).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ingestor_->Get(kProject, upload).status().code(), absl::StatusCode::kNotFound);
  ExpectEmptyStore();
}

TEST_F(UploadTest, CollectsAbandonedUploadsAtStart) {
  const store::Id abandoned = BeginDataset("old");
  ASSERT_TRUE(SendNow(abandoned, 0, ExampleRows(0, 5000)).ok());
  clock_.Advance(std::chrono::hours(23));
  const store::Id recent = BeginDataset("new");
  clock_.Advance(std::chrono::hours(2));
  Restart();
  for (int i = 0; i < 1000 && ingestor_->Get(kProject, abandoned).ok(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_EQ(ingestor_->Get(kProject, abandoned).status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(ingestor_->Get(kProject, recent).ok());
  ExpectEmptyStore();
}

TEST_F(UploadTest, TakesUploadsOfManyThreadsAtOnce) {
  constexpr int kNumThreads = 8;
  constexpr std::int64_t kNumRows = 12'000;
  std::vector<std::thread> threads;
  std::vector<store::Digest> digests(kNumThreads);
  for (int i = 0; i < kNumThreads; ++i) {
    threads.emplace_back([this, i, &digests] {
      const store::Id upload = BeginDataset("set" + std::to_string(i));
      std::vector<Answer> answers;
      std::int64_t sequence = 0;
      for (const auto& [begin, end] : RandomCuts(kNumRows, 3000, i)) {
        answers.push_back(Send(upload, sequence++, ExampleRows(begin, end)));
        if (answers.size() >= 4) {
          const auto answer = answers[answers.size() - 4].get();
          EXPECT_TRUE(answer.ok()) << answer.status();
        }
      }
      for (Answer& answer : answers) {
        if (answer.valid()) {
          const auto result = answer.get();
          EXPECT_TRUE(result.ok()) << result.status();
        }
      }
      const auto done = Commit(upload, sequence);
      ASSERT_TRUE(done.ok()) << done.status();
      digests[static_cast<std::size_t>(i)] = VersionOf(*done).digest;
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  const store::DatasetVersionRecord whole = PushDataset("whole", ExampleRows(0, kNumRows));
  EXPECT_THAT(digests, testing::Each(whole.digest));
}

TEST_F(UploadTest, RefusesDatasetNamesThatAreNone) {
  for (const std::string& name :
       {std::string(), std::string(".hidden"), std::string("-flag"), std::string("a/b"),
        std::string("a b"), std::string("\xFF"), std::string(129, 'a')}) {
    store::UploadRecord target;
    target.kind = store::UploadKind::kDataset;
    target.dataset_name = name;
    EXPECT_EQ(ingestor_->Begin(kProject, target, "").status().code(),
              absl::StatusCode::kInvalidArgument)
        << testing::PrintToString(name);
  }
}

TEST_F(UploadTest, ReturnsTheSameUploadForARepeatedRequest) {
  store::UploadRecord target;
  target.kind = store::UploadKind::kDataset;
  target.dataset_name = "d";
  const auto first = ingestor_->Begin(kProject, target, "request");
  const auto second = ingestor_->Begin(kProject, target, "request");
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->id, second->id);
}

TEST_F(UploadTest, NeedsBothVersionsForOutputs) {
  const store::DatasetVersionRecord dataset = PushDataset("d", {KeyColumn({1})});
  store::UploadRecord target;
  target.kind = store::UploadKind::kOutputSet;
  target.dataset_version_id = dataset.id;
  target.model_version_id = 999;
  EXPECT_EQ(ingestor_->Begin(kProject, target, "").status().code(), absl::StatusCode::kNotFound);
  target.model_version_id = AddModel("m");
  target.dataset_version_id = 999;
  EXPECT_EQ(ingestor_->Begin(kProject, target, "").status().code(), absl::StatusCode::kNotFound);
  target.dataset_version_id = dataset.id;
  target.machine = std::string(257, 'm');
  EXPECT_EQ(ingestor_->Begin(kProject, target, "").status().code(),
            absl::StatusCode::kInvalidArgument);
}

// Bad rows, each with its message; afterwards nothing is there.
struct BadRows {
  std::vector<Column> columns;
  std::string message;
};

class BadRowsTest : public IngestTest, public testing::WithParamInterface<BadRows> {};

TEST_P(BadRowsTest, AreRefusedAndLeaveNothingBehind) {
  const store::Id upload = BeginDataset("d");
  const absl::Status status = SendNow(upload, 0, GetParam().columns);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), GetParam().message);
  EXPECT_EQ(ingestor_->Get(kProject, upload)->next_sequence, 0);
  EXPECT_EQ(CommitError(upload, 0), "the upload has no rows");
  ExpectEmptyStore();
}

Column WithoutOffsets(Column column) {
  column.text_offsets.pop_back();
  return column;
}

Column WithCode(Column column, std::int32_t code) {
  column.codes.back() = code;
  return column;
}

Column UnknownType(std::string name) {
  Column column = TextColumn(std::move(name), {"x"});
  column.type = static_cast<ColumnType>(77);
  return column;
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, BadRowsTest,
    testing::Values(
        BadRows{{TextColumn("label", {"x"})}, "column 'key': missing"},
        BadRows{{TextColumn("key", {"a", std::nullopt})},
                "column 'key', row 1: null, but every row needs a value"},
        BadRows{{TextColumn("key", {"a", ""})},
                "column 'key', row 1: empty, but every row needs a key"},
        BadRows{{Float64Column("key", {1.0})}, "column 'key': must be text, not float64"},
        BadRows{{TextColumn("key", {"a"}), UnknownType("x")}, "column 'x': unknown column type 77"},
        BadRows{{TextColumn("key", {"a", "b"}), TextColumn("label", {"x", "\xC3\x28"})},
                "column 'label', row 1: invalid UTF-8"},
        BadRows{{TextColumn("key", {"a"}), WithoutOffsets(TextColumn("label", {"x"}))},
                "column 'label': text_offsets has 1 values, 2 are needed"},
        BadRows{{TextColumn("key", {"a"}), WithCode(CodedTextColumn("label", {"x"}), 4)},
                "column 'label', row 0: code 4 is outside the dictionary of 1"},
        BadRows{{TextColumn("key", {"a"}), Float64Column("cohort.x", {1.0})},
                "column 'cohort.x': must be text, not float64"},
        BadRows{{TextColumn("key", {"a", "b"}),
                 Float32VectorColumn("features", 2,
                                     {{{1, 2}}, {{3, std::numeric_limits<float>::quiet_NaN()}}})},
                "column 'features', row 1: NaN at component 1"},
        BadRows{{TextColumn("key", {"a"}), Float32VectorColumn("features", 3, {{{1, 2}}})},
                "column 'features': float32 values has 2 values, 3 are needed"},
        BadRows{{TextColumn("key", {"a"}), TextColumn("$example_row", {"x"})},
                "column '$example_row': names that start with '$' are reserved"},
        BadRows{{TextColumn("key", {"a"}), TextColumn("label", {"x", "y"})},
                "column 'label': has 2 rows, the batch 1"}));

}  // namespace
}  // namespace assay::ingest
