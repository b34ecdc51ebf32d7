#pragma once

#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/policy_file.h"

namespace assay::cli {

// Gates over all rows from `METRIC=X`, split at the last `=` because metric ids may hold one.
// INVALID_ARGUMENT unless X is a finite number >= 0 on the metric's own scale.
absl::StatusOr<v1::Gate> ParseMaxDrop(std::string_view text);
absl::StatusOr<v1::Gate> ParseMaxIncrease(std::string_view text);

// Adds the gates of `--max-drop` and `--max-increase` behind those of the file.
absl::Status AddFlagGates(std::span<const std::string> max_drops,
                          std::span<const std::string> max_increases, PolicyFile& file);

}  // namespace assay::cli
