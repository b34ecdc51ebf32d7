#include "server/ingest/cohort_values.h"

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/strings/string_view.h"

namespace assay::ingest {

void CohortValues::Add(const Column& column) {
  if (HasTooMany() || column.num_rows == 0) {
    return;
  }
  if (column.is_coded) {
    AddCoded(column);
  } else {
    AddPlain(column);
  }
}

void CohortValues::AddValue(std::string_view value) {
  const absl::string_view key(value.data(), value.size());  // The set knows no other view.
  if (!HasTooMany() && !values_.contains(key)) {
    values_.emplace(key);
  }
}

void CohortValues::AddCoded(const Column& column) {
  std::vector<std::uint8_t> is_used(column.text_offsets.size(), 0);
  for (std::int64_t row = 0; row < column.num_rows; ++row) {
    if (column.IsValid(row)) {
      is_used[static_cast<std::size_t>(column.codes[static_cast<std::size_t>(row)])] = 1;
    }
  }
  for (std::size_t code = 0; code + 1 < column.text_offsets.size(); ++code) {
    if (is_used[code] != 0) {
      const std::int32_t begin = column.text_offsets[code];
      AddValue({column.text_bytes.data() + begin,
                static_cast<std::size_t>(column.text_offsets[code + 1] - begin)});
    }
  }
}

void CohortValues::AddPlain(const Column& column) {
  std::string_view previous;
  bool has_previous = false;
  for (std::int64_t row = 0; row < column.num_rows; ++row) {
    if (!column.IsValid(row)) {
      continue;
    }
    const std::string_view value = column.Text(row);
    if (!has_previous || value != previous) {
      AddValue(value);
      previous = value;
      has_previous = true;
    }
  }
}

}  // namespace assay::ingest
