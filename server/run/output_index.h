#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/run/run_inputs.h"
#include "server/store/store.h"

namespace assay::run {

// Name of the hidden column that says which example an output answers.
inline constexpr std::string_view kExampleRowColumn = "$example_row";

// Calls `take` with the example that every output answers, in the order of outputs. For an output
// set that is not aligned. DATA_LOSS when the column is missing or points outside the dataset.
absl::Status ReadExampleRows(store::Store& store, const RunInputs& inputs,
                             const std::function<void(std::int64_t example)>& take);

// Which outputs answer each example, for an output set that is not aligned to its dataset. Takes 4
// bytes an example and 4 an output. Immutable.
class OutputIndex {
 public:
  // Reads `$example_row` of the set.
  static absl::StatusOr<OutputIndex> Load(store::Store& store, const RunInputs& inputs);

  // Rows of the outputs that answer `example`, ascending; none when it is missing.
  std::span<const std::int32_t> OutputsOf(std::int64_t example) const {
    const std::int32_t begin = begin_[static_cast<std::size_t>(example)];
    const std::int32_t end = begin_[static_cast<std::size_t>(example) + 1];
    return std::span(rows_).subspan(static_cast<std::size_t>(begin),
                                    static_cast<std::size_t>(end - begin));
  }
  // Largest number of outputs that any example has.
  std::int64_t max_outputs() const { return max_outputs_; }

 private:
  std::vector<std::int32_t> begin_;  // num_examples + 1
  std::vector<std::int32_t> rows_;
  std::int64_t max_outputs_ = 0;
};

}  // namespace assay::run
