#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/ingest/checked_batch.h"
#include "server/ingest/cohort_values.h"
#include "server/store/column_store.h"
#include "server/store/records.h"
#include "server/store/upload_store.h"

namespace assay::ingest {

// What is known about the rows of an open upload: its columns, their chunk hashes, the short last
// chunk of each, key hashes and cohort values. Everything in it can be made again from the store.
// Memory: 8 bytes a row, 32 bytes a chunk, and the short last chunks. Thread-compatible.
class UploadContent {
 public:
  explicit UploadContent(store::UploadKind kind);
  UploadContent(UploadContent&&) = default;
  UploadContent& operator=(UploadContent&&) = default;

  // The content of a stored upload, read back chunk by chunk.
  static absl::StatusOr<UploadContent> Restore(const store::ColumnStore& store, store::Id project,
                                               const store::UploadRecord& upload);

  // Adds the rows of a batch and returns the chunks to be stored, those that replace a short last
  // chunk included. INVALID_ARGUMENT names the batch's own fault or how its columns differ from the
  // table's, with rows counted over the upload; nothing changes then.
  absl::StatusOr<std::vector<store::ColumnChunks>> Add(const CheckedBatch& batch);

  store::UploadKind kind() const { return kind_; }
  std::int64_t num_rows(store::Table table) const;
  const std::vector<std::uint64_t>& key_hashes(store::Table table) const;
  // All columns by number, with digests and null counts.
  std::vector<store::ColumnRecord> Columns() const;
  // Name of the first cohort column with too many values. Absent when there is none.
  std::optional<std::string> FindTooManyCohortValues() const;

 private:
  struct ColumnState {
    store::ColumnRecord record;         // without digest and null count
    std::vector<store::Digest> hashes;  // of the full chunks
    std::int64_t null_count = 0;        // in the full chunks
    std::optional<store::EncodedChunk> tail;
    std::int64_t tail_text_bytes = 0;  // upper bound, dictionaries resolved
    CohortValues cohort_values;
  };
  struct TableState {
    std::int64_t num_rows = 0;
    std::map<std::string, ColumnState, std::less<>> columns;
    std::vector<std::uint64_t> key_hashes;
  };
  struct EncodedColumn {
    std::vector<store::EncodedChunk> chunks;
    std::int64_t tail_text_bytes = 0;
  };

  TableState& TableOf(store::Table table);
  const TableState& TableOf(store::Table table) const;
  // OK when the batch has the columns of its table; the first batch of a table decides.
  absl::Status CheckSchema(const CheckedBatch& batch) const;
  absl::Status ErrorOf(const CheckedBatch& batch, const BatchFault& fault) const;
  static absl::StatusOr<EncodedColumn> Encode(const Column& column, const ColumnState* state,
                                              std::int64_t num_rows_before);
  static void Take(ColumnState& state, const EncodedColumn& encoded);

  store::UploadKind kind_;
  std::int32_t num_columns_ = 0;
  TableState rows_;
  TableState documents_;
};

}  // namespace assay::ingest
