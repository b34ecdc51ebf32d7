#include "server/run/pairing.h"

#include <cstddef>
#include <deque>
#include <functional>
#include <limits>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/run/row_content.h"
#include "server/run/run_inputs.h"
#include "server/run/score_columns.h"

namespace assay::run {
namespace {

// Hands over the `key` column of a dataset version chunk by chunk.
absl::Status ReadKeys(store::Store& store, store::Id project,
                      const store::DatasetVersionRecord& dataset,
                      const std::function<void(Column chunk)>& take) {
  ASSAY_ASSIGN_OR_RETURN(const std::vector<store::ColumnRecord> columns,
                         ListRowColumns(store, project, dataset.id));
  const store::ColumnRecord* const key = FindColumn(columns, "key");
  if (key == nullptr) {
    return absl::DataLossError(
        absl::StrFormat("dataset version %d: column 'key' is missing", dataset.id));
  }
  for (std::int64_t number = 0; number * store::kChunkRows < dataset.num_rows; ++number) {
    ASSAY_ASSIGN_OR_RETURN(Column chunk,
                           store.columns().ReadChunk(project, dataset.id, *key, number));
    ASSAY_RETURN_IF_ERROR(CheckChunk(chunk, *key, number, dataset.num_rows));
    take(std::move(chunk));
  }
  return absl::OkStatus();
}

absl::Status FindChanged(store::Store& store, store::Id project,
                         const store::DatasetVersionRecord& baseline,
                         const store::DatasetVersionRecord& candidate,
                         const ParallelFor& parallel_for, Pairing& pairing) {
  ASSAY_ASSIGN_OR_RETURN(const std::vector<std::uint64_t> before,
                         HashContents(store, project, baseline, parallel_for));
  ASSAY_ASSIGN_OR_RETURN(const std::vector<std::uint64_t> after,
                         HashContents(store, project, candidate, parallel_for));
  pairing.has_changed.resize(pairing.same_key.size(), 0);
  for (std::size_t row = 0; row < pairing.same_key.size(); ++row) {
    const std::int32_t other = pairing.same_key[row];
    if (other >= 0 && before[static_cast<std::size_t>(other)] != after[row]) {
      pairing.has_changed[row] = 1;
      ++pairing.num_changed;
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Pairing> PairExamples(store::Store& store, store::Id project,
                                     const store::DatasetVersionRecord& baseline,
                                     const store::DatasetVersionRecord& candidate,
                                     const ParallelFor& parallel_for) {
  Pairing pairing;
  if (baseline.digest == candidate.digest) {
    return pairing;
  }
  if (baseline.num_rows > std::numeric_limits<std::int32_t>::max()) {
    return absl::FailedPreconditionError(
        absl::StrFormat("dataset version %d: more than 2^31 - 1 rows to pair", baseline.id));
  }
  std::deque<Column> chunks;
  absl::flat_hash_map<std::string_view, std::int32_t> row_of_key;  // Views of chunks.
  row_of_key.reserve(static_cast<std::size_t>(baseline.num_rows));
  ASSAY_RETURN_IF_ERROR(ReadKeys(store, project, baseline, [&](Column chunk) {
    chunks.push_back(std::move(chunk));
    for (std::int64_t row = 0; row < chunks.back().num_rows; ++row) {
      row_of_key.emplace(chunks.back().Text(row), static_cast<std::int32_t>(row_of_key.size()));
    }
  }));
  pairing.is_identity = false;
  pairing.same_key.reserve(static_cast<std::size_t>(candidate.num_rows));
  pairing.num_only_baseline = baseline.num_rows;
  ASSAY_RETURN_IF_ERROR(ReadKeys(store, project, candidate, [&](const Column& chunk) {
    for (std::int64_t row = 0; row < chunk.num_rows; ++row) {
      const auto found = row_of_key.find(chunk.Text(row));
      const bool is_paired = found != row_of_key.end();
      pairing.same_key.push_back(is_paired ? found->second : -1);
      pairing.num_only_baseline -= is_paired ? 1 : 0;
      pairing.num_only_candidate += is_paired ? 0 : 1;
    }
  }));
  ASSAY_RETURN_IF_ERROR(FindChanged(store, project, baseline, candidate, parallel_for, pairing));
  return pairing;
}

}  // namespace assay::run
