#include "server/store/sqlite/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <fstream>
#include <limits>
#include <optional>

#include "server/store/sqlite/statement.h"
#include "server/store/sqlite/transaction.h"
#include "tests/integration/store/store_fixture.h"

namespace assay::store {
namespace {

using testing::HasSubstr;

class DatabaseTest : public testing::Test {
 protected:
  DatabaseTest() : database_(*Database::Open(folder_.path() / "a.db", {})) {
    EXPECT_TRUE(database_->Execute("CREATE TABLE t (a ANY, b ANY, c ANY) STRICT").ok());
  }

  std::int64_t Count() { return *database_->QueryInt64("SELECT count(*) FROM t"); }
  absl::Status Insert(std::int64_t value) {
    return RunOnce(*database_, "INSERT INTO t (a) VALUES ($1)", value);
  }

  TemporaryFolder folder_;
  std::unique_ptr<Database> database_;
};

TEST_F(DatabaseTest, ValuesAreReadBackAsTheyWereBound) {
  const std::string text("a\0b'\"", 5);
  const std::array<std::uint8_t, 3> bytes = {1, 0, 255};
  ASSERT_TRUE(
      RunOnce(*database_, "INSERT INTO t (a, b, c) VALUES ($1, $2, $3)", text, bytes, -1).ok());
  absl::StatusOr<Statement> select = Statement::Prepare(*database_, "SELECT a, b, c FROM t");
  ASSERT_TRUE(*select->Step());
  std::string text_read;
  std::array<std::uint8_t, 3> bytes_read{};
  std::int32_t number = 0;
  ASSERT_TRUE(select->Read(text_read, bytes_read, number).ok());
  EXPECT_EQ(text_read, text);
  EXPECT_EQ(bytes_read, bytes);
  EXPECT_EQ(number, -1);
}

TEST_F(DatabaseTest, DoublesAreReadBackBitForBit) {
  for (const double value :
       {-0.0, 0.0, 3.0, 0.1, -std::numeric_limits<double>::infinity(),
        std::numeric_limits<double>::denorm_min(), std::numeric_limits<double>::max()}) {
    ASSERT_TRUE(database_->Execute("DELETE FROM t").ok());
    ASSERT_TRUE(RunOnce(*database_, "INSERT INTO t (a) VALUES ($1)", value).ok());
    absl::StatusOr<Statement> select = Statement::Prepare(*database_, "SELECT a FROM t");
    ASSERT_TRUE(*select->Step());
    double read = 1;
    ASSERT_TRUE(select->Read(read).ok());
    EXPECT_EQ(std::bit_cast<std::uint64_t>(read), std::bit_cast<std::uint64_t>(value));
  }
}

TEST_F(DatabaseTest, AnAbsentValueIsNull) {
  ASSERT_TRUE(RunOnce(*database_, "INSERT INTO t (a, b) VALUES ($1, $2)", std::optional<double>(),
                      std::optional(2.5))
                  .ok());
  absl::StatusOr<Statement> select = Statement::Prepare(*database_, "SELECT a, b FROM t");
  ASSERT_TRUE(*select->Step());
  std::optional<double> a = 1.0;
  std::optional<double> b;
  ASSERT_TRUE(select->Read(a, b).ok());
  EXPECT_EQ(a, std::nullopt);
  EXPECT_EQ(b, 2.5);
}

TEST_F(DatabaseTest, EmptyTextAndBytesAreNotNull) {
  ASSERT_TRUE(RunOnce(*database_, "INSERT INTO t (a, b) VALUES ($1, $2)", std::string_view(),
                      Blob{std::string_view()})
                  .ok());
  EXPECT_EQ(*database_->QueryInt64("SELECT count(*) FROM t WHERE a = '' AND b = x''"), 1);
}

TEST_F(DatabaseTest, PlaceholdersGoByNumberWhateverTheirOrder) {
  ASSERT_TRUE(RunOnce(*database_, "INSERT INTO t (a, b, c) VALUES ($2, $1, $2)", 10, 20).ok());
  EXPECT_EQ(*database_->QueryInt64("SELECT count(*) FROM t WHERE a = 20 AND b = 10 AND c = 20"), 1);
}

TEST_F(DatabaseTest, AByteArrayOfAnotherLengthIsDataLoss) {
  ASSERT_TRUE(RunOnce(*database_, "INSERT INTO t (a) VALUES ($1)", Blob{"four"}).ok());
  absl::StatusOr<Statement> select = Statement::Prepare(*database_, "SELECT a FROM t");
  ASSERT_TRUE(*select->Step());
  std::array<std::uint8_t, 5> read{};
  EXPECT_TRUE(absl::IsDataLoss(select->Read(read)));
}

TEST_F(DatabaseTest, OneTextIsPreparedTwiceAtOnce) {
  ASSERT_TRUE(Insert(1).ok());
  absl::StatusOr<Statement> first = Statement::Prepare(*database_, "SELECT a FROM t");
  absl::StatusOr<Statement> second = Statement::Prepare(*database_, "SELECT a FROM t");
  ASSERT_TRUE(*first->Step());
  ASSERT_TRUE(*second->Step());
  EXPECT_FALSE(*first->Step());
}

TEST_F(DatabaseTest, ATransactionLeftEarlyIsUndone) {
  {
    absl::StatusOr<Transaction> transaction = Transaction::BeginWrite(*database_);
    ASSERT_TRUE(Insert(1).ok());
  }
  EXPECT_EQ(Count(), 0);
}

TEST_F(DatabaseTest, ACommittedTransactionStays) {
  absl::StatusOr<Transaction> transaction = Transaction::BeginWrite(*database_);
  ASSERT_TRUE(Insert(1).ok());
  ASSERT_TRUE((*std::move(transaction)).Commit().ok());
  EXPECT_EQ(Count(), 1);
}

TEST_F(DatabaseTest, ASavepointLeftEarlyUndoesOnlyItself) {
  absl::StatusOr<Transaction> transaction = Transaction::BeginWrite(*database_);
  ASSERT_TRUE(Insert(1).ok());
  {
    absl::StatusOr<Savepoint> savepoint = Savepoint::Begin(*database_);
    ASSERT_TRUE(Insert(2).ok());
  }
  {
    absl::StatusOr<Savepoint> savepoint = Savepoint::Begin(*database_);
    ASSERT_TRUE(Insert(3).ok());
    ASSERT_TRUE((*std::move(savepoint)).Release().ok());
  }
  ASSERT_TRUE((*std::move(transaction)).Commit().ok());
  EXPECT_EQ(*database_->QueryInt64("SELECT sum(a) FROM t"), 4);
}

TEST_F(DatabaseTest, TheSecondWriterIsUnavailableOnceItsPatienceEnds) {
  absl::StatusOr<Transaction> transaction = Transaction::BeginWrite(*database_);
  const auto other =
      Database::Open(folder_.path() / "a.db", {.busy_timeout = std::chrono::milliseconds(1)});
  EXPECT_TRUE(absl::IsUnavailable(Transaction::BeginWrite(**other).status()));
}

TEST_F(DatabaseTest, AReadOnlyConnectionCannotWrite) {
  const auto reader = Database::Open(folder_.path() / "a.db", {.is_read_only = true});
  EXPECT_FALSE((*reader)->Execute("DELETE FROM t").ok());
}

TEST_F(DatabaseTest, AStatementStopsAtItsDeadline) {
  database_->SetDeadline(std::chrono::steady_clock::now() + std::chrono::milliseconds(20));
  const absl::Status status = database_->Execute(
      "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n");
  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
}

TEST_F(DatabaseTest, ExtensionsCannotBeLoaded) {
  EXPECT_FALSE(database_->Execute("SELECT load_extension('x')").ok());
}

TEST_F(DatabaseTest, TheSchemaCannotBeWrittenDirectly) {
  EXPECT_FALSE(database_->Execute("PRAGMA writable_schema = ON; DELETE FROM sqlite_schema").ok());
}

TEST_F(DatabaseTest, AFileThatIsNoDatabaseIsDataLoss) {
  std::ofstream(folder_.path() / "b.db") << std::string(10'000, 'x');
  const absl::Status status = Database::Open(folder_.path() / "b.db", {}).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("b.db"));
}

TEST_F(DatabaseTest, AFileThatCannotBeOpenedIsAFailedPrecondition) {
  const absl::Status status = Database::Open(folder_.path() / "none" / "c.db", {}).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
}

}  // namespace
}  // namespace assay::store
