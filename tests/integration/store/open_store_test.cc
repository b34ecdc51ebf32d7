#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "server/store/sqlite/migrate.h"
#include "tests/integration/store/store_fixture.h"

namespace assay::store {
namespace {

using testing::HasSubstr;

class OpenStoreTest : public testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<Store>> Open() {
    return OpenSqliteStore(folder_.path(), clock_, {.num_readers = 1});
  }
  void Execute(const char* file, std::string_view sql) {
    const absl::Status status = (*Database::Open(folder_.path() / file, {}))->Execute(sql);
    ASSERT_TRUE(status.ok()) << status;
  }

  TemporaryFolder folder_;
  test::FakeClock clock_;
};

TEST_F(OpenStoreTest, ANewDirectoryBecomesAStore) {
  const auto store = Open();
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ((*store)->schema_version(), std::ssize(StoreMigrations()));
  EXPECT_GT((*store)->Sizes().store_bytes, 0);
  EXPECT_GT((*store)->Sizes().traces_bytes, 0);
}

TEST_F(OpenStoreTest, ANewerStoreIsRefused) {
  ASSERT_TRUE(Open().ok());
  Execute("assay.db", "PRAGMA user_version = 1000");
  const absl::Status status = Open().status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("assay.db: schema 1000 is newer"));
}

TEST_F(OpenStoreTest, ANewerTraceFileIsRefused) {
  ASSERT_TRUE(Open().ok());
  Execute("traces.db", "PRAGMA user_version = 1000");
  EXPECT_THAT(std::string(Open().status().message()), HasSubstr("traces.db: schema 1000 is newer"));
}

TEST_F(OpenStoreTest, AnotherProgramsFileIsRefused) {
  Execute("assay.db", "CREATE TABLE theirs (x)");
  const absl::Status status = Open().status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
}

TEST_F(OpenStoreTest, ADamagedFileIsDataLoss) {
  ASSERT_TRUE(Open().ok());
  std::fstream(folder_.path() / "assay.db", std::ios::in | std::ios::out | std::ios::binary)
      << "nothing of ours";
  EXPECT_TRUE(absl::IsDataLoss(Open().status())) << Open().status();
}

TEST_F(OpenStoreTest, APathThatCannotBeADirectoryIsRefused) {
  std::ofstream(folder_.path() / "file") << "x";
  EXPECT_TRUE(
      absl::IsFailedPrecondition(OpenSqliteStore(folder_.path() / "file", clock_).status()));
}

TEST_F(OpenStoreTest, AStoreOpensAgain) {
  { ASSERT_TRUE((*Open())->datasets().FindProject("default").ok()); }
  EXPECT_TRUE((*Open())->datasets().FindProject("default").ok());
}

}  // namespace
}  // namespace assay::store
