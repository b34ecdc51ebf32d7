#include "server/api/column_reader.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_format.h"
#include "server/api/resource_names.h"
#include "server/base/status_macros.h"

namespace assay::api {
namespace {

constexpr std::int64_t kDefaultRows = 4096;
constexpr std::int64_t kMaxRows = 65'536;

// One chunk, with the owner in front of what the store says about damage.
absl::StatusOr<Column> ReadChunk(const store::ColumnStore& columns, store::Id project,
                                 const ColumnSource& source, std::int64_t chunk) {
  absl::StatusOr<Column> read = columns.ReadChunk(project, source.owner, source.column, chunk);
  if (!read.ok()) {
    return absl::Status(
        read.status().code(),
        absl::StrFormat("%s, %s", source.owner_text, std::string(read.status().message())));
  }
  return read;
}

// Leaves in the dictionary of a coded column only what its codes name, in order of first use.
void DropUnusedEntries(Column& column) {
  if (!column.is_coded || column.text_offsets.size() < 2) {
    return;
  }
  std::vector<std::int32_t> new_code(column.text_offsets.size() - 1, -1);
  std::vector<std::int32_t> offsets = {0};
  std::string bytes;
  for (std::size_t i = 0; i < column.codes.size(); ++i) {
    const bool is_null = !IsList(column.type) && !column.IsValid(static_cast<std::int64_t>(i));
    const auto entry = static_cast<std::size_t>(column.codes[i]);
    if (is_null || entry >= new_code.size()) {  // a code that means nothing
      column.codes[i] = 0;
      continue;
    }
    if (new_code[entry] < 0) {
      new_code[entry] = static_cast<std::int32_t>(offsets.size()) - 1;
      const auto begin = static_cast<std::size_t>(column.text_offsets[entry]);
      const auto end = static_cast<std::size_t>(column.text_offsets[entry + 1]);
      bytes.append(column.text_bytes, begin, end - begin);
      offsets.push_back(static_cast<std::int32_t>(bytes.size()));
    }
    column.codes[i] = new_code[entry];
  }
  column.text_offsets = std::move(offsets);
  column.text_bytes = std::move(bytes);
}

std::vector<Column> SliceAll(const std::vector<Column>& chunks, std::int64_t begin,
                             std::int64_t end) {
  std::vector<Column> slices;
  for (const Column& chunk : chunks) {
    slices.push_back(Slice(chunk, begin, end));
    DropUnusedEntries(slices.back());
  }
  return slices;
}

std::int64_t TotalBytes(const std::vector<Column>& columns) {
  std::int64_t bytes = 0;
  for (const Column& column : columns) {
    bytes += BufferBytes(column);
  }
  return bytes;
}

// Rows from `begin` on of aligned chunks that fit into `max_bytes`, at least `min_rows`.
RowBlock SliceToFit(const std::vector<Column>& chunks, std::int64_t begin, std::int64_t end,
                    std::int64_t max_bytes, std::int64_t min_rows) {
  std::int64_t num_rows = end - begin;
  for (;;) {
    std::vector<Column> slices = SliceAll(chunks, begin, begin + num_rows);
    const std::int64_t bytes = TotalBytes(slices);
    if (bytes <= max_bytes || num_rows <= min_rows) {
      return {std::move(slices), num_rows};
    }
    const double share =
        static_cast<double>(std::max<std::int64_t>(max_bytes, 0)) / static_cast<double>(bytes);
    num_rows = std::clamp(static_cast<std::int64_t>(share * static_cast<double>(num_rows)),
                          min_rows, num_rows - 1);
  }
}

}  // namespace

std::int64_t BufferBytes(const Column& column) {
  return static_cast<std::int64_t>(
      column.validity.size() + column.text_bytes.size() +
      sizeof(std::int32_t) * (column.list_offsets.size() + column.codes.size() +
                              column.text_offsets.size() + column.int32s.size()) +
      sizeof(std::int64_t) * column.int64s.size() + sizeof(float) * column.floats.size() +
      sizeof(double) * column.doubles.size());
}

absl::StatusOr<std::vector<ColumnSource>> SelectColumns(
    store::Id owner, const std::string& owner_text, const std::vector<store::ColumnRecord>& columns,
    store::Table table, const std::vector<std::string>& names) {
  std::vector<ColumnSource> sources;
  const auto is_visible = [table](const store::ColumnRecord& column) {
    return column.table == table && column.name.substr(0, 1) != "$";
  };
  if (names.empty()) {
    for (const store::ColumnRecord& column : columns) {
      if (is_visible(column)) {
        sources.push_back({owner, column, owner_text});
      }
    }
    return sources;
  }
  for (const std::string& name : names) {
    const auto found =
        std::find_if(columns.begin(), columns.end(), [&](const store::ColumnRecord& column) {
          return is_visible(column) && column.name == name;
        });
    if (found == columns.end()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("columns: %s has no column '%s'", owner_text, Quoted(name)));
    }
    sources.push_back({owner, *found, owner_text});
  }
  return sources;
}

std::vector<std::string> CohortColumns(const std::vector<store::ColumnRecord>& columns) {
  std::vector<std::string> names;
  for (const store::ColumnRecord& column : columns) {
    if (column.table == store::Table::kRows && column.type == ColumnType::kText &&
        column.name.starts_with("cohort.")) {
      names.push_back(column.name);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<RowRange> MakeRowRange(std::int64_t start_row, std::int32_t max_rows) {
  if (start_row < 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("start_row: must not be negative: %d", start_row));
  }
  if (max_rows < 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("max_rows: must not be negative: %d", max_rows));
  }
  return RowRange{start_row,
                  max_rows == 0 ? kDefaultRows : std::min<std::int64_t>(max_rows, kMaxRows)};
}

absl::StatusOr<RowBlock> ReadRows(const store::ColumnStore& columns, store::Id project,
                                  const std::vector<ColumnSource>& sources, std::int64_t num_rows,
                                  RowRange range, std::int64_t max_bytes,
                                  const std::function<absl::Status()>& check_alive) {
  RowBlock block;
  std::int64_t row = range.start_row;
  const std::int64_t end = row >= num_rows ? row : row + std::min(range.max_rows, num_rows - row);
  std::int64_t bytes_left = max_bytes;
  while (row < end) {
    const std::int64_t chunk = row / store::kChunkRows;
    const std::int64_t chunk_begin = chunk * store::kChunkRows;
    const std::int64_t chunk_end = std::min(end, chunk_begin + store::kChunkRows);
    std::vector<Column> chunks;
    for (const ColumnSource& source : sources) {
      ASSAY_RETURN_IF_ERROR(check_alive());
      ASSAY_ASSIGN_OR_RETURN(Column column, ReadChunk(columns, project, source, chunk));
      if (column.num_rows < chunk_end - chunk_begin) {
        return absl::DataLossError(absl::StrFormat(
            "%s, column '%s', chunk %d: holds %d rows instead of %d", source.owner_text,
            source.column.name, chunk, column.num_rows, chunk_end - chunk_begin));
      }
      column.name = source.column.name;
      chunks.push_back(std::move(column));
    }
    RowBlock part = SliceToFit(chunks, row - chunk_begin, chunk_end - chunk_begin, bytes_left,
                               block.num_rows == 0 ? 1 : 0);
    const bool is_cut = part.num_rows < chunk_end - row;
    bytes_left -= TotalBytes(part.columns);
    row += part.num_rows;
    if (block.num_rows == 0) {
      block = std::move(part);
    } else if (part.num_rows > 0) {
      for (std::size_t i = 0; i < part.columns.size(); ++i) {
        Append(block.columns[i], part.columns[i]);
      }
      block.num_rows += part.num_rows;
    }
    if (is_cut) {
      break;
    }
  }
  if (block.columns.empty()) {  // no rows: columns without any, so that types can be seen
    for (const ColumnSource& source : sources) {
      Column column;
      column.name = source.column.name;
      column.type = source.column.type;
      column.dimension = source.column.dimension;
      block.columns.push_back(std::move(column));
    }
  }
  return block;
}

absl::StatusOr<ValueCounts> CountValues(const store::ColumnStore& columns, store::Id project,
                                        const ColumnSource& source, std::int64_t num_rows,
                                        const std::function<absl::Status()>& check_alive) {
  ValueCounts result;
  absl::flat_hash_map<std::string, std::int64_t> counts;
  for (std::int64_t chunk = 0; chunk * store::kChunkRows < num_rows; ++chunk) {
    ASSAY_RETURN_IF_ERROR(check_alive());
    ASSAY_ASSIGN_OR_RETURN(const Column column, ReadChunk(columns, project, source, chunk));
    for (std::int64_t row = 0; row < column.num_rows; ++row) {
      if (column.IsValid(row)) {
        const std::string_view value = column.Text(row);
        ++counts[absl::string_view(value.data(), value.size())];
      } else {
        ++result.null_count;
      }
    }
  }
  result.values.assign(counts.begin(), counts.end());
  std::sort(result.values.begin(), result.values.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  return result;
}

}  // namespace assay::api
