#include "server/ingest/unique_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "server/base/key_hash.h"
#include "server/ingest/example_matcher.h"
#include "tests/support/columns_builder.h"

namespace assay::ingest {
namespace {

using ::testing::ElementsAre;

// Holds one column, as a store does. Thread-compatible.
class OneColumn : public store::ColumnStore {
 public:
  explicit OneColumn(Column column) : column_(std::move(column)) {}
  absl::StatusOr<std::vector<store::ColumnRecord>> ListColumns(store::Id /*project*/,
                                                               store::Id /*owner*/) const override {
    return std::vector<store::ColumnRecord>{store::ColumnRecord()};
  }
  absl::StatusOr<Column> ReadChunk(store::Id /*project*/, store::Id /*owner*/,
                                   const store::ColumnRecord& /*column*/,
                                   std::int64_t chunk) const override {
    if (is_damaged) {
      return absl::DataLossError("damaged");
    }
    const std::int64_t begin = chunk * store::kChunkRows;
    return Slice(column_, begin, std::min(column_.num_rows, begin + store::kChunkRows));
  }
  StoredKeys Keys() const { return {*this, 1, 2, store::ColumnRecord(), column_.num_rows}; }

  bool is_damaged = false;

 private:
  Column column_;
};

// The message, or "" when all keys are unique.
std::string Check(const std::vector<std::string>& keys, const std::vector<std::uint64_t>& hashes,
                  const std::vector<std::int64_t>& repetitions = {}) {
  const OneColumn column(test::TextColumn("key", {keys.begin(), keys.end()}));
  StoredKeys stored = column.Keys();
  return std::string(CheckUniqueKeys(hashes, repetitions, "", stored).message());
}

TEST(CheckUniqueKeysTest, AcceptsDistinctHashesWithoutReadingAKey) {
  OneColumn column(test::TextColumn("key", {"a", "b"}));
  column.is_damaged = true;
  StoredKeys keys = column.Keys();
  EXPECT_TRUE(CheckUniqueKeys({1, 2}, {}, "", keys).ok());
}

TEST(CheckUniqueKeysTest, ComparesTheKeysOfEqualHashes) {
  EXPECT_EQ(Check({"a", "b", "c"}, {7, 7, 7}), "");
  EXPECT_EQ(Check({"a", "b", "c", "b"}, {7, 7, 7, 7}),
            "duplicate key 'b': rows 1 and 3, counted from 0");
}

TEST(CheckUniqueKeysTest, NamesTheFirstRowThatRepeats) {
  EXPECT_EQ(Check({"a", "b", "b", "a"}, {1, 2, 2, 1}),
            "duplicate key 'b': rows 1 and 2, counted from 0");
}

TEST(CheckUniqueKeysTest, LetsAKeyComeBackUnderAnotherRepetition) {
  EXPECT_EQ(Check({"a", "a", "a"}, {1, 1, 1}, {0, 1, -1}), "");
  EXPECT_EQ(Check({"a", "a", "a"}, {1, 1, 1}, {0, 1, 0}),
            "duplicate key 'a' with repetition 0: rows 0 and 2, counted from 0");
}

TEST(CheckUniqueKeysTest, EscapesWhatATerminalWouldObey) {
  EXPECT_EQ(Check({"\x1b[31m", "\x1b[31m"}, {1, 1}),
            "duplicate key '\\033[31m': rows 0 and 1, counted from 0");
}

TEST(CheckUniqueKeysTest, PassesOnThatTheKeysAreDamaged) {
  OneColumn column(test::TextColumn("key", {"a", "b"}));
  column.is_damaged = true;
  StoredKeys keys = column.Keys();
  EXPECT_EQ(CheckUniqueKeys({1, 1}, {}, "", keys).code(), absl::StatusCode::kDataLoss);
}

TEST(QuoteKeyTest, CutsBetweenCharacters) {
  const std::string key = std::string(63, 'k') + "\xC3\xA9";
  EXPECT_EQ(QuoteKey(key), "'" + std::string(63, 'k') + "...'");
  EXPECT_EQ(QuoteKey("caf\xC3\xA9"), "'caf\xC3\xA9'");
}

TEST(MatchExamplesTest, ComparesTheKeysOfEqualHashes) {
  const OneColumn examples(test::TextColumn("key", {"a", "b", "c"}));
  const OneColumn outputs(test::TextColumn("key", {"c", "a", "b"}));
  StoredKeys example_keys = examples.Keys();
  StoredKeys output_keys = outputs.Keys();
  const auto rows =
      MatchExamples(output_keys, {KeyHash("c"), KeyHash("a"), KeyHash("b")}, example_keys, "d@1");
  ASSERT_TRUE(rows.ok());
  EXPECT_THAT(*rows, ElementsAre(2, 0, 1));
}

TEST(MatchExamplesTest, DoesNotTakeAnotherKeyWithTheSameHash) {
  const OneColumn examples(test::TextColumn("key", {"a", "b"}));
  const OneColumn outputs(test::TextColumn("key", {"b", "x"}));
  StoredKeys example_keys = examples.Keys();
  StoredKeys output_keys = outputs.Keys();
  const auto rows = MatchExamples(output_keys, {KeyHash("b"), KeyHash("a")}, example_keys, "d@1");
  EXPECT_EQ(rows.status().message(), "column 'key', row 1: no such key in dataset d@1: 'x'");
}

}  // namespace
}  // namespace assay::ingest
