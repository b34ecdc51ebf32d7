#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "evaluators/columns.h"
#include "evaluators/evaluator.h"

namespace assay {

// For each of the rows `rows` of `vectors`, a float32 or float64 vector column: the positions in
// `rows` of its `k` nearest others by cosine, nearest first, equal cosines by lower position; those
// of row i begin at i * k. Every row is usable (StateOf) and rows.size() > k > 0.
//
// Exact, and the same for every instruction set, thread count and block size: a float32 product
// only rules out rows that its rounding error cannot bring back, CompareVectors() decides.
std::vector<std::int32_t> NearestNeighbors(const Column& vectors,
                                           std::span<const std::int64_t> rows, std::int64_t k,
                                           const ParallelFor& parallel_for);

}  // namespace assay
