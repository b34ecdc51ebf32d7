#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "evaluators/evaluator.h"
#include "server/run/output_index.h"
#include "server/run/run_inputs.h"
#include "server/run/score_columns.h"
#include "server/store/store.h"

namespace assay::run {

using ColumnSet = std::vector<std::pair<std::string, std::shared_ptr<const Column>>>;

// Examples beside their outputs. Row i is output `outputs[i]` for example `examples[i]` of the
// block; an example with several outputs has several rows.
struct LinedUpRows {
  std::vector<std::int64_t> examples;  // positions in the block, ascending
  ColumnSet example_columns;
  ColumnSet output_columns;

  std::int64_t num_rows() const { return std::ssize(examples); }
  // Refers to this object.
  EvaluationBatch Batch() const;
};

// The examples of one chunk of a dataset version with what a run scores them by.
struct RowBlock {
  std::int64_t first_row = 0;
  std::vector<RowStatus> status;  // one an example
  LinedUpRows scored;             // examples with an output that is not an error
  // Examples without any output as well, beside null rows. Absent when there are none or nobody
  // asked for them: `scored` is then all there is.
  std::optional<LinedUpRows> with_missing;
  std::int64_t num_bytes = 0;  // of the columns, about

  const LinedUpRows& Rows(bool scores_missing) const {
    return scores_missing && with_missing.has_value() ? *with_missing : scored;
  }
};

// Reads a run's examples chunk by chunk and lines their outputs up with them: without a copy when
// the output set is aligned and every row takes part, gathered otherwise. Owned by one thread.
class RowSource {
 public:
  struct Options {
    std::vector<std::string> example_columns;  // to read; those that the data lack are left out
    std::vector<std::string> output_columns;
    bool with_missing = false;
    std::int64_t cache_bytes = 32 << 20;  // output chunks kept for the next block
  };
  // `index` may be nullptr when the set is aligned. `store` outlives the source.
  RowSource(store::Store& store, std::shared_ptr<const RunInputs> inputs,
            std::shared_ptr<const OutputIndex> index, RowFilter filter, Options options);

  // The examples of chunk `chunk` of the dataset version.
  absl::StatusOr<RowBlock> Read(std::int64_t chunk);

 private:
  struct LineUp {
    std::vector<std::int64_t> examples;  // positions in the block
    std::vector<std::int64_t> outputs;   // rows of the output set, -1 for none
  };
  using SharedColumn = std::shared_ptr<const Column>;
  struct CachedChunk {
    std::pair<std::int32_t, std::int64_t> key;
    SharedColumn column;
    std::int64_t num_bytes = 0;
  };

  absl::StatusOr<SharedColumn> ReadExamples(const store::ColumnRecord& column,
                                            std::int64_t chunk) const;
  absl::StatusOr<SharedColumn> ReadOutputs(const store::ColumnRecord& column, std::int64_t chunk);
  // Values of `column` at `rows` of the output set.
  absl::StatusOr<SharedColumn> GatherOutputs(const store::ColumnRecord& column,
                                             std::span<const std::int64_t> rows);
  absl::Status ApplyFilter(std::int64_t chunk, RowBlock& block) const;
  absl::StatusOr<LineUp> FindOutputs(RowBlock& block);
  absl::Status DropErrors(RowBlock& block, LineUp& line_up);
  absl::StatusOr<LinedUpRows> Load(std::int64_t chunk, const RowBlock& block, LineUp line_up);

  store::Store& store_;
  const std::shared_ptr<const RunInputs> inputs_;
  const std::shared_ptr<const OutputIndex> index_;
  const RowFilter filter_;
  const Options options_;
  std::list<CachedChunk> cache_;  // most recently used first
  absl::flat_hash_map<std::pair<std::int32_t, std::int64_t>, std::list<CachedChunk>::iterator>
      cached_;
  std::int64_t cached_bytes_ = 0;
};

// Bytes that the buffers of a column take.
std::int64_t ColumnBytes(const Column& column);

}  // namespace assay::run
