#include "server/store/sqlite/read_pool.h"

#include <gtest/gtest.h>

#include <future>
#include <optional>
#include <thread>

#include "tests/integration/store/store_fixture.h"

namespace assay::store {
namespace {

class ReadPoolTest : public testing::Test {
 protected:
  ReadPoolTest() : writer_(*Database::Open(folder_.path() / "a.db", {})) {
    EXPECT_TRUE(writer_->Execute("PRAGMA journal_mode = WAL; CREATE TABLE t (a INTEGER)").ok());
  }
  std::unique_ptr<ReadPool> Open(const ReadPool::Limits& limits) {
    return *ReadPool::Open(folder_.path() / "a.db", limits);
  }
  static std::int64_t Count(ReadPool::Reader& reader) {
    return *reader.database().QueryInt64("SELECT count(*) FROM t");
  }

  TemporaryFolder folder_;
  std::unique_ptr<Database> writer_;
};

TEST_F(ReadPoolTest, AReaderSeesOneSnapshot) {
  const std::unique_ptr<ReadPool> pool = Open({.num_connections = 1});
  absl::StatusOr<ReadPool::Reader> reader = pool->Acquire();
  EXPECT_EQ(Count(*reader), 0);
  ASSERT_TRUE(writer_->Execute("INSERT INTO t VALUES (1)").ok());
  EXPECT_EQ(Count(*reader), 0);
}

TEST_F(ReadPoolTest, TheNextReaderSeesWhatWasWritten) {
  const std::unique_ptr<ReadPool> pool = Open({.num_connections = 1});
  {
    absl::StatusOr<ReadPool::Reader> reader = pool->Acquire();
    EXPECT_EQ(Count(*reader), 0);
  }
  ASSERT_TRUE(writer_->Execute("INSERT INTO t VALUES (1)").ok());
  absl::StatusOr<ReadPool::Reader> reader = pool->Acquire();
  EXPECT_EQ(Count(*reader), 1);
}

TEST_F(ReadPoolTest, WithoutAFreeConnectionTheWaitIsBounded) {
  const std::unique_ptr<ReadPool> pool =
      Open({.num_connections = 1, .max_wait = std::chrono::milliseconds(20)});
  absl::StatusOr<ReadPool::Reader> reader = pool->Acquire();
  EXPECT_TRUE(absl::IsUnavailable(pool->Acquire().status()));
}

TEST_F(ReadPoolTest, AWaitingReaderGetsTheConnectionThatIsGivenBack) {
  const std::unique_ptr<ReadPool> pool = Open({.num_connections = 1});
  std::optional<ReadPool::Reader> held = *pool->Acquire();
  std::promise<void> waiting;
  std::thread other([&] {
    waiting.set_value();
    EXPECT_TRUE(pool->Acquire().ok());
  });
  waiting.get_future().wait();
  held.reset();
  other.join();
}

TEST_F(ReadPoolTest, ALongReadIsStopped) {
  const std::unique_ptr<ReadPool> pool =
      Open({.num_connections = 1, .max_duration = std::chrono::milliseconds(20)});
  absl::StatusOr<ReadPool::Reader> reader = pool->Acquire();
  EXPECT_TRUE(absl::IsDeadlineExceeded(reader->database().Execute(
      "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")));
}

}  // namespace
}  // namespace assay::store
