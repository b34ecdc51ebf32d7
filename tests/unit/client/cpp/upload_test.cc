#include "client/cpp/upload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace assay::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A server in memory that answers each AppendBatch on a thread of its own, as `answer` says. It
// keeps batches in order of their sequence, as the real one does.
class ScriptedTransport : public UploadTransport {
 public:
  using Answer = std::function<absl::Status(std::int64_t sequence, int attempt)>;

  ~ScriptedTransport() override {
    for (std::thread& thread : threads_) {
      thread.join();
    }
  }

  absl::StatusOr<v1::Upload> BeginUpload(v1::BeginUploadRequest) override {
    v1::Upload upload;
    upload.set_name("projects/default/uploads/1");
    return upload;
  }

  void AppendBatch(std::shared_ptr<const v1::AppendBatchRequest> request,
                   AppendDone done) override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      ++num_out;
      most_out = std::max(most_out, num_out);
    }
    threads_.emplace_back([this, request = std::move(request), done = std::move(done)] {
      absl::Status status;
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        status = answer(request->sequence(), ++attempts_[request->sequence()]);
        if (status.ok() || loses_answers) {
          stored_rows[request->sequence()] = request->batch().num_rows();
        }
        --num_out;
      }
      if (status.ok()) {
        done(request->sequence() + 1);
      } else {
        done(status);
      }
    });
  }

  void CancelAppends() override {}

  absl::StatusOr<v1::Upload> GetUpload(const v1::GetUploadRequest&) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::int64_t next = 0;
    while (stored_rows.contains(next)) {
      ++next;
    }
    v1::Upload upload;
    upload.set_next_sequence(next);
    return upload;
  }

  absl::StatusOr<v1::CommitUploadResponse> CommitUpload(
      const v1::CommitUploadRequest& request) override {
    committed_batches = request.num_batches();
    return v1::CommitUploadResponse();
  }

  absl::Status AbortUpload(const v1::AbortUploadRequest&) override {
    was_aborted = true;
    return absl::OkStatus();
  }

  Answer answer = [](std::int64_t, int) { return absl::OkStatus(); };
  bool loses_answers = false;  // a batch is stored although its answer is an error
  std::map<std::int64_t, std::int64_t> stored_rows;  // by sequence
  std::int64_t committed_batches = -1;
  bool was_aborted = false;
  int num_out = 0;
  int most_out = 0;

 private:
  std::mutex mutex_;
  std::map<std::int64_t, int> attempts_;
  std::vector<std::thread> threads_;
};

std::vector<Column> Numbers(std::int64_t num_rows) {
  Column column;
  column.name = "cost";
  column.type = ColumnType::kFloat64;
  column.num_rows = num_rows;
  column.doubles.assign(static_cast<std::size_t>(num_rows), 1.0);
  return {column};
}

std::unique_ptr<Upload> Begin(UploadTransport& transport, Upload::Options options = {}) {
  options.sleep = [](std::chrono::milliseconds) {};
  auto upload = Upload::Begin(transport, v1::BeginUploadRequest(), std::move(options));
  EXPECT_TRUE(upload.ok());
  return *std::move(upload);
}

std::vector<std::int64_t> RowsBySequence(const ScriptedTransport& transport) {
  std::vector<std::int64_t> rows;
  for (const auto& [sequence, num_rows] : transport.stored_rows) {
    rows.push_back(num_rows);
  }
  return rows;
}

TEST(UploadTest, CutsRowsIntoBatches) {
  ScriptedTransport transport;
  Upload::Options options;
  options.max_rows = 10;
  const auto upload = Begin(transport, options);
  ASSERT_TRUE(upload->Append(v1::TABLE_ROWS, Numbers(25)).ok());
  ASSERT_TRUE(upload->Commit().ok());
  EXPECT_THAT(RowsBySequence(transport), ElementsAre(10, 10, 5));
  EXPECT_EQ(transport.committed_batches, 3);
}

TEST(UploadTest, CutsBatchesThatAreTooLarge) {
  ScriptedTransport transport;
  Upload::Options options;
  options.max_bytes = 80;  // ten doubles
  const auto upload = Begin(transport, options);
  ASSERT_TRUE(upload->Append(v1::TABLE_ROWS, Numbers(16)).ok());
  ASSERT_TRUE(upload->Commit().ok());
  EXPECT_THAT(RowsBySequence(transport), ElementsAre(8, 8));
}

TEST(UploadTest, RefusesARowThatNoBatchCanHold) {
  ScriptedTransport transport;
  Upload::Options options;
  options.max_bytes = 4;
  options.max_row_bytes = 7;
  const auto upload = Begin(transport, options);
  const absl::Status status = upload->Append(v1::TABLE_ROWS, Numbers(1));
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("row 0: 8 bytes in one row"));
}

TEST(UploadTest, KeepsAtMostAWindowInFlight) {
  ScriptedTransport transport;
  Upload::Options options;
  options.max_rows = 1;
  options.window = 3;
  const auto upload = Begin(transport, options);
  ASSERT_TRUE(upload->Append(v1::TABLE_ROWS, Numbers(50)).ok());
  ASSERT_TRUE(upload->Commit().ok());
  EXPECT_LE(transport.most_out, 3);
  EXPECT_EQ(transport.stored_rows.size(), 50U);
}

TEST(UploadTest, SendsABatchAgainAfterABrokenLink) {
  ScriptedTransport transport;
  transport.answer = [](std::int64_t sequence, int attempt) {
    return sequence == 1 && attempt <= 2 ? absl::UnavailableError("gone") : absl::OkStatus();
  };
  Upload::Options options;
  options.max_rows = 1;
  const auto upload = Begin(transport, options);
  ASSERT_TRUE(upload->Append(v1::TABLE_ROWS, Numbers(5)).ok());
  ASSERT_TRUE(upload->Commit().ok());
  EXPECT_THAT(RowsBySequence(transport), ElementsAre(1, 1, 1, 1, 1));
}

TEST(UploadTest, DoesNotSendAgainWhatIsDurableAlthoughItsAnswerWasLost) {
  ScriptedTransport transport;
  transport.loses_answers = true;
  std::atomic<int> num_calls = 0;
  transport.answer = [&num_calls](std::int64_t, int) {
    ++num_calls;
    return absl::UnavailableError("gone");
  };
  const auto upload = Begin(transport);
  ASSERT_TRUE(upload->Append(v1::TABLE_ROWS, Numbers(5)).ok());
  ASSERT_TRUE(upload->Commit().ok());
  EXPECT_EQ(num_calls, 1);
}

TEST(UploadTest, GivesUpWhenThePatienceIsUsedUp) {
  ScriptedTransport transport;
  transport.answer = [](std::int64_t, int) { return absl::UnavailableError("gone"); };
  Upload::Options options;
  options.patience = std::chrono::milliseconds(200);
  auto upload = Begin(transport, options);
  ASSERT_TRUE(upload->Append(v1::TABLE_ROWS, Numbers(1)).ok());
  EXPECT_TRUE(absl::IsUnavailable(upload->Commit().status()));
}

TEST(UploadTest, ReturnsARefusalToEveryLaterCallAndRemovesTheUpload) {
  ScriptedTransport transport;
  transport.answer = [](std::int64_t, int) {
    return absl::InvalidArgumentError("column 'cost', row 0: bad");
  };
  auto upload = Begin(transport);
  ASSERT_TRUE(upload->Append(v1::TABLE_ROWS, Numbers(1)).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(upload->Commit().status()));
  EXPECT_TRUE(absl::IsInvalidArgument(upload->Append(v1::TABLE_ROWS, Numbers(1))));
  upload.reset();
  EXPECT_TRUE(transport.was_aborted);
  EXPECT_EQ(transport.committed_batches, -1);
}

TEST(UploadTest, IsNotRemovedOnceCommitted) {
  ScriptedTransport transport;
  auto upload = Begin(transport);
  ASSERT_TRUE(upload->Append(v1::TABLE_ROWS, Numbers(1)).ok());
  ASSERT_TRUE(upload->Commit().ok());
  upload.reset();
  EXPECT_FALSE(transport.was_aborted);
}

TEST(UploadTest, ReportsDurableRows) {
  ScriptedTransport transport;
  std::vector<std::int64_t> reported;
  Upload::Options options;
  options.max_rows = 2;
  options.on_progress = [&reported](std::int64_t rows) { reported.push_back(rows); };
  const auto upload = Begin(transport, options);
  ASSERT_TRUE(upload->Append(v1::TABLE_ROWS, Numbers(6)).ok());
  ASSERT_TRUE(upload->Commit().ok());
  ASSERT_FALSE(reported.empty());
  EXPECT_EQ(reported.back(), 6);
}

}  // namespace
}  // namespace assay::client
