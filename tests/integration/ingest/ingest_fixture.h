#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "evaluators/columns.h"
#include "server/ingest/ingestor.h"
#include "server/store/sqlite/sqlite_store.h"
#include "server/store/store.h"
#include "tests/support/columns_builder.h"
#include "tests/support/fake_clock.h"

namespace assay::ingest {

// A real store in a directory of its own, and an ingestor on it.
class IngestTest : public testing::Test {
 protected:
  static constexpr store::Id kProject = store::kDefaultProject;
  using Answer = std::future<absl::StatusOr<std::int64_t>>;

  void SetUp() override {
    std::string path = (std::filesystem::temp_directory_path() / "assay-ingest-XXXXXX").string();
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    directory_ = path;
    OpenStore();
    StartIngestor({});
  }
  void TearDown() override {
    ingestor_.reset();
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  void OpenStore() {
    absl::StatusOr<std::unique_ptr<store::Store>> opened =
        store::OpenSqliteStore(directory_, clock_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
  }
  void StartIngestor(Ingestor::Options options) {
    ingestor_.reset();
    ingestor_ = std::make_unique<Ingestor>(*store_, clock_, options);
  }
  // As if the server had stopped and started.
  void Restart() {
    ingestor_.reset();
    store_.reset();
    OpenStore();
    StartIngestor({});
  }

  store::Id BeginDataset(const std::string& name) {
    store::UploadRecord target;
    target.kind = store::UploadKind::kDataset;
    target.dataset_name = name;
    return BeginOk(target);
  }
  store::Id BeginOutputs(store::Id dataset_version, store::Id model_version) {
    store::UploadRecord target;
    target.kind = store::UploadKind::kOutputSet;
    target.dataset_version_id = dataset_version;
    target.model_version_id = model_version;
    target.machine = "test machine";
    return BeginOk(target);
  }
  store::Id BeginOk(const store::UploadRecord& target) {
    const absl::StatusOr<store::UploadRecord> upload = ingestor_->Begin(kProject, target, "");
    EXPECT_TRUE(upload.ok()) << upload.status();
    return upload.ok() ? upload->id : 0;
  }
  store::Id AddModel(const std::string& name) {
    store::ModelVersionRecord model;
    model.model_name = name;
    for (std::size_t i = 0; i < name.size() && i < model.digest.size(); ++i) {
      model.digest[i] = static_cast<std::uint8_t>(name[i]);
    }
    const auto added = store_->models().AddVersion(kProject, model, "", {});
    EXPECT_TRUE(added.ok()) << added.status();
    return added.ok() ? added->first.id : 0;
  }

  Answer Send(store::Id upload, std::int64_t sequence, std::vector<Column> columns,
              store::Table table = store::Table::kRows) {
    auto promise = std::make_shared<std::promise<absl::StatusOr<std::int64_t>>>();
    Answer answer = promise->get_future();
    const std::int64_t num_rows = columns.empty() ? 0 : columns.front().num_rows;
    ingestor_->Append(
        kProject, upload, sequence, table, std::move(columns), num_rows,
        [promise](const absl::StatusOr<std::int64_t>& result) { promise->set_value(result); });
    return answer;
  }
  // Sends a batch and waits; the error, or OK.
  absl::Status SendNow(store::Id upload, std::int64_t sequence, std::vector<Column> columns,
                       store::Table table = store::Table::kRows) {
    return Send(upload, sequence, std::move(columns), table).get().status();
  }
  absl::StatusOr<store::UploadRecord> Commit(store::Id upload, std::int64_t num_batches) {
    return ingestor_->Commit(kProject, upload, num_batches);
  }
  // The message of a commit of one batch, which is INVALID_ARGUMENT and removes the upload.
  std::string CommitError(store::Id upload, std::int64_t num_batches) {
    const absl::Status status = Commit(upload, num_batches).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_EQ(ingestor_->Get(kProject, upload).status().code(), absl::StatusCode::kNotFound);
    return std::string(status.message());
  }
  // Pushes a dataset in one batch; its version.
  store::DatasetVersionRecord PushDataset(const std::string& name, std::vector<Column> columns) {
    const store::Id upload = BeginDataset(name);
    EXPECT_TRUE(SendNow(upload, 0, std::move(columns)).ok());
    const absl::StatusOr<store::UploadRecord> done = Commit(upload, 1);
    EXPECT_TRUE(done.ok()) << done.status();
    return done.ok() ? VersionOf(*done) : store::DatasetVersionRecord();
  }
  store::DatasetVersionRecord VersionOf(const store::UploadRecord& upload) {
    const auto version = store_->datasets().GetVersion(kProject, upload.result_id);
    EXPECT_TRUE(version.ok()) << version.status();
    return version.ok() ? *version : store::DatasetVersionRecord();
  }
  store::OutputSetRecord OutputSetOf(const store::UploadRecord& upload) {
    const auto output_set = store_->models().GetOutputSet(kProject, upload.result_id);
    EXPECT_TRUE(output_set.ok()) << output_set.status();
    return output_set.ok() ? *output_set : store::OutputSetRecord();
  }
  // All rows of a column of a sealed owner.
  Column ReadAll(store::Id owner, const std::string& name, std::int64_t num_rows) {
    Column all;
    const auto columns = store_->columns().ListColumns(kProject, owner);
    EXPECT_TRUE(columns.ok()) << columns.status();
    for (const store::ColumnRecord& column : *columns) {
      if (column.name != name) {
        continue;
      }
      for (std::int64_t begin = 0; begin < num_rows; begin += store::kChunkRows) {
        const auto chunk =
            store_->columns().ReadChunk(kProject, owner, column, begin / store::kChunkRows);
        EXPECT_TRUE(chunk.ok()) << chunk.status();
        if (begin == 0) {
          all = *chunk;
        } else {
          Append(all, *chunk);
        }
      }
    }
    return all;
  }
  // The store is sound and knows no dataset.
  void ExpectEmptyStore() {
    const auto check = store_->Check();
    ASSERT_TRUE(check.ok()) << check.status();
    for (const store::StoreFinding& finding : check->findings) {
      ADD_FAILURE() << finding.where << ": " << finding.problem;
    }
    const auto datasets = store_->datasets().ListDatasets(kProject, {});
    ASSERT_TRUE(datasets.ok()) << datasets.status();
    EXPECT_TRUE(datasets->empty());
  }

  std::filesystem::path directory_;
  test::FakeClock clock_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Ingestor> ingestor_;
};

// Rows [begin, end) of a dataset that covers the column types; equal rows whatever the cut.
inline std::vector<Column> ExampleRows(std::int64_t begin, std::int64_t end) {
  test::Rows<std::string> keys;
  test::Rows<std::string> inputs;
  test::Rows<std::string> labels;
  test::Rows<std::string> cohorts;
  test::Rows<double> numbers;
  test::Rows<std::vector<float>> features;
  test::Rows<std::vector<std::pair<std::string, std::int32_t>>> relevance;
  for (std::int64_t row = begin; row < end; ++row) {
    const std::string number = std::to_string(row);
    keys.emplace_back("key" + number);
    inputs.emplace_back("{\"row\": " + number + "}");
    labels.push_back(row % 11 == 3 ? std::nullopt
                                   : std::optional<std::string>("l" + std::to_string(row % 10)));
    cohorts.emplace_back(row % 3 == 0 ? "low" : "high");
    numbers.emplace_back(static_cast<double>(row) * 0.25);
    features.emplace_back(std::vector<float>{static_cast<float>(row), -1.5F});
    relevance.emplace_back(std::vector<std::pair<std::string, std::int32_t>>{
        {"d" + std::to_string(row % 100), 1}, {"d" + std::to_string(row % 7 + 200), 2}});
  }
  return {test::TextColumn("key", keys),
          test::JsonColumn("input", inputs),
          test::TextColumn("label", labels),
          test::CodedTextColumn("cohort.size", cohorts),
          test::Float64Column("number", numbers),
          test::Float32VectorColumn("features", 2, features),
          test::RelevanceColumn("relevance", relevance)};
}

// Column `key` alone, `keyN` for every number.
inline Column KeyColumn(const std::vector<std::int64_t>& numbers) {
  test::Rows<std::string> keys;
  for (const std::int64_t number : numbers) {
    keys.emplace_back("key" + std::to_string(number));
  }
  return test::TextColumn("key", keys);
}

}  // namespace assay::ingest
