#include "server/store/sqlite/writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <thread>
#include <vector>

#include "server/store/sqlite/statement.h"
#include "tests/integration/store/store_fixture.h"

namespace assay::store {
namespace {

using testing::ElementsAre;

class WriterTest : public testing::Test {
 protected:
  WriterTest() {
    std::unique_ptr<Database> database = *Database::Open(folder_.path() / "a.db", {});
    EXPECT_TRUE(database
                    ->Execute("PRAGMA journal_mode = WAL; CREATE TABLE t (a INTEGER, b BLOB); "
                              "CREATE TABLE p (a INTEGER PRIMARY KEY)")
                    .ok());
    database_ = database.get();
    writer_.emplace(std::move(database));
  }

  static Writer::Work Insert(std::int64_t value) {
    return [value](Database& database) {
      return RunOnce(database, "INSERT INTO t (a) VALUES ($1)", value);
    };
  }
  std::future<absl::Status> Submit(Writer::Work work) {
    auto promise = std::make_shared<std::promise<absl::Status>>();
    writer_->Submit(std::move(work), 0,
                    [promise](absl::Status status) { promise->set_value(std::move(status)); });
    return promise->get_future();
  }
  // Runs all of `work` as one group: the first piece queues the others while it runs.
  std::vector<absl::Status> RunTogether(std::vector<Writer::Work> work) {
    std::vector<std::future<absl::Status>> answers(work.size());
    std::promise<void> all_queued;
    answers[0] = Submit([&](Database& database) {
      for (std::size_t i = 1; i < work.size(); ++i) {
        answers[i] = Submit(work[i]);
      }
      all_queued.set_value();
      return work[0](database);
    });
    all_queued.get_future().wait();
    std::vector<absl::Status> statuses;
    for (std::future<absl::Status>& answer : answers) {
      statuses.push_back(answer.get());
    }
    return statuses;
  }
  std::int64_t Count() {
    const auto reader = Database::Open(folder_.path() / "a.db", {.is_read_only = true});
    return *(*reader)->QueryInt64("SELECT count(*) FROM t");
  }

  TemporaryFolder folder_;
  Database* database_ = nullptr;
  std::optional<Writer> writer_;
};

TEST_F(WriterTest, WhatIsAnsweredIsVisibleToOthers) {
  ASSERT_TRUE(writer_->Run(Insert(1)).ok());
  EXPECT_EQ(Count(), 1);
}

TEST_F(WriterTest, WorkRunsInTheOrderOfSubmission) {
  std::vector<int> order;
  std::vector<std::future<absl::Status>> done;
  for (int i = 0; i < 5; ++i) {
    done.push_back(Submit([&order, i](Database&) {
      order.push_back(i);
      return absl::OkStatus();
    }));
  }
  for (auto& each : done) {
    ASSERT_TRUE(each.get().ok());
  }
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3, 4));
}

TEST_F(WriterTest, APieceThatFailsUndoesOnlyItself) {
  const std::vector<absl::Status> statuses = RunTogether(
      {Insert(1),
       [](Database& database) -> absl::Status {
         const absl::Status inserted = Insert(2)(database);
         return inserted.ok() ? absl::InvalidArgumentError("second thoughts") : inserted;
       },
       Insert(3)});
  EXPECT_THAT(statuses, ElementsAre(absl::OkStatus(), absl::InvalidArgumentError("second thoughts"),
                                    absl::OkStatus()));
  EXPECT_EQ(Count(), 2);
}

TEST_F(WriterTest, APieceThatBreaksAConstraintUndoesOnlyItself) {
  const std::vector<absl::Status> statuses = RunTogether(
      {Insert(1),
       [](Database& database) {
         return database.Execute("INSERT INTO t (a) VALUES (2); INSERT INTO p VALUES (1), (1)");
       },
       Insert(3)});
  EXPECT_TRUE(statuses[0].ok());
  EXPECT_FALSE(statuses[1].ok());
  EXPECT_TRUE(statuses[2].ok());
  EXPECT_EQ(Count(), 2);
}

TEST_F(WriterTest, NothingIsAnsweredBeforeTheCommit) {
  std::promise<void> second_runs;
  std::promise<void> gate;
  std::future<absl::Status> second;
  std::future<absl::Status> first = Submit([&](Database& database) {
    second = Submit([&](Database&) {
      second_runs.set_value();
      gate.get_future().wait();
      return absl::OkStatus();
    });
    return Insert(1)(database);
  });
  second_runs.get_future().wait();
  EXPECT_EQ(first.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  EXPECT_EQ(Count(), 0);
  gate.set_value();
  EXPECT_TRUE(first.get().ok());
  EXPECT_TRUE(second.get().ok());
  EXPECT_EQ(Count(), 1);
}

TEST_F(WriterTest, WorkThatWaitsTogetherIsOneTransaction) {
  std::vector<std::int64_t> seen;
  const auto look_and_insert = [&](Database& database) {
    seen.push_back(Count());  // What another connection sees.
    return Insert(1)(database);
  };
  RunTogether({look_and_insert, look_and_insert, look_and_insert});
  EXPECT_THAT(seen, ElementsAre(0, 0, 0));
  EXPECT_EQ(Count(), 3);
}

TEST_F(WriterTest, ALongGroupEndsSoThatNobodyWaitsForIt) {
  std::vector<std::int64_t> seen;
  RunTogether(std::vector<Writer::Work>(30, [&](Database& database) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    seen.push_back(Count());
    return Insert(1)(database);
  }));
  EXPECT_GT(seen.back(), 0);  // The first pieces were durable before the last ran.
}

TEST_F(WriterTest, WhenTheTransactionFailsAllOfItsPiecesDoAndTheWriterGoesOn) {
  const std::vector<absl::Status> statuses =
      RunTogether({Insert(1), [](Database& database) {
                     return database.Execute("INSERT INTO t (a) VALUES (2); ROLLBACK");
                   }});
  EXPECT_FALSE(statuses[0].ok());
  EXPECT_FALSE(statuses[1].ok());
  EXPECT_EQ(Count(), 0);
  EXPECT_TRUE(writer_->Run(Insert(3)).ok());
  EXPECT_EQ(Count(), 1);
}

TEST_F(WriterTest, WhatIsQueuedIsWrittenBeforeTheWriterIsGone) {
  for (int i = 0; i < 100; ++i) {
    writer_->Submit(Insert(i), 0, [](const absl::Status& status) { EXPECT_TRUE(status.ok()); });
  }
  writer_.reset();
  EXPECT_EQ(Count(), 100);
}

TEST_F(WriterTest, ManyThreadsWriteEverythingOnce) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([this] {
      for (int k = 0; k < 50; ++k) {
        EXPECT_TRUE(writer_->Run(Insert(k)).ok());
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(Count(), 400);
}

}  // namespace
}  // namespace assay::store
