#include "server/store/sqlite/migrate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"
#include "server/store/sqlite/statement.h"
#include "tests/integration/store/store_fixture.h"

namespace assay::store {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

class MigrateTest : public testing::Test {
 protected:
  std::filesystem::path Path() const { return folder_.path() / "assay.db"; }
  std::filesystem::path Backups() const { return folder_.path() / "backups"; }
  absl::Status MigrateTo(std::span<const Migration> migrations) {
    clock_.Advance(std::chrono::seconds(1));
    const auto database = Database::Open(Path(), {});
    return database.ok() ? Migrate(**database, migrations, Backups(), clock_) : database.status();
  }
  std::int64_t QueryInt64(std::string_view sql) {
    return *(*Database::Open(Path(), {}))->QueryInt64(sql);
  }
  // Every table and index as it was written.
  std::string Schema() {
    const auto database = Database::Open(Path(), {});
    absl::StatusOr<Statement> select =
        Statement::Prepare(**database,
                           "SELECT name, coalesce(sql, '') FROM sqlite_schema "
                           "WHERE name NOT LIKE 'sqlite_stat%' ORDER BY name");
    std::string schema;
    EXPECT_TRUE(ForEachRow(*select, [&]() -> absl::Status {
                  std::string name;
                  std::string sql;
                  const absl::Status status = select->Read(name, sql);
                  schema += absl::StrFormat("%s: %s\n", name, sql);
                  return status;
                }).ok());
    return schema;
  }
  std::vector<std::string> BackupNames() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(Backups())) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  TemporaryFolder folder_;
  test::FakeClock clock_;
};

// Two small steps, and a third to come.
const std::vector<Migration> kSteps = {
    {1, "first", "CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (1);"},
    {2, "second", "CREATE TABLE b (y INTEGER) STRICT;"},
    {3, "third", "ALTER TABLE a ADD COLUMN z INTEGER;"}};

std::span<const Migration> FirstSteps(std::size_t count) {
  return std::span<const Migration>(kSteps).first(count);
}

TEST_F(MigrateTest, ANewFileGetsTheWholeSchema) {
  ASSERT_TRUE(MigrateTo(StoreMigrations()).ok());
  EXPECT_EQ(QueryInt64("PRAGMA user_version"), std::ssize(StoreMigrations()));
  EXPECT_EQ(QueryInt64("PRAGMA application_id"), 0x41534159);  // "ASAY"
  EXPECT_EQ(QueryInt64("PRAGMA auto_vacuum"), 2);              // incremental
  EXPECT_EQ(QueryInt64("PRAGMA page_size"), 8192);
  EXPECT_EQ(QueryInt64("SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'"), 1);
}

TEST_F(MigrateTest, MigratingAgainChangesNothing) {
  ASSERT_TRUE(MigrateTo(StoreMigrations()).ok());
  const std::string schema = Schema();
  ASSERT_TRUE(MigrateTo(StoreMigrations()).ok());
  EXPECT_EQ(Schema(), schema);
  EXPECT_FALSE(std::filesystem::exists(Backups()));
}

TEST_F(MigrateTest, FromEveryOlderSchemaTheResultIsThatOfANewFile) {
  ASSERT_TRUE(MigrateTo(StoreMigrations()).ok());
  const std::string fresh = Schema();
  for (std::size_t old = 1; old < StoreMigrations().size(); ++old) {
    std::filesystem::remove_all(folder_.path());
    std::filesystem::create_directories(folder_.path());
    ASSERT_TRUE(MigrateTo(StoreMigrations().first(old)).ok()) << old;
    const absl::Status status = MigrateTo(StoreMigrations());
    ASSERT_TRUE(status.ok()) << old << ": " << status;
    EXPECT_EQ(Schema(), fresh) << old;
    EXPECT_EQ(QueryInt64("SELECT id FROM projects WHERE name = 'default'"), 1);
  }
}

TEST_F(MigrateTest, TracesOfTheFirstVersionAreKept) {
  ASSERT_TRUE(MigrateTo(TraceMigrations().first(1)).ok());
  {
    const auto database = Database::Open(Path(), {});
    const absl::Status status = (*database)->Execute(
        "INSERT INTO names VALUES (1, 1, 'run'), (2, 1, 'run.load'), (3, 1, 'runs/7');"
        "INSERT INTO traces VALUES (4, 1, zeroblob(16), 'run', 1, 5000, 9000, 2, 1, 'runs/7');"
        "INSERT INTO spans VALUES (1, 4, x'0000000000000001', zeroblob(8), 1, 5000, 4000, 1, '', "
        "CAST('' AS BLOB), 3), (1, 4, x'0000000000000002', x'0000000000000001', 2, 6000, 10, 2, "
        "'no', "
        "x'04000000726F7773020000003432', NULL);"
        "INSERT INTO trace_resources VALUES (1, 3, 4);");
    ASSERT_TRUE(status.ok()) << status;
  }
  const absl::Status status = MigrateTo(TraceMigrations());
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(QueryInt64("SELECT count(*) FROM traces t JOIN names n ON n.id = t.root_name_id "
                       "WHERE n.name = 'run' AND t.id = 4 AND t.duration_ns = 4000 AND "
                       "t.num_errors = 1 AND t.signature = -1 AND t.resource_id = 3"),
            1);
  EXPECT_EQ(QueryInt64("SELECT count(*) FROM spans WHERE trace_key = 4 AND details = x'00'"), 1);
  EXPECT_EQ(QueryInt64("SELECT count(*) FROM spans WHERE status_message = 'no' AND "
                       "details = x'0004000000726F7773020000003432'"),
            1);
}

TEST_F(MigrateTest, RowsSurvive) {
  ASSERT_TRUE(MigrateTo(FirstSteps(1)).ok());
  ASSERT_TRUE(MigrateTo(FirstSteps(3)).ok());
  EXPECT_EQ(QueryInt64("SELECT x FROM a WHERE z IS NULL"), 1);
}

TEST_F(MigrateTest, AStepThatFailsAtAnyStatementLeavesTheOldVersion) {
  const std::vector<std::string> statements = {
      "CREATE TABLE c (x INTEGER);", "INSERT INTO c VALUES (1);", "ALTER TABLE a ADD COLUMN w;",
      "UPDATE a SET w = 2;", "CREATE INDEX a_by_w ON a (w);"};
  ASSERT_TRUE(MigrateTo(FirstSteps(2)).ok());
  const std::string schema = Schema();
  for (std::size_t n = 0; n <= statements.size(); ++n) {
    std::string sql;
    for (std::size_t i = 0; i < statements.size(); ++i) {
      sql += i == n ? "INSERT INTO nowhere VALUES (1);" : statements[i];
    }
    sql += n == statements.size() ? "INSERT INTO nowhere VALUES (1);" : "";
    std::vector<Migration> steps(kSteps.begin(), kSteps.begin() + 2);
    steps.push_back({3, "broken", sql});
    const absl::Status status = MigrateTo(steps);
    EXPECT_FALSE(status.ok());
    EXPECT_THAT(std::string(status.message()), HasSubstr("migration 0003_broken"));
    EXPECT_EQ(Schema(), schema) << n;
    EXPECT_EQ(QueryInt64("PRAGMA user_version"), 2) << n;
    EXPECT_TRUE(MigrateTo(FirstSteps(2)).ok()) << n;
  }
}

TEST_F(MigrateTest, ANewerFileIsRefusedAndNotTouched) {
  ASSERT_TRUE(MigrateTo(FirstSteps(3)).ok());
  const std::string schema = Schema();
  const absl::Status status = MigrateTo(FirstSteps(2));
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("schema 3 is newer than this program"));
  EXPECT_EQ(Schema(), schema);
}

TEST_F(MigrateTest, AnotherProgramsDatabaseIsRefusedAndNotTouched) {
  ASSERT_TRUE((*Database::Open(Path(), {}))->Execute("CREATE TABLE theirs (x)").ok());
  const absl::Status status = MigrateTo(FirstSteps(2));
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("not an Assay store"));
  EXPECT_EQ(QueryInt64("SELECT count(*) FROM sqlite_schema"), 1);
}

TEST_F(MigrateTest, AnEditedMigrationIsRefused) {
  ASSERT_TRUE(MigrateTo(FirstSteps(2)).ok());
  std::vector<Migration> edited = kSteps;
  edited[0].sql = "CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (2);";
  const absl::Status status = MigrateTo(edited);
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("migration 0001_first differs"));
}

TEST_F(MigrateTest, AGapInTheRecordIsDataLoss) {
  ASSERT_TRUE(MigrateTo(FirstSteps(3)).ok());
  ASSERT_TRUE((*Database::Open(Path(), {}))
                  ->Execute("DELETE FROM schema_migrations WHERE version = 2")
                  .ok());
  EXPECT_TRUE(absl::IsDataLoss(MigrateTo(FirstSteps(3))));
}

TEST_F(MigrateTest, ADamagedHeaderIsDataLoss) {
  ASSERT_TRUE(MigrateTo(FirstSteps(3)).ok());
  std::fstream(Path(), std::ios::in | std::ios::out | std::ios::binary) << "damaged header";
  const absl::Status status = MigrateTo(FirstSteps(3));
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
}

TEST_F(MigrateTest, ADamagedSchemaPageIsDataLoss) {
  ASSERT_TRUE(MigrateTo(FirstSteps(3)).ok());
  std::fstream file(Path(), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(100);
  file << std::string(2000, '\xff');
  file.close();
  const absl::Status status = MigrateTo(FirstSteps(3));
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
}

TEST_F(MigrateTest, ACopyIsKeptBeforeAnythingChanges) {
  ASSERT_TRUE(MigrateTo(FirstSteps(1)).ok());
  ASSERT_TRUE(MigrateTo(FirstSteps(2)).ok());
  ASSERT_THAT(BackupNames(), SizeIs(1));
  EXPECT_THAT(BackupNames()[0], HasSubstr("assay.db.before-v0002."));
  const auto copy = Database::Open(Backups() / BackupNames()[0], {.is_read_only = true});
  EXPECT_EQ(*(*copy)->QueryInt64("PRAGMA user_version"), 1);
  EXPECT_EQ(*(*copy)->QueryInt64("SELECT x FROM a"), 1);
}

TEST_F(MigrateTest, ACopyCanBePutBack) {
  ASSERT_TRUE(MigrateTo(FirstSteps(2)).ok());
  const std::string schema = Schema();
  ASSERT_TRUE(MigrateTo(FirstSteps(3)).ok());
  std::filesystem::copy_file(Backups() / BackupNames()[0], Path(),
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_TRUE(MigrateTo(FirstSteps(2)).ok());
  EXPECT_EQ(Schema(), schema);
}

TEST_F(MigrateTest, TheLastThreeCopiesStay) {
  std::vector<Migration> steps = {kSteps[0]};
  ASSERT_TRUE(MigrateTo(steps).ok());
  std::vector<std::string> names(6);
  for (int version = 2; version <= 6; ++version) {
    std::string& sql = names[static_cast<std::size_t>(version) - 1];
    sql = absl::StrFormat("CREATE TABLE t%d (x)", version);
    steps.push_back({version, "more", sql});
    ASSERT_TRUE(MigrateTo(steps).ok());
  }
  ASSERT_THAT(BackupNames(), SizeIs(3));
  EXPECT_THAT(BackupNames()[0], HasSubstr("before-v0004"));
}

TEST_F(MigrateTest, TwoOpenersAtOnceMigrateOnce) {
  std::vector<absl::Status> statuses(4);
  std::vector<std::thread> threads;
  for (absl::Status& status : statuses) {
    threads.emplace_back([&] { status = MigrateTo(StoreMigrations()); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  for (const absl::Status& status : statuses) {
    EXPECT_TRUE(status.ok()) << status;
  }
  EXPECT_EQ(QueryInt64("SELECT count(*) FROM schema_migrations"), std::ssize(StoreMigrations()));
}

TEST_F(MigrateTest, TheEmbeddedTextsAreNumberedWithoutGaps) {
  for (const std::span<const Migration> migrations : {StoreMigrations(), TraceMigrations()}) {
    for (std::size_t i = 0; i < migrations.size(); ++i) {
      EXPECT_EQ(migrations[i].version, static_cast<int>(i) + 1);
      EXPECT_THAT(std::string(migrations[i].sql), HasSubstr(" TABLE "));
    }
  }
}

}  // namespace
}  // namespace assay::store
