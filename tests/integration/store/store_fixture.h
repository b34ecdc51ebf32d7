#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/store/chunk_codec.h"
#include "server/store/sqlite/sqlite_store.h"
#include "tests/support/fake_clock.h"

namespace assay::store {

// A folder of its own for one test, removed afterwards.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// A store in real files, opened, and a clock that stands still.
class StoreTest : public testing::Test {
 protected:
  StoreTest();

  Store& store() { return *store_; }
  // Closes the store and opens it again, as a restarted server does.
  void Reopen();
  void Close() { store_.reset(); }
  // Runs SQL on assay.db over a connection of its own, to damage what is stored.
  void Execute(std::string_view sql);
  std::int64_t QueryInt64(std::string_view sql);

  // Stores `columns`, all of one length, as a version of dataset `name`.
  UploadRecord PushDataset(const std::string& name, const std::vector<Column>& columns);
  // The version that PushDataset makes.
  DatasetVersionRecord MakeVersion(const std::string& name, const std::vector<Column>& columns);
  UploadRecord PushOutputs(Id dataset_version, Id model_version,
                           const std::vector<Column>& columns);
  ModelVersionRecord MakeModel(const std::string& name, std::uint8_t digest_byte);
  // A run of an output set of its own, with `num_shards` jobs.
  RunRecord MakeRun(std::int32_t num_shards, const std::string& request_id = "");

  TemporaryFolder folder_;
  test::FakeClock clock_;

 private:
  std::unique_ptr<Store> store_;
};

Digest DigestOfByte(std::uint8_t byte);

// All rows of `column` in chunks, with its record filled in.
struct EncodedColumn {
  ColumnRecord record;
  ColumnChunks chunks;
};
EncodedColumn EncodeColumn(std::int32_t number, const Column& column);

// A column of `num_rows` texts `PREFIXnnn`.
Column NumberedTexts(const std::string& name, const std::string& prefix, std::int64_t num_rows);
Column NumberedDoubles(const std::string& name, double step, std::int64_t num_rows);

}  // namespace assay::store
