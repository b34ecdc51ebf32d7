#include "server/run/row_content.h"

#include <algorithm>
#include <cstddef>

#include "server/base/key_hash.h"
#include "server/base/status_macros.h"
#include "server/run/parallel_for.h"
#include "server/run/row_hash.h"
#include "server/run/run_inputs.h"
#include "server/run/score_columns.h"

namespace assay::run {
namespace {

bool IsContent(const store::ColumnRecord& column) {
  return column.name != "key" && column.name != "group" && !column.name.starts_with("cohort.") &&
         !column.name.starts_with('$');
}

}  // namespace

absl::StatusOr<std::vector<std::uint64_t>> HashContents(store::Store& store, store::Id project,
                                                        const store::DatasetVersionRecord& dataset,
                                                        const ParallelFor& parallel_for) {
  ASSAY_ASSIGN_OR_RETURN(std::vector<store::ColumnRecord> columns,
                         ListRowColumns(store, project, dataset.id));
  std::erase_if(columns, [](const store::ColumnRecord& column) { return !IsContent(column); });
  std::ranges::sort(columns, {}, &store::ColumnRecord::name);
  std::vector<std::uint64_t> hashes(static_cast<std::size_t>(dataset.num_rows), 0);
  const std::int64_t num_chunks = (dataset.num_rows + store::kChunkRows - 1) / store::kChunkRows;
  const auto hash_chunk = [&](std::int64_t number) -> absl::Status {
    for (const store::ColumnRecord& column : columns) {
      ASSAY_ASSIGN_OR_RETURN(const Column chunk,
                             store.columns().ReadChunk(project, dataset.id, column, number));
      ASSAY_RETURN_IF_ERROR(CheckChunk(chunk, column, number, dataset.num_rows));
      const std::uint64_t name =
          CombinedHash(KeyHash(column.name), static_cast<std::uint64_t>(column.type));
      for (std::int64_t row = 0; row < chunk.num_rows; ++row) {
        if (chunk.IsValid(row)) {
          std::uint64_t& hash = hashes[static_cast<std::size_t>(number * store::kChunkRows + row)];
          hash = CombinedHash(CombinedHash(hash, name), ValueHash(chunk, row));
        }
      }
    }
    return absl::OkStatus();
  };
  ASSAY_RETURN_IF_ERROR(ForEach(parallel_for, num_chunks, hash_chunk));
  return hashes;
}

}  // namespace assay::run
