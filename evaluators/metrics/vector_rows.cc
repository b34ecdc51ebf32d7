#include "evaluators/metrics/vector_rows.h"

#include <cstdint>
#include <optional>

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

}  // namespace assay
