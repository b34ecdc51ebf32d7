#include "server/ingest/upload_content.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <limits>
#include <span>
#include <string_view>

#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/store/chunk_codec.h"

namespace assay::ingest {
namespace {

using store::kChunkRows;

// Values of one chunk take at most this much, dictionaries resolved.
constexpr std::int64_t kMaxChunkBytes = std::int64_t{512} << 20;
constexpr std::int64_t kMaxTableRows = std::numeric_limits<std::int32_t>::max();

// Upper bound of the text in rows [begin, end), dictionaries resolved: exact for plain texts, and
// for coded ones when a quick guess does not say that they are small.
std::int64_t TextBytes(const Column& column, std::int64_t begin, std::int64_t end) {
  if (!HasText(column.type) || begin == end) {
    return 0;
  }
  const std::int64_t first = IsList(column.type) ? column.ListBegin(begin) : begin;
  const std::int64_t last = IsList(column.type) ? column.ListEnd(end - 1) : end;
  if (first == last) {
    return 0;
  }
  const std::vector<std::int32_t>& offsets = column.text_offsets;
  if (!column.is_coded) {
    return offsets[static_cast<std::size_t>(last)] - offsets[static_cast<std::size_t>(first)];
  }
  std::int64_t longest = 0;
  for (std::size_t i = 0; i + 1 < offsets.size(); ++i) {
    longest = std::max<std::int64_t>(longest, offsets[i + 1] - offsets[i]);
  }
  constexpr std::int64_t kSmall = 64 << 10;  // 4,096 such pieces still fit in a chunk.
  if ((last - first) * longest <= kSmall) {
    return (last - first) * longest;
  }
  std::int64_t num_bytes = 0;
  for (std::int64_t item = first; item < last; ++item) {
    num_bytes += std::ssize(column.Text(item));
  }
  return num_bytes;
}

absl::Status TooLarge(std::string_view name) {
  return absl::InvalidArgumentError(
      absl::StrFormat("column '%s': %d consecutive rows hold more than %d MiB", name, kChunkRows,
                      kMaxChunkBytes >> 20));
}

}  // namespace

UploadContent::UploadContent(store::UploadKind kind) : kind_(kind) {}

UploadContent::TableState& UploadContent::TableOf(store::Table table) {
  return table == store::Table::kDocuments ? documents_ : rows_;
}

const UploadContent::TableState& UploadContent::TableOf(store::Table table) const {
  return table == store::Table::kDocuments ? documents_ : rows_;
}

std::int64_t UploadContent::num_rows(store::Table table) const { return TableOf(table).num_rows; }

const std::vector<std::uint64_t>& UploadContent::key_hashes(store::Table table) const {
  return TableOf(table).key_hashes;
}

absl::Status UploadContent::ErrorOf(const CheckedBatch& batch, const BatchFault& fault) const {
  std::string where;
  if (batch.table == store::Table::kDocuments) {
    where = "documents, ";
  }
  if (fault.column.empty()) {
    where += "batch";
  } else {
    where += absl::StrFormat("column '%s'", IsUtf8(fault.column) ? fault.column : "?");
  }
  if (fault.row >= 0) {
    where += absl::StrFormat(", row %d", TableOf(batch.table).num_rows + fault.row);
  }
  return absl::InvalidArgumentError(absl::StrFormat("%s: %s", where, fault.problem));
}

absl::Status UploadContent::CheckSchema(const CheckedBatch& batch) const {
  const TableState& table = TableOf(batch.table);
  if (table.num_rows + batch.num_rows > kMaxTableRows) {
    return ErrorOf(batch, {.problem = absl::StrFormat("more than %d rows", kMaxTableRows)});
  }
  if (table.columns.empty()) {
    return absl::OkStatus();
  }
  for (const Column& column : batch.columns) {
    const auto known = table.columns.find(column.name);
    if (known == table.columns.end()) {
      return ErrorOf(batch, {.column = column.name, .problem = "not in the first batch"});
    }
    const store::ColumnRecord& record = known->second.record;
    if (column.type != record.type) {
      return ErrorOf(batch, {.column = column.name,
                             .problem = absl::StrFormat("%s, but %s in the first batch",
                                                        ColumnTypeName(column.type),
                                                        ColumnTypeName(record.type))});
    }
    if (column.dimension != record.dimension) {
      return ErrorOf(batch, {.column = column.name,
                             .row = 0,
                             .problem = absl::StrFormat("dimension %d, but %d in the rows before",
                                                        column.dimension, record.dimension)});
    }
  }
  if (batch.columns.size() == table.columns.size()) {
    return absl::OkStatus();
  }
  for (const auto& known : table.columns) {
    const auto has_name = [&known](const Column& column) { return column.name == known.first; };
    if (std::none_of(batch.columns.begin(), batch.columns.end(), has_name)) {
      return ErrorOf(batch, {.column = known.first, .problem = "missing, but in the first batch"});
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<UploadContent::EncodedColumn> UploadContent::Encode(const Column& column,
                                                                   const ColumnState* state,
                                                                   std::int64_t num_rows_before) {
  EncodedColumn encoded;
  std::int64_t begin = 0;
  if (const std::int64_t num_tail_rows = num_rows_before % kChunkRows; num_tail_rows > 0) {
    assert(state != nullptr && state->tail.has_value());
    begin = std::min(column.num_rows, kChunkRows - num_tail_rows);
    encoded.tail_text_bytes = state->tail_text_bytes + TextBytes(column, 0, begin);
    if (encoded.tail_text_bytes > kMaxChunkBytes) {
      return TooLarge(column.name);
    }
    ASSAY_ASSIGN_OR_RETURN(Column joined, store::DecodeChunk(state->tail->bytes));
    Append(joined, Slice(column, 0, begin));
    encoded.chunks.push_back(store::EncodeChunk(joined, 0, joined.num_rows));
  }
  for (; begin < column.num_rows; begin += kChunkRows) {
    const std::int64_t end = std::min(column.num_rows, begin + kChunkRows);
    encoded.tail_text_bytes = TextBytes(column, begin, end);
    if (encoded.tail_text_bytes > kMaxChunkBytes) {
      return TooLarge(column.name);
    }
    encoded.chunks.push_back(store::EncodeChunk(column, begin, end));
  }
  for (const store::EncodedChunk& chunk : encoded.chunks) {
    if (std::ssize(chunk.bytes) > kMaxChunkBytes) {
      return TooLarge(column.name);
    }
  }
  return encoded;
}

void UploadContent::Take(ColumnState& state, const EncodedColumn& encoded) {
  state.tail.reset();
  state.tail_text_bytes = 0;
  for (const store::EncodedChunk& chunk : encoded.chunks) {
    if (chunk.num_rows < kChunkRows) {
      state.tail = chunk;
      state.tail_text_bytes = encoded.tail_text_bytes;
    } else {
      state.hashes.push_back(chunk.hash);
      state.null_count += chunk.null_count;
    }
  }
}

absl::StatusOr<std::vector<store::ColumnChunks>> UploadContent::Add(const CheckedBatch& batch) {
  if (batch.fault.has_value()) {
    return ErrorOf(batch, *batch.fault);
  }
  ASSAY_RETURN_IF_ERROR(CheckSchema(batch));
  TableState& table = TableOf(batch.table);
  const bool is_first = table.columns.empty();
  std::vector<EncodedColumn> encoded;
  encoded.reserve(batch.columns.size());
  for (const Column& column : batch.columns) {
    const auto known = table.columns.find(column.name);
    const ColumnState* const state = known == table.columns.end() ? nullptr : &known->second;
    ASSAY_ASSIGN_OR_RETURN(EncodedColumn chunks, Encode(column, state, table.num_rows));
    encoded.push_back(std::move(chunks));
  }

  // Nothing fails from here on.
  std::vector<store::ColumnChunks> written;
  written.reserve(batch.columns.size());
  for (std::size_t i = 0; i < batch.columns.size(); ++i) {
    const Column& column = batch.columns[i];
    ColumnState& state = table.columns[column.name];
    if (is_first) {
      state.record.number = num_columns_++;
      state.record.table = batch.table;
      state.record.name = column.name;
      state.record.type = column.type;
      state.record.dimension = column.dimension;
    }
    if (IsCohort(RowKindOf(kind_, batch.table), column.name)) {
      state.cohort_values.Add(column);
    }
    Take(state, encoded[i]);
    written.push_back({.column = state.record,
                       .first_chunk = table.num_rows / kChunkRows,
                       .chunks = std::move(encoded[i].chunks)});
  }
  table.key_hashes.insert(table.key_hashes.end(), batch.key_hashes.begin(), batch.key_hashes.end());
  table.num_rows += batch.num_rows;
  return written;
}

absl::StatusOr<UploadContent> UploadContent::Restore(const store::ColumnStore& store,
                                                     store::Id project,
                                                     const store::UploadRecord& upload) {
  UploadContent content(upload.kind);
  content.rows_.num_rows = upload.num_rows;
  content.documents_.num_rows = upload.num_documents;
  ASSAY_ASSIGN_OR_RETURN(const std::vector<store::ColumnRecord> records,
                         store.ListColumns(project, upload.id));
  for (const store::ColumnRecord& record : records) {
    const RowKind row_kind = RowKindOf(upload.kind, record.table);
    TableState& table = content.TableOf(record.table);
    ColumnState& state = table.columns[record.name];
    state.record = record;
    content.num_columns_ = std::max(content.num_columns_, record.number + 1);
    for (std::int64_t begin = 0; begin < table.num_rows; begin += kChunkRows) {
      ASSAY_ASSIGN_OR_RETURN(const Column column,
                             store.ReadChunk(project, upload.id, record, begin / kChunkRows));
      if (column.num_rows != std::min(table.num_rows - begin, kChunkRows)) {
        return absl::DataLossError(absl::StrFormat(
            "upload %d, column '%s', chunk %d: %d rows, %d were stored", upload.id, record.name,
            begin / kChunkRows, column.num_rows, std::min(table.num_rows - begin, kChunkRows)));
      }
      EncodedColumn encoded;
      encoded.chunks.push_back(store::EncodeChunk(column, 0, column.num_rows));
      encoded.tail_text_bytes = TextBytes(column, 0, column.num_rows);
      Take(state, encoded);
      if (record.name == "key") {
        AppendKeyHashes(column, table.key_hashes);
      }
      if (IsCohort(row_kind, record.name)) {
        state.cohort_values.Add(column);
      }
    }
  }
  return content;
}

std::vector<store::ColumnRecord> UploadContent::Columns() const {
  std::vector<store::ColumnRecord> records(static_cast<std::size_t>(num_columns_));
  for (const TableState* const table : {&rows_, &documents_}) {
    for (const auto& [name, state] : table->columns) {
      std::vector<store::Digest> hashes = state.hashes;
      store::ColumnRecord& record = records[static_cast<std::size_t>(state.record.number)];
      record = state.record;
      record.null_count = state.null_count;
      if (state.tail.has_value()) {
        hashes.push_back(state.tail->hash);
        record.null_count += state.tail->null_count;
      }
      record.digest = store::ColumnDigest(record, table->num_rows, hashes);
    }
  }
  return records;
}

std::optional<std::string> UploadContent::FindTooManyCohortValues() const {
  for (const auto& [name, state] : rows_.columns) {
    if (state.cohort_values.HasTooMany()) {
      return name;
    }
  }
  return std::nullopt;
}

}  // namespace assay::ingest
