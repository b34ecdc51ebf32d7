#include "evaluators/metrics/label_numbers.h"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string_view>
#include <vector>

namespace assay {

std::int32_t LabelNumbers::Number(std::string_view text) {
  if (steps_ != NormalizationSteps()) {
    NormalizeText(text, steps_, normalized_);
    text = normalized_;
  }
  if (const auto found = number_of_.find(text); found != number_of_.end()) {
    return found->second;
  }
  const auto number = static_cast<std::int32_t>(texts_.size());
  texts_.emplace_back(text);
  number_of_.emplace(texts_.back(), number);
  return number;
}

template <typename RowAt>
std::vector<std::int32_t> LabelNumbers::NumberEach(const Column& column, std::int64_t num_rows,
                                                   RowAt row_at) {
  constexpr std::int32_t kNotYet = -2;
  const std::size_t num_entries =
      column.is_coded && !column.text_offsets.empty() ? column.text_offsets.size() - 1 : 0;
  std::vector<std::int32_t> number_of_entry(num_entries, kNotYet);
  std::vector<std::int32_t> numbers(static_cast<std::size_t>(num_rows));
  if (column.is_coded && column.validity.empty() &&
      static_cast<std::int64_t>(num_entries) <= num_rows) {
    for (std::size_t entry = 0; entry < num_entries; ++entry) {
      const std::int32_t begin = column.text_offsets[entry];
      const std::int32_t end = column.text_offsets[entry + 1];
      number_of_entry[entry] =
          Number({column.text_bytes.data() + begin, static_cast<std::size_t>(end - begin)});
    }
    for (std::int64_t i = 0; i < num_rows; ++i) {
      const std::int32_t code = column.codes[static_cast<std::size_t>(row_at(i))];
      numbers[static_cast<std::size_t>(i)] = number_of_entry[static_cast<std::size_t>(code)];
    }
    return numbers;
  }
  for (std::int64_t i = 0; i < num_rows; ++i) {
    const std::int64_t row = row_at(i);
    std::int32_t& number = numbers[static_cast<std::size_t>(i)];
    if (!column.IsValid(row)) {
      number = -1;
    } else if (!column.is_coded) {
      number = Number(column.Text(row));
    } else {
      const std::int32_t code = column.codes[static_cast<std::size_t>(row)];
      std::int32_t& known = number_of_entry[static_cast<std::size_t>(code)];
      if (known == kNotYet) {
        known = Number(column.Text(row));
      }
      number = known;
    }
  }
  return numbers;
}

std::vector<std::int32_t> LabelNumbers::NumberRows(const Column& column,
                                                   std::span<const std::int64_t> rows) {
  return NumberEach(column, std::ssize(rows),
                    [rows](std::int64_t i) { return rows[static_cast<std::size_t>(i)]; });
}

std::vector<std::int32_t> LabelNumbers::NumberAllRows(const Column& column) {
  return NumberEach(column, column.num_rows, [](std::int64_t i) { return i; });
}

}  // namespace assay
