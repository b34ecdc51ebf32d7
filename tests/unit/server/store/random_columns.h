#pragma once

#include <cstdint>
#include <random>

#include "evaluators/columns.h"

namespace assay::test {

// A well-formed column of `num_rows` rows, a share of about `null_share` of them null, with the odd
// values of its type among them: empty and long texts, empty lists, NaN, infinities, -0.
Column RandomColumn(ColumnType type, std::mt19937& random, std::int64_t num_rows,
                    double null_share);

}  // namespace assay::test
