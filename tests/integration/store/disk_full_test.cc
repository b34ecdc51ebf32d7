#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <vector>

#include "server/store/sqlite/database.h"
#include "server/store/sqlite/statement.h"
#include "server/store/sqlite/writer.h"
#include "tests/integration/store/store_fixture.h"

namespace assay::store {
namespace {

using testing::HasSubstr;

constexpr std::string_view kMegabytes = "INSERT INTO t (a) VALUES (zeroblob(4000000))";
constexpr std::string_view kSmall = "INSERT INTO t (a) VALUES (x'00')";

Writer::Work Executing(std::string_view sql) {
  return [sql](Database& database) { return database.Execute(sql); };
}

// A file that may not grow past about 200 KiB.
class DiskFullTest : public testing::Test {
 protected:
  DiskFullTest() {
    std::unique_ptr<Database> database = *Database::Open(folder_.path() / "a.db", {});
    EXPECT_TRUE(database
                    ->Execute("PRAGMA journal_mode = WAL; CREATE TABLE t (a BLOB); "
                              "PRAGMA max_page_count = 50")
                    .ok());
    writer_ = std::make_unique<Writer>(std::move(database));
  }
  std::int64_t Count() {
    const auto reader = Database::Open(folder_.path() / "a.db", {.is_read_only = true});
    return *(*reader)->QueryInt64("SELECT count(*) FROM t");
  }

  TemporaryFolder folder_;
  std::unique_ptr<Writer> writer_;
};

TEST_F(DiskFullTest, TheWriteIsRefusedAsExhausted) {
  const absl::Status status = writer_->Run(Executing(kMegabytes));
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("no space left for a.db"));
}

TEST_F(DiskFullTest, NothingOfARefusedWriteStays) {
  EXPECT_FALSE(writer_->Run(Executing(kMegabytes)).ok());
  EXPECT_EQ(Count(), 0);
}

TEST_F(DiskFullTest, WhatWasStoredBeforeIsReadable) {
  ASSERT_TRUE(writer_->Run(Executing(kSmall)).ok());
  EXPECT_FALSE(writer_->Run(Executing(kMegabytes)).ok());
  EXPECT_EQ(Count(), 1);
}

TEST_F(DiskFullTest, SmallerWritesGoOn) {
  EXPECT_FALSE(writer_->Run(Executing(kMegabytes)).ok());
  EXPECT_TRUE(writer_->Run(Executing(kSmall)).ok());
  EXPECT_EQ(Count(), 1);
}

TEST_F(DiskFullTest, EveryAnswerOfAGroupIsTrue) {
  std::vector<std::promise<absl::Status>> answers(3);
  const auto submit = [&](std::size_t i, Writer::Work work) {
    writer_->Submit(std::move(work), 0, [&answers, i](absl::Status status) {
      answers[i].set_value(std::move(status));
    });
  };
  // The others are queued while the first runs, so that they join its group.
  submit(0, [&](Database& database) {
    submit(1, Executing(kMegabytes));
    submit(2, Executing(kSmall));
    return database.Execute(kSmall);
  });
  std::int64_t num_acknowledged = 0;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const absl::Status status = answers[i].get_future().get();
    num_acknowledged += status.ok() ? 1 : 0;
    EXPECT_TRUE(status.ok() || absl::IsResourceExhausted(status)) << status;
    EXPECT_FALSE(i == 1 && status.ok());
  }
  EXPECT_EQ(Count(), num_acknowledged);
}

}  // namespace
}  // namespace assay::store
