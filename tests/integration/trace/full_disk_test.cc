// Traces on a disk that is smaller than their limit.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "server/trace/retention.h"
#include "tests/integration/store/store_fixture.h"

namespace assay::trace {
namespace {

using store::kDefaultProject;
using store::SpanRecord;
using testing::Gt;

constexpr std::int64_t kDiskBytes = 96 << 20;
constexpr std::int64_t kReserveBytes = 24 << 20;
constexpr std::int64_t kLongPause = 3'600'000;
constexpr std::size_t kNumSpans = 30;
constexpr std::size_t kDetailsBytes = 10'000;
constexpr int kTracesOfDisk = kDiskBytes / (kNumSpans * kDetailsBytes);

// A file system of kDiskBytes that only this process sees, until the end of the test.
class SmallDisk {
 public:
  SmallDisk() {
    // Of the thread, and of those that it starts.
    if (unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("tmpfs", path().c_str(), "tmpfs", 0,
              ("size=" + std::to_string(kDiskBytes)).c_str()) != 0) {
      error_ = std::strerror(errno);
      return;
    }
    is_mounted_ = true;
  }
  ~SmallDisk() {
    if (is_mounted_) {
      umount2(path().c_str(), MNT_DETACH);
    }
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool is_mounted() const { return is_mounted_; }
  const std::string& error() const { return error_; }
  const std::filesystem::path& path() const { return folder_.path(); }

 private:
  store::TemporaryFolder folder_;
  bool is_mounted_ = false;
  std::string error_;
};

std::vector<SpanRecord> Trace(int number) {
  std::vector<SpanRecord> spans(kNumSpans);
  for (std::size_t i = 0; i < spans.size(); ++i) {
    SpanRecord& span = spans[i];
    span.trace_id[0] = static_cast<std::uint8_t>(number >> 8);
    span.trace_id[1] = static_cast<std::uint8_t>(number);
    span.trace_id[15] = 1;
    span.span_id[7] = static_cast<std::uint8_t>(i + 1);
    span.name = "work";
    span.start_ns = test::FakeClock::kStartUs * 1'000;
    span.duration_ns = 1;
    span.details = std::string(kDetailsBytes, 'x');
  }
  return spans;
}

class FullDiskTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!disk_.is_mounted()) {
      GTEST_SKIP() << "a file system cannot be mounted here: " << disk_.error();
    }
    store_ = *store::OpenSqliteStore(disk_.path(), clock_, {.num_readers = 2});
    Retention::Options options;
    options.reserve = disk_.path() / "traces.reserve";
    options.reserve_bytes = kReserveBytes;
    options.pause_ms = kLongPause;
    retention_.emplace(store_->traces(), clock_, options);
    ASSERT_TRUE(retention_->Enforce().ok());
    ASSERT_TRUE(HasReserve());
  }

  absl::Status Append(int number) {
    return store_->traces().Append(kDefaultProject, Trace(number));
  }
  // Appends as an exporter does: again and again until it is taken. The times that it was refused.
  int AppendUntilTaken(int number) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    int num_refused = 0;
    for (;;) {
      const absl::Status status = Append(number);
      if (status.ok()) {
        return num_refused;
      }
      ++num_refused;
      if (absl::IsResourceExhausted(status)) {
        retention_->Hurry();  // as the receiver does
      } else {
        EXPECT_TRUE(absl::IsUnavailable(status)) << status;
      }
      if (std::chrono::steady_clock::now() > deadline) {
        ADD_FAILURE() << "trace " << number << " is refused for good: " << status;
        return num_refused;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  // Numbers of the traces that are there, newest first.
  std::vector<int> Numbers() {
    store::TraceQuery query;
    query.size = 1'000;
    const auto page = store_->traces().FindTraces(kDefaultProject, query);
    EXPECT_TRUE(page.ok()) << page.status();
    std::vector<int> numbers;
    for (const store::TraceRecord& trace : page->traces) {
      numbers.push_back(trace.trace_id[0] << 8 | trace.trace_id[1]);
    }
    return numbers;
  }
  bool HasReserve() const { return std::filesystem::exists(disk_.path() / "traces.reserve"); }
  std::filesystem::path other_file() const { return disk_.path() / "other"; }
  std::int64_t FreeBytes() const {
    return static_cast<std::int64_t>(std::filesystem::space(disk_.path()).available);
  }
  // Leaves so much of the disk to others.
  void FillDisk(std::int64_t left_bytes) {
    const int file = open(other_file().c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    ASSERT_GE(file, 0);
    EXPECT_EQ(posix_fallocate(file, 0, FreeBytes() - left_bytes), 0);
    close(file);
  }

  SmallDisk disk_;  // before all that starts threads or opens files
  test::FakeClock clock_;
  std::unique_ptr<store::Store> store_;
  std::optional<Retention> retention_;
};

TEST_F(FullDiskTest, TheOldestTracesGoAndNewOnesAreTaken) {
  constexpr int kLast = 2 * kTracesOfDisk;
  int num_refused = 0;
  for (int number = 1; number <= kLast && !HasFailure(); ++number) {
    num_refused += AppendUntilTaken(number) > 0 ? 1 : 0;
  }
  EXPECT_GT(num_refused, 2);
  const std::vector<int> numbers = Numbers();
  ASSERT_THAT(numbers.size(), Gt(kTracesOfDisk / 8));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    EXPECT_EQ(numbers[i], kLast - static_cast<int>(i));  // the newest, without a gap
  }
  const Retention::Counters counters = retention_->counters();
  EXPECT_EQ(counters.num_removed_traces, kLast - std::ssize(numbers));
  EXPECT_EQ(counters.num_given_up_traces, counters.num_removed_traces);
  retention_->Hurry();
  ASSERT_TRUE(retention_->Enforce().ok());
  EXPECT_TRUE(HasReserve());
}

TEST_F(FullDiskTest, NoMoreIsRemovedThanMakesRoom) {
  int number = 1;
  while (Append(number).ok()) {
    ++number;
  }
  ASSERT_TRUE(absl::IsResourceExhausted(Append(number)));
  retention_->Hurry();
  ASSERT_TRUE(retention_->Enforce().ok());
  EXPECT_TRUE(HasReserve());
  EXPECT_GE(FreeBytes(), kReserveBytes - (1 << 20));
  EXPECT_LE(FreeBytes(), kReserveBytes + kReserveBytes / 2);
  const std::int64_t num_given_up = retention_->counters().num_given_up_traces;
  retention_->Hurry();  // as refused exporters do that come late
  ASSERT_TRUE(retention_->Enforce().ok());
  EXPECT_EQ(retention_->counters().num_given_up_traces, num_given_up);
}

TEST_F(FullDiskTest, NothingIsRemovedWhereOtherFilesFillTheDisk) {
  for (int number = 1; number <= 3; ++number) {
    ASSERT_TRUE(Append(number).ok());
  }
  FillDisk(100'000);
  int number = 4;
  while (Append(number).ok()) {  // the log has some room yet
    ++number;
  }
  const std::vector<int> before = Numbers();
  retention_->Hurry();
  (void)retention_->Enforce();  // by this thread or by the other
  EXPECT_EQ(Numbers(), before);
  EXPECT_EQ(retention_->counters().num_removed_traces, 0);
  EXPECT_TRUE(HasReserve());
  std::filesystem::remove(other_file());
  EXPECT_TRUE(Append(number).ok());
}

// It stops, and does not start again for a while.
TEST_F(FullDiskTest, RoomThatOthersTakeIsNotSoughtWithoutEnd) {
  // Somewhat more than it may remove at once, and less than fills the disk.
  for (int number = 1; store_->traces().FileSize()->used_bytes < kDiskBytes / 16 * 9; ++number) {
    ASSERT_TRUE(Append(number).ok());
  }
  ASSERT_TRUE(store_->traces().Checkpoint().ok());
  const int taker = open(other_file().c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  ASSERT_GE(taker, 0);
  std::int64_t taken_bytes = 0;
  // Looks while others take the room that it wins.
  const auto look = [&] {
    std::atomic<bool> is_over = false;
    std::thread looking;
    while (!is_over) {
      while (FreeBytes() > 4 << 20 && posix_fallocate(taker, taken_bytes, 1 << 20) == 0) {
        taken_bytes += 1 << 20;
      }
      if (!looking.joinable()) {
        looking = std::thread([&] {
          retention_->Hurry();
          (void)retention_->Enforce();  // by this thread or by the other
          is_over = true;
        });
      }
    }
    looking.join();
  };
  look();
  const std::int64_t num_given_up = retention_->counters().num_given_up_traces;
  EXPECT_GT(num_given_up, 0);
  EXPECT_FALSE(Numbers().empty());
  look();
  EXPECT_EQ(retention_->counters().num_given_up_traces, num_given_up);
  close(taker);
}

}  // namespace
}  // namespace assay::trace
