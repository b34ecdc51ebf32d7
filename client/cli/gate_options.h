#pragma once

#include <string_view>

#include "absl/status/statusor.h"

namespace assay::v1 {
class Gate;
}

namespace assay::cli {

// Gates over all rows from `METRIC=X`, split at the last `=` because metric ids may hold one.
// INVALID_ARGUMENT unless X is a finite number >= 0 on the metric's own scale.
absl::StatusOr<v1::Gate> ParseMaxDrop(std::string_view text);
absl::StatusOr<v1::Gate> ParseMaxIncrease(std::string_view text);

}  // namespace assay::cli
