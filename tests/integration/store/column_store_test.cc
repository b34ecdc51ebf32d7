#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "absl/strings/str_format.h"
#include "server/base/hex.h"
#include "server/store/sqlite/database.h"
#include "server/store/sqlite/statement.h"
#include "tests/integration/store/store_fixture.h"
#include "tests/support/columns_builder.h"

namespace assay::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ColumnStoreTest : public StoreTest {
 protected:
  std::vector<ColumnRecord> Columns(Id owner) {
    return *store().columns().ListColumns(kDefaultProject, owner);
  }
  absl::StatusOr<Column> Read(Id owner, const ColumnRecord& column, std::int64_t chunk) {
    return store().columns().ReadChunk(kDefaultProject, owner, column, chunk);
  }
};

TEST_F(ColumnStoreTest, ColumnsAreListedInTheOrderOfTheirNumbers) {
  const Id owner = MakeVersion("d", {NumberedTexts("z", "k", 5), NumberedDoubles("a", 0.5, 5)}).id;
  const std::vector<ColumnRecord> columns = Columns(owner);
  ASSERT_EQ(columns.size(), 2U);
  EXPECT_EQ(columns[0].name, "z");
  EXPECT_EQ(columns[0].type, ColumnType::kText);
  EXPECT_EQ(columns[1].name, "a");
  EXPECT_EQ(columns[1].type, ColumnType::kFloat64);
  EXPECT_EQ(columns[1].number, 1);
}

TEST_F(ColumnStoreTest, ChunksAreReadBack) {
  const Column scores = NumberedDoubles("score", 0.25, 10'000);
  const Id owner = MakeVersion("d", {scores}).id;
  const ColumnRecord column = Columns(owner)[0];
  const absl::StatusOr<Column> last = Read(owner, column, 2);
  ASSERT_TRUE(last.ok()) << last.status();
  EXPECT_EQ(last->name, "score");
  EXPECT_EQ(last->num_rows, 10'000 - 2 * kChunkRows);
  EXPECT_EQ(last->doubles, Slice(scores, 2 * kChunkRows, 10'000).doubles);
}

TEST_F(ColumnStoreTest, ChunksSurviveARestart) {
  const Id owner = MakeVersion("d", {NumberedTexts("key", "k", 5000)}).id;
  Reopen();
  const absl::StatusOr<Column> chunk = Read(owner, Columns(owner)[0], 1);
  ASSERT_TRUE(chunk.ok()) << chunk.status();
  EXPECT_EQ(chunk->Text(0), "k4096");
}

TEST_F(ColumnStoreTest, AMissingChunkIsNotFound) {
  const Id owner = MakeVersion("d", {NumberedTexts("key", "k", 5)}).id;
  const absl::Status status = Read(owner, Columns(owner)[0], 1).status();
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("column 'key', chunk 1"));
}

TEST_F(ColumnStoreTest, AnotherProjectSeesNothing) {
  const Id owner = MakeVersion("d", {NumberedTexts("key", "k", 5)}).id;
  EXPECT_TRUE(store().columns().ListColumns(kDefaultProject + 1, owner)->empty());
  const ColumnRecord column = Columns(owner)[0];
  EXPECT_TRUE(absl::IsNotFound(
      store().columns().ReadChunk(kDefaultProject + 1, owner, column, 0).status()));
}

TEST_F(ColumnStoreTest, AChunkOfManyMegabytesIsStoredInPieces) {
  const std::string megabyte(1 << 20, 'x');
  test::Rows<std::string> rows;
  for (int i = 0; i < 10; ++i) {
    rows.emplace_back(megabyte + std::to_string(i));
  }
  const Id owner = MakeVersion("d", {test::TextColumn("input", rows)}).id;
  EXPECT_EQ(QueryInt64("SELECT count(*) FROM chunk_segments"), 3);
  EXPECT_LE(QueryInt64("SELECT max(length(data)) FROM chunk_segments"), 4 << 20);
  const absl::StatusOr<Column> chunk = Read(owner, Columns(owner)[0], 0);
  ASSERT_TRUE(chunk.ok()) << chunk.status();
  EXPECT_EQ(chunk->Text(9), rows[9]);
}

TEST_F(ColumnStoreTest, ALostPieceIsDataLoss) {
  const std::string megabyte(1 << 20, 'x');
  const Id owner =
      MakeVersion("d", {test::TextColumn("input", test::Rows<std::string>(6, megabyte + "1"))}).id;
  Execute("DELETE FROM chunk_segments WHERE id = (SELECT max(id) FROM chunk_segments)");
  EXPECT_TRUE(absl::IsDataLoss(Read(owner, Columns(owner)[0], 0).status()));
}

TEST_F(ColumnStoreTest, ALostChunkIsDataLoss) {
  const Id owner = MakeVersion("d", {NumberedTexts("key", "k", 5)}).id;
  Execute("DELETE FROM chunks");
  EXPECT_TRUE(absl::IsDataLoss(Read(owner, Columns(owner)[0], 0).status()));
}

TEST_F(ColumnStoreTest, EqualChunksAreStoredOnce) {
  const Column label = NumberedTexts("label", "l", kChunkRows);
  MakeVersion("d", {NumberedTexts("key", "a", kChunkRows), label});
  MakeVersion("d", {NumberedTexts("key", "b", kChunkRows), label});
  EXPECT_EQ(QueryInt64("SELECT count(*) FROM chunks"), 3);
}

// SQLite's own checks do not notice a flipped bit inside a value; ours must notice every one.
TEST_F(ColumnStoreTest, EachOfAThousandFlippedBitsIsFoundAndTheRestStaysReadable) {
  const Id owner = MakeVersion("d", {NumberedTexts("key", "k", 2 * kChunkRows),
                                     NumberedDoubles("score", 0.1, 2 * kChunkRows)})
                       .id;
  const std::vector<ColumnRecord> columns = Columns(owner);
  const auto database = *Database::Open(folder_.path() / "assay.db", {});
  const std::int64_t chunk_id = QueryInt64(absl::StrFormat(
      "SELECT chunk_id FROM column_chunks WHERE owner_id = %d AND column_no = 1 AND chunk_no = 1",
      owner));
  std::string good;
  {
    absl::StatusOr<Statement> select =
        Statement::Prepare(*database, "SELECT data FROM chunk_segments WHERE id = $1");
    select->Bind(chunk_id);
    ASSERT_TRUE(*select->Step());
    ASSERT_TRUE(select->Read(good).ok());
  }
  std::mt19937 random(1);
  for (int i = 0; i < 1000; ++i) {
    std::string bad = good;
    const std::size_t bit = random() % (good.size() * 8);
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_TRUE(
        RunOnce(*database, "UPDATE chunk_segments SET data = $2 WHERE id = $1", chunk_id, Blob{bad})
            .ok());
    const absl::Status status = Read(owner, columns[1], 1).status();
    ASSERT_TRUE(absl::IsDataLoss(status)) << "bit " << bit << ": " << status;
    ASSERT_THAT(std::string(status.message()), HasSubstr("column 'score', chunk 1"));
    if (i % 100 == 0) {
      EXPECT_TRUE(Read(owner, columns[1], 0).ok());
      EXPECT_TRUE(Read(owner, columns[0], 0).ok());
      EXPECT_TRUE(Read(owner, columns[0], 1).ok());
    }
  }
}

}  // namespace
}  // namespace assay::store
