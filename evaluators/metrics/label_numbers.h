#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "evaluators/columns.h"
#include "evaluators/metrics/normalized_text.h"

namespace assay {

// Numbers distinct texts 0, 1, ... in the order in which they come, so that texts of several
// columns and batches compare as integers. Thread-compatible.
class LabelNumbers {
 public:
  LabelNumbers() = default;
  // Texts that NormalizeText makes equal have one number.
  explicit LabelNumbers(const NormalizationSteps& steps) : steps_(steps) {}
  LabelNumbers(const LabelNumbers&) = delete;
  LabelNumbers& operator=(const LabelNumbers&) = delete;

  std::int32_t Number(std::string_view text);
  // Number of each of the rows `rows` of a kText column, -1 for null. A dictionary entry is looked
  // up once a call.
  std::vector<std::int32_t> NumberRows(const Column& column, std::span<const std::int64_t> rows);
  // The same for all rows.
  std::vector<std::int32_t> NumberAllRows(const Column& column);
  // Text of each number.
  const std::deque<std::string>& texts() const { return texts_; }

 private:
  template <typename RowAt>
  std::vector<std::int32_t> NumberEach(const Column& column, std::int64_t num_rows, RowAt row_at);

  NormalizationSteps steps_;
  std::deque<std::string> texts_;
  absl::flat_hash_map<std::string_view, std::int32_t> number_of_;  // Views of texts_.
  std::string normalized_;
};

}  // namespace assay
