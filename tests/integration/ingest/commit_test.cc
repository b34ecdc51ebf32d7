// Sealing uploads: keys, cohorts, documents, outputs against their dataset, equal content.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/integration/ingest/ingest_fixture.h"

namespace assay::ingest {
namespace {

using test::CodedTextColumn;
using test::Float64Column;
using test::Int64Column;
using test::TextColumn;
using ::testing::ElementsAre;

class DatasetCommitTest : public IngestTest {};

TEST_F(DatasetCommitTest, NumbersVersionsFromOne) {
  EXPECT_EQ(PushDataset("d", {KeyColumn({1})}).number, 1);
  EXPECT_EQ(PushDataset("d", {KeyColumn({1, 2})}).number, 2);
}

TEST_F(DatasetCommitTest, ReturnsTheExistingVersionForEqualContent) {
  const store::DatasetVersionRecord first = PushDataset("d", ExampleRows(0, 5000));
  const store::Id upload = BeginDataset("d");
  ASSERT_TRUE(SendNow(upload, 0, ExampleRows(0, 3000)).ok());
  ASSERT_TRUE(SendNow(upload, 1, ExampleRows(3000, 5000)).ok());
  const auto again = Commit(upload, 2);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->already_existed);
  EXPECT_EQ(again->result_id, first.id);
  EXPECT_EQ(store_->datasets().ListVersions(kProject, first.dataset_id, {})->size(), 1U);
}

TEST_F(DatasetCommitTest, DependsOnTheOrderOfRowsButNotOfColumns) {
  const store::DatasetVersionRecord version =
      PushDataset("a", {KeyColumn({1, 2}), TextColumn("label", {"x", "y"})});
  EXPECT_EQ(PushDataset("b", {TextColumn("label", {"x", "y"}), KeyColumn({1, 2})}).digest,
            version.digest);
  EXPECT_NE(PushDataset("c", {KeyColumn({2, 1}), TextColumn("label", {"y", "x"})}).digest,
            version.digest);
}

TEST_F(DatasetCommitTest, DoesNotDependOnTheCoding) {
  EXPECT_EQ(PushDataset("a", {KeyColumn({1, 2}), TextColumn("label", {"x", "y"})}).digest,
            PushDataset("b", {KeyColumn({1, 2}), CodedTextColumn("label", {"x", "y"})}).digest);
}

TEST_F(DatasetCommitTest, NamesADuplicateKeyWithBothRows) {
  std::vector<std::int64_t> numbers(50'000);
  std::iota(numbers.begin(), numbers.end(), 0);
  numbers[40'321] = 17;
  numbers[45'000] = 3;
  const store::Id upload = BeginDataset("d");
  ASSERT_TRUE(SendNow(upload, 0, {KeyColumn(numbers)}).ok());
  EXPECT_EQ(CommitError(upload, 1), "duplicate key 'key17': rows 17 and 40321, counted from 0");
  ExpectEmptyStore();
}

TEST_F(DatasetCommitTest, FindsADuplicateWhenAllKeysAreEqual) {
  const store::Id upload = BeginDataset("d");
  ASSERT_TRUE(SendNow(upload, 0, {KeyColumn(std::vector<std::int64_t>(20'000, 5))}).ok());
  EXPECT_EQ(CommitError(upload, 1), "duplicate key 'key5': rows 0 and 1, counted from 0");
}

TEST_F(DatasetCommitTest, ShowsALongKeyInPart) {
  const store::Id upload = BeginDataset("d");
  const std::string key(100, 'k');
  ASSERT_TRUE(SendNow(upload, 0, {TextColumn("key", {key, key})}).ok());
  EXPECT_EQ(CommitError(upload, 1),
            "duplicate key '" + std::string(64, 'k') + "...': rows 0 and 1, counted from 0");
}

TEST_F(DatasetCommitTest, RefusesACohortColumnWithTooManyValues) {
  test::Rows<std::string> values;
  std::vector<std::int64_t> numbers(1001);
  std::iota(numbers.begin(), numbers.end(), 0);
  for (const std::int64_t number : numbers) {
    values.emplace_back("user" + std::to_string(number));
  }
  const store::Id upload = BeginDataset("d");
  ASSERT_TRUE(SendNow(upload, 0, {KeyColumn(numbers), TextColumn("cohort.user", values)}).ok());
  EXPECT_EQ(CommitError(upload, 1),
            "column 'cohort.user': more than 1000 values, too many for a cohort");
  ExpectEmptyStore();
}

TEST_F(DatasetCommitTest, CountsCohortValuesOverARestart) {
  std::vector<std::int64_t> numbers(600);
  test::Rows<std::string> values(600);
  const store::Id upload = BeginDataset("d");
  for (std::int64_t batch = 0; batch < 2; ++batch) {
    for (std::size_t i = 0; i < 600; ++i) {
      numbers[i] = batch * 600 + static_cast<std::int64_t>(i);
      values[i] = "user" + std::to_string(numbers[i]);
    }
    ASSERT_TRUE(
        SendNow(upload, batch, {KeyColumn(numbers), TextColumn("cohort.user", values)}).ok());
    Restart();
  }
  EXPECT_EQ(CommitError(upload, 2),
            "column 'cohort.user': more than 1000 values, too many for a cohort");
}

TEST_F(DatasetCommitTest, WantsTheNumberOfBatches) {
  const store::Id upload = BeginDataset("d");
  ASSERT_TRUE(SendNow(upload, 0, {KeyColumn({1})}).ok());
  const absl::Status status = Commit(upload, 2).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(), "1 batches are stored, not 2");
  EXPECT_TRUE(Commit(upload, 1).ok());
}

TEST_F(DatasetCommitTest, ReturnsASealedUploadAgain) {
  const store::Id upload = BeginDataset("d");
  ASSERT_TRUE(SendNow(upload, 0, {KeyColumn({1})}).ok());
  const auto first = Commit(upload, 1);
  ASSERT_TRUE(first.ok());
  Restart();
  const auto second = Commit(upload, 1);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->result_id, first->result_id);
  EXPECT_FALSE(second->already_existed);
}

TEST_F(DatasetCommitTest, TakesNoBatchesOnceSealed) {
  const store::Id upload = BeginDataset("d");
  ASSERT_TRUE(SendNow(upload, 0, {KeyColumn({1})}).ok());
  ASSERT_TRUE(Commit(upload, 1).ok());
  EXPECT_EQ(SendNow(upload, 1, {KeyColumn({2})}).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(DatasetCommitTest, KeepsDocumentsBesideTheRows) {
  const store::Id upload = BeginDataset("search");
  ASSERT_TRUE(SendNow(upload, 0, {TextColumn("key", {"q1", "q2"})}).ok());
  ASSERT_TRUE(SendNow(upload, 1,
                      {TextColumn("key", {"d1", "d2", "d3"}), TextColumn("text", {"a", "b", "c"})},
                      store::Table::kDocuments)
                  .ok());
  ASSERT_TRUE(SendNow(upload, 2, {TextColumn("key", {"q3"})}).ok());
  const auto done = Commit(upload, 3);
  ASSERT_TRUE(done.ok()) << done.status();
  const store::DatasetVersionRecord version = VersionOf(*done);
  EXPECT_EQ(version.num_rows, 3);
  EXPECT_EQ(version.num_documents, 3);
  EXPECT_EQ(ReadAll(version.id, "text", 3).Text(2), "c");
  const store::DatasetVersionRecord without =
      PushDataset("bare", {TextColumn("key", {"q1", "q2", "q3"})});
  EXPECT_NE(without.digest, version.digest);
}

TEST_F(DatasetCommitTest, SaysThatADuplicateIsInTheDocuments) {
  const store::Id upload = BeginDataset("search");
  ASSERT_TRUE(SendNow(upload, 0, {TextColumn("key", {"d1"})}).ok());
  ASSERT_TRUE(
      SendNow(upload, 1, {TextColumn("key", {"d1", "d2", "d1"})}, store::Table::kDocuments).ok());
  EXPECT_EQ(CommitError(upload, 2),
            "duplicate key 'd1' in the documents: rows 0 and 2, counted from 0");
}

TEST_F(DatasetCommitTest, NeedsRowsBesideDocuments) {
  const store::Id upload = BeginDataset("search");
  ASSERT_TRUE(SendNow(upload, 0, {TextColumn("key", {"d1"})}, store::Table::kDocuments).ok());
  EXPECT_EQ(CommitError(upload, 1), "the upload has no rows");
}

class OutputCommitTest : public IngestTest {
 protected:
  static constexpr std::int64_t kNumExamples = 10'000;

  void SetUp() override {
    IngestTest::SetUp();
    dataset_ = PushDataset("digits", ExampleRows(0, kNumExamples));
    model_ = AddModel("mlp");
  }
  // Outputs for the examples of these numbers, with a score each.
  static std::vector<Column> Outputs(const std::vector<std::int64_t>& numbers) {
    test::Rows<double> scores;
    for (const std::int64_t number : numbers) {
      scores.emplace_back(static_cast<double>(number));
    }
    return {KeyColumn(numbers), Float64Column("score.x", scores)};
  }
  static std::vector<std::int64_t> AllNumbers() {
    std::vector<std::int64_t> numbers(kNumExamples);
    std::iota(numbers.begin(), numbers.end(), 0);
    return numbers;
  }
  absl::StatusOr<store::UploadRecord> PushOutputs(std::vector<Column> columns) {
    const store::Id upload = BeginOutputs(dataset_.id, model_);
    EXPECT_TRUE(SendNow(upload, 0, std::move(columns)).ok());
    return Commit(upload, 1);
  }
  // The hidden column of an output set.
  std::vector<std::int64_t> ExampleRowsOf(const store::OutputSetRecord& output_set) {
    return ReadAll(output_set.id, "$example_row", output_set.num_rows).int64s;
  }

  store::DatasetVersionRecord dataset_;
  store::Id model_ = 0;
};

TEST_F(OutputCommitTest, AlignsOutputsInTheOrderOfTheExamples) {
  const auto done = PushOutputs(Outputs(AllNumbers()));
  ASSERT_TRUE(done.ok()) << done.status();
  const store::OutputSetRecord output_set = OutputSetOf(*done);
  EXPECT_TRUE(output_set.is_aligned);
  EXPECT_EQ(output_set.num_rows, kNumExamples);
  EXPECT_EQ(output_set.machine, "test machine");
  EXPECT_EQ(output_set.dataset_version_id, dataset_.id);
  EXPECT_EQ(output_set.model_version_id, model_);
  EXPECT_EQ(store_->columns().ListColumns(kProject, output_set.id)->size(), 2U);
}

TEST_F(OutputCommitTest, FindsTheExamplesOfShuffledOutputs) {
  std::vector<std::int64_t> numbers = AllNumbers();
  std::shuffle(numbers.begin(), numbers.end(), std::mt19937(1));
  const auto done = PushOutputs(Outputs(numbers));
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_FALSE(OutputSetOf(*done).is_aligned);
  EXPECT_EQ(ExampleRowsOf(OutputSetOf(*done)), numbers);
}

TEST_F(OutputCommitTest, FindsTheExamplesWhenSomeHaveNoOutput) {
  std::vector<std::int64_t> numbers = AllNumbers();
  std::erase_if(numbers, [](std::int64_t number) { return number % 97 == 5; });
  const auto done = PushOutputs(Outputs(numbers));
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(ExampleRowsOf(OutputSetOf(*done)), numbers);
}

TEST_F(OutputCommitTest, IsNotAlignedWhenTheLastExamplesHaveNoOutput) {
  const auto done = PushOutputs(Outputs({0, 1, 2}));
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_FALSE(OutputSetOf(*done).is_aligned);
  EXPECT_THAT(ExampleRowsOf(OutputSetOf(*done)), ElementsAre(0, 1, 2));
}

TEST_F(OutputCommitTest, NamesAKeyThatTheDatasetLacks) {
  const store::Id upload = BeginOutputs(dataset_.id, model_);
  ASSERT_TRUE(SendNow(upload, 0, Outputs({5, 4, 70'000, 3, 80'000})).ok());
  EXPECT_EQ(CommitError(upload, 1),
            "column 'key', row 2: no such key in dataset digits@1: 'key70000' (and 1 more such "
            "rows)");
  EXPECT_TRUE(store_->models().ListOutputSets(kProject, 0, 0, {})->empty());
  EXPECT_TRUE(store_->Check()->findings.empty());
}

TEST_F(OutputCommitTest, NamesADuplicateKey) {
  const store::Id upload = BeginOutputs(dataset_.id, model_);
  ASSERT_TRUE(SendNow(upload, 0, Outputs({5, 4, 5})).ok());
  EXPECT_EQ(CommitError(upload, 1), "duplicate key 'key5': rows 0 and 2, counted from 0");
}

TEST_F(OutputCommitTest, TakesRepetitionsOfAKey) {
  const auto done =
      PushOutputs({KeyColumn({5, 5, 7, 7, 6, 5}), Int64Column("repetition", {0, 1, 0, 1, 0, 2})});
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_THAT(ExampleRowsOf(OutputSetOf(*done)), ElementsAre(5, 5, 7, 7, 6, 5));
}

TEST_F(OutputCommitTest, NamesADuplicateRepetition) {
  const store::Id upload = BeginOutputs(dataset_.id, model_);
  ASSERT_TRUE(
      SendNow(upload, 0, {KeyColumn({5, 6, 5, 5}), Int64Column("repetition", {0, 1, 1, 1})}).ok());
  EXPECT_EQ(CommitError(upload, 1),
            "duplicate key 'key5' with repetition 1: rows 2 and 3, counted from 0");
}

TEST_F(OutputCommitTest, AlignsCodedKeys) {
  test::Rows<std::string> keys;
  for (std::int64_t number = 0; number < kNumExamples; ++number) {
    keys.emplace_back("key" + std::to_string(number));
  }
  const auto done = PushOutputs({CodedTextColumn("key", keys)});
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_TRUE(OutputSetOf(*done).is_aligned);
}

TEST_F(OutputCommitTest, ReturnsTheExistingSetForEqualContent) {
  const auto first = PushOutputs(Outputs({1, 2}));
  const auto again = PushOutputs(Outputs({1, 2}));
  ASSERT_TRUE(first.ok() && again.ok());
  EXPECT_FALSE(first->already_existed);
  EXPECT_TRUE(again->already_existed);
  EXPECT_EQ(again->result_id, first->result_id);
}

TEST_F(OutputCommitTest, TellsEqualOutputsOfTwoModelsApart) {
  const auto first = PushOutputs(Outputs({1, 2}));
  model_ = AddModel("other");
  const auto second = PushOutputs(Outputs({1, 2}));
  ASSERT_TRUE(first.ok() && second.ok());
  const store::OutputSetRecord a = OutputSetOf(*first);
  const store::OutputSetRecord b = OutputSetOf(*second);
  EXPECT_EQ(a.content_digest, b.content_digest);
  EXPECT_NE(a.digest, b.digest);
}

TEST_F(OutputCommitTest, RefusesDocuments) {
  const store::Id upload = BeginOutputs(dataset_.id, model_);
  EXPECT_EQ(SendNow(upload, 0, Outputs({1}), store::Table::kDocuments).message(),
            "documents, batch: outputs have no documents");
}

TEST_F(OutputCommitTest, WantsNullRatherThanNan) {
  const store::Id upload = BeginOutputs(dataset_.id, model_);
  EXPECT_EQ(SendNow(upload, 0,
                    {KeyColumn({1, 2}),
                     Float64Column("latency_us", {1.0, std::numeric_limits<double>::quiet_NaN()})})
                .message(),
            "column 'latency_us', row 1: NaN; send null where there is no value");
}

}  // namespace
}  // namespace assay::ingest
