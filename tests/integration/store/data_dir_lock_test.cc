#include "server/store/data_dir_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>

#include "tests/integration/store/store_fixture.h"

namespace assay::store {
namespace {

using testing::HasSubstr;

class DataDirLockTest : public testing::Test {
 protected:
  std::string ReadEndpoint() {
    std::ostringstream text;
    text << std::ifstream(folder_.path() / "endpoint").rdbuf();
    return text.str();
  }
  TemporaryFolder folder_;
};

TEST_F(DataDirLockTest, TheSecondHolderIsRefusedAtOnceAndToldWhoHoldsIt) {
  const auto first = DataDirLock::Acquire(folder_.path());
  ASSERT_TRUE(first.ok()) << first.status();
  const auto start = std::chrono::steady_clock::now();
  const auto second = DataDirLock::Acquire(folder_.path());
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
  EXPECT_TRUE(absl::IsFailedPrecondition(second.status())) << second.status();
  EXPECT_THAT(std::string(second.status().message()),
              HasSubstr("process " + std::to_string(getpid())));
}

TEST_F(DataDirLockTest, AReleasedDirectoryCanBeHeldAgain) {
  { const auto first = DataDirLock::Acquire(folder_.path()); }
  EXPECT_TRUE(DataDirLock::Acquire(folder_.path()).ok());
}

TEST_F(DataDirLockTest, AHolderThatIsKilledLetsGo) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    auto lock = DataDirLock::Acquire(folder_.path());
    const char byte = lock.ok() && (*lock)->PublishEndpoint("grpc=a:1 http=a:2").ok() ? '1' : '0';
    if (write(ready[1], &byte, 1) == 1) {
      pause();
    }
    _exit(0);
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  ASSERT_EQ(byte, '1');
  EXPECT_TRUE(absl::IsFailedPrecondition(DataDirLock::Acquire(folder_.path()).status()));
  ASSERT_EQ(kill(child, SIGKILL), 0);
  waitpid(child, nullptr, 0);
  close(ready[0]);
  close(ready[1]);
  EXPECT_TRUE(DataDirLock::Acquire(folder_.path()).ok());
  EXPECT_EQ(ReadEndpoint(), "");
}

TEST_F(DataDirLockTest, TheDirectoryIsMadeForItsOwnerAlone) {
  const auto lock = DataDirLock::Acquire(folder_.path() / "a" / "b");
  ASSERT_TRUE(lock.ok()) << lock.status();
  EXPECT_EQ(std::filesystem::status(folder_.path() / "a" / "b").permissions(),
            std::filesystem::perms::owner_all);
}

TEST_F(DataDirLockTest, TheEndpointIsThereWhileTheLockIsHeld) {
  {
    const auto lock = DataDirLock::Acquire(folder_.path());
    ASSERT_TRUE((*lock)->PublishEndpoint("grpc=127.0.0.1:7317 http=127.0.0.1:7318").ok());
    EXPECT_EQ(ReadEndpoint(), "grpc=127.0.0.1:7317 http=127.0.0.1:7318\n");
    ASSERT_TRUE((*lock)->PublishEndpoint("grpc=127.0.0.1:1 http=127.0.0.1:2").ok());
    EXPECT_EQ(ReadEndpoint(), "grpc=127.0.0.1:1 http=127.0.0.1:2\n");
  }
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "endpoint"));
}

TEST_F(DataDirLockTest, APathThatIsAFileIsRefused) {
  std::ofstream(folder_.path() / "file") << "x";
  EXPECT_TRUE(absl::IsFailedPrecondition(DataDirLock::Acquire(folder_.path() / "file").status()));
}

}  // namespace
}  // namespace assay::store
