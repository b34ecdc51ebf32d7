#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "server/store/chunk_codec.h"
#include "tests/support/columns_builder.h"

namespace assay::store {
namespace {

using test::Rows;

// The golden dataset: 10,000 rows of `key` (k00000, ...), `label` (one of seven, every eleventh
// null) and `score` (row / 8, every row of the thousands -0), and 3 documents of `key`. Its digest,
// computed by an independent program from the description of canonical form 1, must never change:
// stored versions are found by it.
constexpr std::int64_t kNumRows = 10'000;
constexpr std::int64_t kNumDocuments = 3;
constexpr char kGoldenDigest[] =
    "sha256:f8890c6d7237d2b59deacbeb4d49baf1a0405b63d0b76b950261c228d70d7535";

Rows<std::string> Keys() {
  Rows<std::string> rows;
  for (int i = 0; i < kNumRows; ++i) {
    const std::string number = std::to_string(i);
    rows.emplace_back("k" + std::string(5 - number.size(), '0') + number);
  }
  return rows;
}

Rows<std::string> Labels() {
  Rows<std::string> rows;
  for (int i = 0; i < kNumRows; ++i) {
    rows.push_back(i % 11 == 10 ? std::nullopt
                                : std::optional("label-" + std::to_string(i * i % 7)));
  }
  return rows;
}

Rows<double> Scores() {
  Rows<double> rows;
  for (int i = 0; i < kNumRows; ++i) {
    rows.emplace_back(i % 1000 == 0 ? -0.0 : i / 8.0);
  }
  return rows;
}

ColumnRecord Record(std::int32_t number, Table table, const Column& column, std::int64_t num_rows) {
  ColumnRecord record;
  record.number = number;
  record.table = table;
  record.name = column.name;
  record.type = column.type;
  std::vector<Digest> hashes;
  for (std::int64_t begin = 0; begin < num_rows; begin += kChunkRows) {
    hashes.push_back(EncodeChunk(column, begin, std::min(begin + kChunkRows, num_rows)).hash);
  }
  record.digest = ColumnDigest(record, num_rows, hashes);
  return record;
}

std::string DigestOf(const Column& key, const Column& label, const Column& score) {
  const Column documents = test::TextColumn("key", {"d1", "d2", "d3"});
  return DigestText(ContentDigest(
      kNumRows, kNumDocuments,
      {Record(0, Table::kRows, score, kNumRows),
       Record(1, Table::kDocuments, documents, kNumDocuments),
       Record(2, Table::kRows, label, kNumRows), Record(3, Table::kRows, key, kNumRows)}));
}

// `column` as it would come in batches of `size` rows.
Column InBatches(const Column& column, std::int64_t size) {
  Column joined = Slice(column, 0, 0);
  for (std::int64_t begin = 0; begin < column.num_rows; begin += size) {
    Append(joined, Slice(column, begin, std::min(begin + size, column.num_rows)));
  }
  return joined;
}

TEST(DatasetDigestTest, TheGoldenDatasetHasItsDigest) {
  EXPECT_EQ(DigestOf(test::TextColumn("key", Keys()), test::TextColumn("label", Labels()),
                     test::Float64Column("score", Scores())),
            kGoldenDigest);
}

TEST(DatasetDigestTest, CodedColumnsHaveTheSameDigest) {
  EXPECT_EQ(DigestOf(test::CodedTextColumn("key", Keys()), test::CodedTextColumn("label", Labels()),
                     test::Float64Column("score", Scores())),
            kGoldenDigest);
}

TEST(DatasetDigestTest, BatchesOfAnySizeHaveTheSameDigest) {
  for (const std::int64_t size : {97, 1000, 4096, 4097}) {
    EXPECT_EQ(DigestOf(InBatches(test::TextColumn("key", Keys()), size),
                       InBatches(test::CodedTextColumn("label", Labels()), size),
                       InBatches(test::Float64Column("score", Scores()), size)),
              kGoldenDigest)
        << size;
  }
}

TEST(DatasetDigestTest, OneChangedValueChangesTheDigest) {
  Rows<double> scores = Scores();
  *scores[9'999] += 1e-12;
  EXPECT_NE(DigestOf(test::TextColumn("key", Keys()), test::TextColumn("label", Labels()),
                     test::Float64Column("score", scores)),
            kGoldenDigest);
}

TEST(DatasetDigestTest, AnotherOrderOfRowsIsAnotherDigest) {
  Rows<std::string> keys = Keys();
  std::swap(keys[0], keys[1]);
  EXPECT_NE(DigestOf(test::TextColumn("key", keys), test::TextColumn("label", Labels()),
                     test::Float64Column("score", Scores())),
            kGoldenDigest);
}

TEST(DatasetDigestTest, HiddenColumnsDoNotCount) {
  ColumnRecord key;
  key.name = "key";
  ColumnRecord hidden;
  hidden.name = "$hash";
  EXPECT_EQ(ContentDigest(5, 0, {key, hidden}), ContentDigest(5, 0, {key}));
}

TEST(DatasetDigestTest, TheTableOfAColumnCounts) {
  ColumnRecord key;
  key.name = "key";
  ColumnRecord moved = key;
  moved.table = Table::kDocuments;
  EXPECT_NE(ContentDigest(5, 5, {key}), ContentDigest(5, 5, {moved}));
}

}  // namespace
}  // namespace assay::store
