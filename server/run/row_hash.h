#pragma once

#include <cstdint>

#include "evaluators/columns.h"

namespace assay::run {

// Hash of the value in a row: equal for equal values whether the column is dictionary-coded or not,
// and 0 for null, which no value has but by chance. 64 bits, for comparing a row with one other.
std::uint64_t ValueHash(const Column& column, std::int64_t row);

// One hash for two in this order.
std::uint64_t CombinedHash(std::uint64_t first, std::uint64_t second);

}  // namespace assay::run
