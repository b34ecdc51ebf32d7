#include "evaluators/metrics/vector_rows.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"

namespace assay {

std::optional<VectorSimilarity> CompareVectorRows(const Column& a, std::int64_t a_row,
                                                  const Column& b, std::int64_t b_row) {
  return VisitVector(a, a_row, [&](auto x) {
    return VisitVector(b, b_row, [&](auto y) { return CompareVectors(x, y); });
  });
}

VectorState StateOfVectorRow(const Column& column, std::int64_t row) {
  return VisitVector(column, row, [](auto vector) { return StateOf(vector); });
}

std::vector<std::pair<std::string, std::int64_t>> CountUnusable(std::int64_t num_rows,
                                                                const Column* column,
                                                                std::string_view name) {
  std::int64_t num_zero = 0;
  std::int64_t num_not_finite = 0;
  for (std::int64_t row = 0; column != nullptr && row < num_rows; ++row) {
    if (column->IsValid(row)) {
      const VectorState state = StateOfVectorRow(*column, row);
      num_zero += state == VectorState::kZero ? 1 : 0;
      num_not_finite += state == VectorState::kNotFinite ? 1 : 0;
    }
  }
  return {{absl::StrFormat("%s is zero", name), num_zero},
          {absl::StrFormat("%s holds NaN or infinity", name), num_not_finite}};
}

}  // namespace assay
