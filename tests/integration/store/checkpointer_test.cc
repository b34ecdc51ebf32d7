#include "server/store/sqlite/checkpointer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>
#include <utility>

#include "server/store/sqlite/transaction.h"
#include "server/store/sqlite/writer.h"
#include "tests/integration/store/store_fixture.h"

namespace assay::store {
namespace {

using testing::AllOf;
using testing::Ge;
using testing::Le;
using testing::Lt;

constexpr std::string_view kTenPages = "INSERT INTO t (a) VALUES (zeroblob(40000))";
constexpr CheckpointLimits kLimits{.pages_between = 20, .max_pages = 100};

class CheckpointerTest : public testing::Test {
 protected:
  CheckpointerTest() : database_(*Database::Open(path_, {})) {
    EXPECT_TRUE(database_
                    ->Execute("PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; "
                              "CREATE TABLE t (a BLOB); PRAGMA wal_checkpoint(TRUNCATE)")
                    .ok());
    database_->KeepLog();
    checkpointer_ = std::make_unique<Checkpointer>(*Database::Open(path_, {}), kLimits);
  }

  // Commits about ten pages and tells the checkpointer.
  void Commit() {
    ASSERT_TRUE(database_->Execute(kTenPages).ok());
    checkpointer_->AfterCommit(database_->log_pages());
  }
  std::uintmax_t FileBytes() const { return std::filesystem::file_size(path_); }

  TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_.path() / "a.db";
  std::unique_ptr<Database> database_;
  std::unique_ptr<Checkpointer> checkpointer_;
};

TEST_F(CheckpointerTest, AShortLogStays) {
  const std::uintmax_t before = FileBytes();
  Commit();
  checkpointer_->Settle();
  EXPECT_EQ(FileBytes(), before);
}

TEST_F(CheckpointerTest, ALogThatGrewIsCopiedAndBeginsAnew) {
  for (int i = 0; i < 2; ++i) {
    Commit();
  }
  checkpointer_->Settle();
  EXPECT_GE(FileBytes(), 2 * 40'000);
  Commit();
  EXPECT_THAT(database_->log_pages(), AllOf(Ge(10), Lt(20)));
}

TEST_F(CheckpointerTest, ALogThatBeganAnewIsCopiedWhenItGrewAgain) {
  for (int i = 0; i < 2; ++i) {
    Commit();
  }
  checkpointer_->Settle();
  for (int i = 0; i < 2; ++i) {
    Commit();
  }
  checkpointer_->Settle();
  EXPECT_GE(FileBytes(), 4 * 40'000);
}

TEST_F(CheckpointerTest, WithALongLogTheWriterWaitsForTheCopy) {
  const auto reader = Database::Open(path_, {.is_read_only = true});
  {
    auto snapshot = Transaction::BeginRead(**reader);
    ASSERT_EQ(*(*reader)->QueryInt64("SELECT count(*) FROM t"), 0);
    for (int i = 0; i < 12; ++i) {
      Commit();  // Returns, though the reader needs the log.
    }
    EXPECT_GE(database_->log_pages(), kLimits.max_pages);
    EXPECT_LT(FileBytes(), 40'000);
    EXPECT_EQ(*(*reader)->QueryInt64("SELECT count(*) FROM t"), 0);
  }
  Commit();
  EXPECT_GE(FileBytes(), 13 * 40'000);
  Commit();
  EXPECT_LT(database_->log_pages(), 20);
}

TEST_F(CheckpointerTest, AWriterBoundsTheLogAndLosesNothing) {
  Database& database = *database_;
  Writer writer(std::move(database_), std::move(checkpointer_));
  int longest = 0;
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(writer.Run([](Database& file) { return file.Execute(kTenPages); }).ok());
    ASSERT_TRUE(writer
                    .Run([&](Database&) {
                      longest = std::max(longest, database.log_pages());
                      return absl::OkStatus();
                    })
                    .ok());
  }
  EXPECT_THAT(longest, AllOf(Ge(kLimits.pages_between), Le(kLimits.max_pages + 20)));
  const auto reader = Database::Open(path_, {.is_read_only = true});
  EXPECT_EQ(*(*reader)->QueryInt64("SELECT count(*) FROM t"), 200);
}

TEST_F(CheckpointerTest, AWriterEmptiesTheLogWhileItIsCopied) {
  Writer writer(std::move(database_), std::move(checkpointer_));
  for (int i = 0; i < 50; ++i) {
    writer.Submit([](Database& file) { return file.Execute(kTenPages); }, 40'000,
                  [](const absl::Status& status) { EXPECT_TRUE(status.ok()) << status; });
    if (i % 5 == 0) {
      ASSERT_TRUE(writer.Checkpoint().ok());
      EXPECT_EQ(std::filesystem::file_size(path_.string() + "-wal"), 0);
    }
  }
}

}  // namespace
}  // namespace assay::store
