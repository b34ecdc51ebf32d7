#include "server/ingest/sealing.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "server/base/sha256.h"
#include "server/base/status_macros.h"
#include "server/ingest/example_matcher.h"
#include "server/ingest/stored_keys.h"
#include "server/ingest/unique_keys.h"
#include "server/store/chunk_codec.h"

namespace assay::ingest {
namespace {

using store::kChunkRows;

std::int64_t NumChunks(std::int64_t num_rows) { return (num_rows + kChunkRows - 1) / kChunkRows; }

const store::ColumnRecord* FindColumn(const std::vector<store::ColumnRecord>& columns,
                                      store::Table table, std::string_view name) {
  const auto found =
      std::find_if(columns.begin(), columns.end(), [&](const store::ColumnRecord& column) {
        return column.table == table && column.name == name;
      });
  return found == columns.end() ? nullptr : &*found;
}

// Value of `repetition` of every row. Empty when there is no such column.
absl::StatusOr<std::vector<std::int64_t>> ReadRepetitions(
    const store::ColumnStore& store, store::Id project, store::Id upload,
    const std::vector<store::ColumnRecord>& columns, std::int64_t num_rows) {
  std::vector<std::int64_t> repetitions;
  const store::ColumnRecord* const column = FindColumn(columns, store::Table::kRows, "repetition");
  if (column == nullptr) {
    return repetitions;
  }
  repetitions.reserve(static_cast<std::size_t>(num_rows));
  for (std::int64_t chunk = 0; chunk < NumChunks(num_rows); ++chunk) {
    ASSAY_ASSIGN_OR_RETURN(const Column values, store.ReadChunk(project, upload, *column, chunk));
    repetitions.insert(repetitions.end(), values.int64s.begin(), values.int64s.end());
  }
  if (std::ssize(repetitions) != num_rows) {
    return absl::DataLossError(absl::StrFormat("upload %d, column 'repetition': %d rows of %d",
                                               upload, repetitions.size(), num_rows));
  }
  return repetitions;
}

absl::Status CheckTableKeys(store::Store& store, store::Id project,
                            const store::UploadRecord& upload, const UploadContent& content,
                            const std::vector<store::ColumnRecord>& columns, store::Table table,
                            std::string_view where) {
  const store::ColumnRecord* const key = FindColumn(columns, table, "key");
  if (key == nullptr) {
    return absl::OkStatus();
  }
  StoredKeys keys(store.columns(), project, upload.id, *key, content.num_rows(table));
  return CheckUniqueKeys(content.key_hashes(table), {}, where, keys);
}

store::ColumnChunks ExampleRowColumn(const std::vector<std::int64_t>& example_rows,
                                     std::int32_t number) {
  Column column;
  column.name = "$example_row";
  column.type = ColumnType::kInt64;
  column.num_rows = std::ssize(example_rows);
  column.int64s = example_rows;

  store::ColumnChunks written;
  written.column.number = number;
  written.column.table = store::Table::kRows;
  written.column.name = column.name;
  written.column.type = column.type;
  std::vector<store::Digest> hashes;
  for (std::int64_t begin = 0; begin < column.num_rows; begin += kChunkRows) {
    written.chunks.push_back(
        store::EncodeChunk(column, begin, std::min(column.num_rows, begin + kChunkRows)));
    hashes.push_back(written.chunks.back().hash);
  }
  written.column.digest = store::ColumnDigest(written.column, column.num_rows, hashes);
  return written;
}

store::Digest OutputSetDigest(const store::Digest& content, const store::Digest& dataset_version,
                              const store::Digest& model_version) {
  Sha256 sha;
  sha.Update("assay output set 1\n");
  for (const store::Digest* const digest : {&content, &dataset_version, &model_version}) {
    sha.Update({reinterpret_cast<const char*>(digest->data()), digest->size()});
  }
  return sha.Finish();
}

absl::Status SealOutputs(store::Store& store, store::Id project, const store::UploadRecord& upload,
                         const UploadContent& content, store::CommitWrite& commit) {
  ASSAY_ASSIGN_OR_RETURN(const store::DatasetVersionRecord dataset,
                         store.datasets().GetVersion(project, upload.dataset_version_id));
  ASSAY_ASSIGN_OR_RETURN(const store::ModelVersionRecord model,
                         store.models().GetVersion(project, upload.model_version_id));
  ASSAY_ASSIGN_OR_RETURN(const std::vector<store::ColumnRecord> dataset_columns,
                         store.columns().ListColumns(project, dataset.id));
  const store::ColumnRecord* const example_key =
      FindColumn(dataset_columns, store::Table::kRows, "key");
  const store::ColumnRecord* const output_key =
      FindColumn(commit.columns, store::Table::kRows, "key");
  if (example_key == nullptr || output_key == nullptr) {
    return absl::InternalError("a sealed table without keys");
  }
  const std::int64_t num_rows = content.num_rows(store::Table::kRows);
  store::OutputSetRecord& output_set = commit.output_set;
  output_set.dataset_version_id = dataset.id;
  output_set.model_version_id = model.id;
  output_set.content_digest = store::ContentDigest(num_rows, 0, commit.columns);
  output_set.digest = OutputSetDigest(output_set.content_digest, dataset.digest, model.digest);
  output_set.num_rows = num_rows;
  output_set.machine = upload.machine;
  // Equal digests: the same keys in the same order, so they are unique and known too.
  output_set.is_aligned = example_key->digest == output_key->digest;
  if (output_set.is_aligned) {
    return absl::OkStatus();
  }

  StoredKeys output_keys(store.columns(), project, upload.id, *output_key, num_rows);
  {
    ASSAY_ASSIGN_OR_RETURN(
        const std::vector<std::int64_t> repetitions,
        ReadRepetitions(store.columns(), project, upload.id, commit.columns, num_rows));
    ASSAY_RETURN_IF_ERROR(
        CheckUniqueKeys(content.key_hashes(store::Table::kRows), repetitions, "", output_keys));
  }
  StoredKeys example_keys(store.columns(), project, dataset.id, *example_key, dataset.num_rows);
  ASSAY_ASSIGN_OR_RETURN(
      const std::vector<std::int64_t> example_rows,
      MatchExamples(output_keys, content.key_hashes(store::Table::kRows), example_keys,
                    absl::StrFormat("%s@%d", dataset.dataset_name, dataset.number)));
  commit.hidden.push_back(
      ExampleRowColumn(example_rows, static_cast<std::int32_t>(commit.columns.size())));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<store::CommitWrite> Seal(store::Store& store, store::Id project,
                                        const store::UploadRecord& upload,
                                        const UploadContent& content) {
  const std::int64_t num_rows = content.num_rows(store::Table::kRows);
  const std::int64_t num_documents = content.num_rows(store::Table::kDocuments);
  if (num_rows == 0) {
    return absl::InvalidArgumentError("the upload has no rows");
  }
  if (const std::optional<std::string> name = content.FindTooManyCohortValues()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "column '%s': more than %d values, too many for a cohort", *name, kMaxCohortValues));
  }
  store::CommitWrite commit;
  commit.project = project;
  commit.upload = upload.id;
  commit.columns = content.Columns();
  if (upload.kind == store::UploadKind::kOutputSet) {
    ASSAY_RETURN_IF_ERROR(SealOutputs(store, project, upload, content, commit));
    return commit;
  }
  ASSAY_RETURN_IF_ERROR(
      CheckTableKeys(store, project, upload, content, commit.columns, store::Table::kRows, ""));
  ASSAY_RETURN_IF_ERROR(CheckTableKeys(store, project, upload, content, commit.columns,
                                       store::Table::kDocuments, " in the documents"));
  commit.dataset_version.dataset_name = upload.dataset_name;
  commit.dataset_version.num_rows = num_rows;
  commit.dataset_version.num_documents = num_documents;
  commit.dataset_version.digest = store::ContentDigest(num_rows, num_documents, commit.columns);
  return commit;
}

}  // namespace assay::ingest
