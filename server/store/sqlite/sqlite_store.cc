#include "server/store/sqlite/sqlite_store.h"

#include <cstdint>
#include <string>
#include <system_error>
#include <utility>

#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/store/sqlite/baseline_store.h"
#include "server/store/sqlite/check.h"
#include "server/store/sqlite/checkpointer.h"
#include "server/store/sqlite/column_store.h"
#include "server/store/sqlite/dataset_store.h"
#include "server/store/sqlite/migrate.h"
#include "server/store/sqlite/model_store.h"
#include "server/store/sqlite/read_pool.h"
#include "server/store/sqlite/run_store.h"
#include "server/store/sqlite/trace_store.h"
#include "server/store/sqlite/upload_store.h"
#include "server/store/sqlite/writer.h"

namespace assay::store {
namespace {

namespace fs = std::filesystem;

constexpr int kWriterCacheKib = 16 << 10;
constexpr int kReaderCacheKib = 2 << 10;
constexpr int kCopierCacheKib = 64;  // A copy goes past the cache.
// Chunks come in bulk: their log is copied into the file beside the commits, every 31 MiB, and
// a commit waits only with 125 MiB in the log. Spans come all the time; their commits copy the log
// every 16 MiB, for a p99 of 80 ms at eight senders where 125 MiB gave 230 ms.
constexpr CheckpointLimits kStoreCheckpoints{.pages_between = 4'000, .max_pages = 16'000};
constexpr int kTraceCheckpointPages = 2'000;

// One file: its migrated writer and its readers.
struct File {
  fs::path path;
  std::unique_ptr<Writer> writer;
  std::unique_ptr<ReadPool> readers;

  // 0 when it cannot be read.
  static std::int64_t SizeBytes(const std::string& path) {
    std::error_code error;
    const std::uintmax_t size = fs::file_size(path, error);
    return error ? 0 : static_cast<std::int64_t>(size);
  }
  std::int64_t WalBytes() const { return SizeBytes(path.string() + "-wal"); }
  // With the write-ahead log.
  std::int64_t AllBytes() const { return SizeBytes(path.string()) + WalBytes(); }
};

absl::StatusOr<std::unique_ptr<Database>> OpenMigrated(const fs::path& path,
                                                       std::span<const Migration> migrations,
                                                       Clock& clock) {
  ASSAY_ASSIGN_OR_RETURN(std::unique_ptr<Database> database,
                         Database::Open(path, {.cache_kib = kWriterCacheKib}));
  ASSAY_RETURN_IF_ERROR(Migrate(*database, migrations, path.parent_path() / "backups", clock));
  return database;
}

absl::StatusOr<File> MakeFile(const fs::path& path, std::unique_ptr<Writer> writer,
                              const SqliteOptions& options) {
  File file{.path = path, .writer = std::move(writer), .readers = nullptr};
  ASSAY_ASSIGN_OR_RETURN(file.readers, ReadPool::Open(path, {.num_connections = options.num_readers,
                                                             .cache_kib = kReaderCacheKib}));
  return file;
}

absl::StatusOr<File> OpenStoreFile(const fs::path& path, Clock& clock,
                                   const SqliteOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(std::unique_ptr<Database> database,
                         OpenMigrated(path, StoreMigrations(), clock));
  database->KeepLog();
  ASSAY_ASSIGN_OR_RETURN(std::unique_ptr<Database> copier,
                         Database::Open(path, {.cache_kib = kCopierCacheKib}));
  auto checkpointer = std::make_unique<Checkpointer>(std::move(copier), kStoreCheckpoints);
  return MakeFile(path, std::make_unique<Writer>(std::move(database), std::move(checkpointer)),
                  options);
}

absl::StatusOr<File> OpenTraceFile(const fs::path& path, Clock& clock,
                                   const SqliteOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(std::unique_ptr<Database> database,
                         OpenMigrated(path, TraceMigrations(), clock));
  ASSAY_RETURN_IF_ERROR(
      database->Execute(absl::StrFormat("PRAGMA wal_autocheckpoint = %d", kTraceCheckpointPages)));
  return MakeFile(path, std::make_unique<Writer>(std::move(database)), options);
}

class SqliteStore : public Store {
 public:
  SqliteStore(File store, File traces, Clock& clock)
      : store_(std::move(store)),
        traces_(std::move(traces)),
        column_store_(*store_.readers),
        upload_store_(*store_.readers, *store_.writer, clock),
        dataset_store_(*store_.readers),
        model_store_(*store_.readers, *store_.writer, clock),
        run_store_(*store_.readers, *store_.writer, clock),
        baseline_store_(*store_.readers, *store_.writer, clock),
        trace_store_(*traces_.readers, *traces_.writer, clock) {}

  // Queued writes use the stores: they end first.
  ~SqliteStore() override {
    store_.writer->Finish();
    traces_.writer->Finish();
  }

  ColumnStore& columns() override { return column_store_; }
  UploadStore& uploads() override { return upload_store_; }
  DatasetStore& datasets() override { return dataset_store_; }
  ModelStore& models() override { return model_store_; }
  RunStore& runs() override { return run_store_; }
  BaselineStore& baselines() override { return baseline_store_; }
  TraceStore& traces() override { return trace_store_; }

  int schema_version() const override { return static_cast<int>(StoreMigrations().size()); }

  StoreSizes Sizes() const override {
    return {.store_bytes = store_.AllBytes(),
            .traces_bytes = traces_.AllBytes(),
            .store_wal_bytes = store_.WalBytes(),
            .traces_wal_bytes = traces_.WalBytes()};
  }

  absl::StatusOr<CheckResult> Check() const override {
    ASSAY_ASSIGN_OR_RETURN(CheckResult result, CheckStoreFile(store_.path));
    ASSAY_ASSIGN_OR_RETURN(CheckResult traces, CheckFileStructure(traces_.path));
    for (StoreFinding& finding : traces.findings) {
      result.findings.push_back(std::move(finding));
    }
    return result;
  }

 private:
  File store_;
  File traces_;
  SqliteColumnStore column_store_;
  SqliteUploadStore upload_store_;
  SqliteDatasetStore dataset_store_;
  SqliteModelStore model_store_;
  SqliteRunStore run_store_;
  SqliteBaselineStore baseline_store_;
  SqliteTraceStore trace_store_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> OpenSqliteStore(const std::filesystem::path& directory,
                                                       Clock& clock, const SqliteOptions& options) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) {
    return absl::FailedPreconditionError(
        absl::StrFormat("cannot create '%s': %s", directory.string(), error.message()));
  }
  ASSAY_ASSIGN_OR_RETURN(File store, OpenStoreFile(directory / "assay.db", clock, options));
  ASSAY_ASSIGN_OR_RETURN(File traces, OpenTraceFile(directory / "traces.db", clock, options));
  return std::make_unique<SqliteStore>(std::move(store), std::move(traces), clock);
}

}  // namespace assay::store
