#include "tests/integration/store/store_fixture.h"

#include <stdlib.h>

#include <algorithm>
#include <future>
#include <optional>
#include <system_error>

#include "server/store/sqlite/database.h"
#include "tests/support/columns_builder.h"

namespace assay::store {

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "assay_test_XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) {
    ADD_FAILURE() << "cannot make " << name;
  }
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

StoreTest::StoreTest() { Reopen(); }

void StoreTest::Reopen() {
  store_.reset();
  absl::StatusOr<std::unique_ptr<Store>> opened =
      OpenSqliteStore(folder_.path(), clock_, {.num_readers = 2});
  if (!opened.ok()) {
    ADD_FAILURE() << opened.status();
    abort();
  }
  store_ = *std::move(opened);
}

void StoreTest::Execute(std::string_view sql) {
  const auto database = Database::Open(folder_.path() / "assay.db", {});
  ASSERT_TRUE(database.ok()) << database.status();
  const absl::Status status = (*database)->Execute(sql);
  ASSERT_TRUE(status.ok()) << status;
}

std::int64_t StoreTest::QueryInt64(std::string_view sql) {
  const auto database = Database::Open(folder_.path() / "assay.db", {.is_read_only = true});
  const absl::StatusOr<std::int64_t> value = (*database)->QueryInt64(sql);
  EXPECT_TRUE(value.ok()) << value.status();
  return value.value_or(-1);
}

namespace {

struct EncodedTable {
  std::int64_t num_rows = 0;
  std::vector<ColumnRecord> records;
  std::vector<ColumnChunks> chunks;
};

EncodedTable EncodeTable(const std::vector<Column>& columns) {
  EncodedTable table;
  table.num_rows = columns.at(0).num_rows;
  for (const Column& column : columns) {
    EncodedColumn encoded = EncodeColumn(static_cast<std::int32_t>(table.records.size()), column);
    table.records.push_back(encoded.record);
    table.chunks.push_back(std::move(encoded.chunks));
  }
  return table;
}

absl::StatusOr<UploadRecord> Push(UploadStore& uploads, const UploadRecord& target,
                                  EncodedTable table, CommitWrite commit) {
  const absl::StatusOr<UploadRecord> upload = uploads.Begin(kDefaultProject, target, "");
  if (!upload.ok()) {
    return upload;
  }
  BatchWrite batch;
  batch.project = kDefaultProject;
  batch.upload = upload->id;
  batch.num_rows = table.num_rows;
  batch.columns = std::move(table.chunks);
  std::promise<absl::Status> appended;
  uploads.Append(std::move(batch),
                 [&](absl::Status status) { appended.set_value(std::move(status)); });
  if (absl::Status status = appended.get_future().get(); !status.ok()) {
    return status;
  }
  commit.project = kDefaultProject;
  commit.upload = upload->id;
  commit.columns = std::move(table.records);
  return uploads.Commit(commit);
}

}  // namespace

UploadRecord StoreTest::PushDataset(const std::string& name, const std::vector<Column>& columns) {
  EncodedTable table = EncodeTable(columns);
  CommitWrite commit;
  commit.dataset_version.dataset_name = name;
  commit.dataset_version.num_rows = table.num_rows;
  commit.dataset_version.digest = ContentDigest(table.num_rows, 0, table.records);
  UploadRecord target;
  target.kind = UploadKind::kDataset;
  target.dataset_name = name;
  const absl::StatusOr<UploadRecord> upload =
      Push(store().uploads(), target, std::move(table), std::move(commit));
  EXPECT_TRUE(upload.ok()) << upload.status();
  return upload.value_or(UploadRecord{});
}

DatasetVersionRecord StoreTest::MakeVersion(const std::string& name,
                                            const std::vector<Column>& columns) {
  const UploadRecord upload = PushDataset(name, columns);
  const absl::StatusOr<DatasetVersionRecord> version =
      store().datasets().GetVersion(kDefaultProject, upload.result_id);
  EXPECT_TRUE(version.ok()) << version.status();
  return version.value_or(DatasetVersionRecord{});
}

UploadRecord StoreTest::PushOutputs(Id dataset_version, Id model_version,
                                    const std::vector<Column>& columns) {
  EncodedTable table = EncodeTable(columns);
  CommitWrite commit;
  OutputSetRecord& outputs = commit.output_set;
  outputs.dataset_version_id = dataset_version;
  outputs.model_version_id = model_version;
  outputs.num_rows = table.num_rows;
  outputs.is_aligned = true;
  outputs.content_digest = ContentDigest(table.num_rows, 0, table.records);
  outputs.digest = outputs.content_digest;
  outputs.digest[0] = static_cast<std::uint8_t>(outputs.digest[0] ^ model_version);
  UploadRecord target;
  target.kind = UploadKind::kOutputSet;
  target.dataset_version_id = dataset_version;
  target.model_version_id = model_version;
  const absl::StatusOr<UploadRecord> upload =
      Push(store().uploads(), target, std::move(table), std::move(commit));
  EXPECT_TRUE(upload.ok()) << upload.status();
  return upload.value_or(UploadRecord{});
}

ModelVersionRecord StoreTest::MakeModel(const std::string& name, std::uint8_t digest_byte) {
  ModelVersionRecord version;
  version.model_name = name;
  version.digest = DigestOfByte(digest_byte);
  const auto added = store().models().AddVersion(kDefaultProject, version, "", {});
  EXPECT_TRUE(added.ok()) << added.status();
  return added.ok() ? added->first : ModelVersionRecord{};
}

RunRecord StoreTest::MakeRun(std::int32_t num_shards, const std::string& request_id) {
  RunRecord run;
  run.dataset_version_id = MakeVersion("d", {NumberedTexts("key", "k", 3)}).id;
  run.model_version_id = MakeModel("m", 1).id;
  run.output_set_id =
      PushOutputs(run.dataset_version_id, run.model_version_id, {NumberedTexts("label", "l", 3)})
          .result_id;
  run.num_rows = 3;
  run.spec_digest = DigestOfByte(9);
  run.request_id = request_id;
  const absl::StatusOr<RunRecord> made = store().runs().CreateRun(kDefaultProject, run, num_shards);
  EXPECT_TRUE(made.ok()) << made.status();
  return made.value_or(RunRecord{});
}

Digest DigestOfByte(std::uint8_t byte) {
  Digest digest;
  digest.fill(byte);
  return digest;
}

EncodedColumn EncodeColumn(std::int32_t number, const Column& column) {
  EncodedColumn encoded;
  ColumnRecord& record = encoded.record;
  record.number = number;
  record.name = column.name;
  record.type = column.type;
  record.dimension = column.dimension;
  std::vector<Digest> hashes;
  for (std::int64_t begin = 0; begin < column.num_rows; begin += kChunkRows) {
    encoded.chunks.chunks.push_back(
        EncodeChunk(column, begin, std::min(begin + kChunkRows, column.num_rows)));
    hashes.push_back(encoded.chunks.chunks.back().hash);
    record.null_count += encoded.chunks.chunks.back().null_count;
  }
  record.digest = ColumnDigest(record, column.num_rows, hashes);
  encoded.chunks.column = record;
  return encoded;
}

Column NumberedTexts(const std::string& name, const std::string& prefix, std::int64_t num_rows) {
  test::Rows<std::string> rows;
  for (std::int64_t i = 0; i < num_rows; ++i) {
    rows.emplace_back(prefix + std::to_string(i));
  }
  return test::TextColumn(name, rows);
}

Column NumberedDoubles(const std::string& name, double step, std::int64_t num_rows) {
  test::Rows<double> rows;
  for (std::int64_t i = 0; i < num_rows; ++i) {
    rows.emplace_back(static_cast<double>(i) * step);
  }
  return test::Float64Column(name, rows);
}

}  // namespace assay::store
