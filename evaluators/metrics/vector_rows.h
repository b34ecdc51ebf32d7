#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "evaluators/columns.h"
#include "evaluators/metrics/vector_similarity.h"

namespace assay {

inline bool IsVector(ColumnType type) {
  return type == ColumnType::kFloat32Vector || type == ColumnType::kFloat64Vector;
}

// Calls `visit` with the vector at `row`, as a span of float or of double.
template <typename Visit>
auto VisitVector(const Column& column, std::int64_t row, const Visit& visit) {
  const auto dimension = static_cast<std::size_t>(column.dimension);
  const std::size_t begin = static_cast<std::size_t>(row) * dimension;
  return column.type == ColumnType::kFloat32Vector
             ? visit(std::span(column.floats).subspan(begin, dimension))
             : visit(std::span(column.doubles).subspan(begin, dimension));
}

// CompareVectors() and StateOf() of rows of vector columns.
std::optional<VectorSimilarity> CompareVectorRows(const Column& a, std::int64_t a_row,
                                                  const Column& b, std::int64_t b_row);
VectorState StateOfVectorRow(const Column& column, std::int64_t row);

// How many of `column`'s first `num_rows` vectors have no direction, as counts of an evaluator:
// `NAME is zero`, `NAME holds NaN or infinity`. nullptr has none.
std::vector<std::pair<std::string, std::int64_t>> CountUnusable(std::int64_t num_rows,
                                                                const Column* column,
                                                                std::string_view name);

}  // namespace assay
