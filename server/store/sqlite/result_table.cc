#include "server/store/sqlite/result_table.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "server/base/status_macros.h"
#include "server/store/chunk_codec.h"
#include "server/store/sqlite/statement.h"

namespace assay::store {
namespace {

constexpr std::string_view kInsertTable =
    "INSERT INTO run_tables (project_id, run_id, position, name, description) "
    "VALUES ($1, $2, $3, $4, $5)";
constexpr std::string_view kSelectTables =
    "SELECT name, description FROM run_tables WHERE project_id = $1 AND run_id = $2 "
    "ORDER BY position";
constexpr std::string_view kInsertChunk =
    "INSERT INTO run_table_chunks (project_id, run_id, position, column_no, chunk_no, name, data) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7)";
constexpr std::string_view kSelectChunks =
    "SELECT chunk_no, name, data FROM run_table_chunks "
    "WHERE project_id = $1 AND run_id = $2 AND position = $3 ORDER BY column_no, chunk_no";

// An empty column has one chunk of no rows, which keeps its type.
absl::Status InsertColumn(Database& database, Id project, Id run, std::size_t position,
                          std::size_t column_no, const Column& column) {
  ASSAY_ASSIGN_OR_RETURN(Statement insert, Statement::Prepare(database, kInsertChunk));
  std::int64_t chunk_no = 0;
  for (std::int64_t begin = 0; begin < std::max<std::int64_t>(column.num_rows, 1);
       begin += kChunkRows) {
    const EncodedChunk chunk =
        EncodeChunk(column, begin, std::min(begin + kChunkRows, column.num_rows));
    insert.Bind(project, run, position, column_no, chunk_no++, column.name, Blob{chunk.bytes});
    ASSAY_RETURN_IF_ERROR(insert.Run());
  }
  return absl::OkStatus();
}

absl::Status ReadColumns(Database& database, Id project, Id run, std::size_t position,
                         std::vector<Column>& columns) {
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, kSelectChunks));
  select.Bind(project, run, position);
  return ForEachRow(select, [&]() -> absl::Status {
    std::int64_t chunk_no = 0;
    std::string name;
    Blob data;
    ASSAY_RETURN_IF_ERROR(select.Read(chunk_no, name, data));
    ASSAY_ASSIGN_OR_RETURN(Column chunk, DecodeChunk(data.bytes));
    if (chunk_no > 0 && !columns.empty() && columns.back().type == chunk.type) {
      Append(columns.back(), chunk);
      return absl::OkStatus();
    }
    chunk.name = std::move(name);
    columns.push_back(std::move(chunk));
    return absl::OkStatus();
  });
}

}  // namespace

absl::Status InsertRunTables(Database& database, Id project, Id run,
                             const std::vector<ResultTable>& tables) {
  for (std::size_t position = 0; position < tables.size(); ++position) {
    const ResultTable& table = tables[position];
    ASSAY_RETURN_IF_ERROR(
        RunOnce(database, kInsertTable, project, run, position, table.name, table.description));
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      ASSAY_RETURN_IF_ERROR(InsertColumn(database, project, run, position, i, table.columns[i]));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ResultTable>> SelectRunTables(Database& database, Id project, Id run) {
  std::vector<ResultTable> tables;
  {
    ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, kSelectTables));
    select.Bind(project, run);
    ASSAY_RETURN_IF_ERROR(ForEachRow(select, [&] {
      ResultTable& table = tables.emplace_back();
      return select.Read(table.name, table.description);
    }));
  }
  for (std::size_t position = 0; position < tables.size(); ++position) {
    ASSAY_RETURN_IF_ERROR(ReadColumns(database, project, run, position, tables[position].columns));
  }
  return tables;
}

}  // namespace assay::store
