#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "evaluators/kernels/isa.h"

namespace assay {

// The level of that name, for a machine whose highest is `best`. INVALID_ARGUMENT for an unknown
// name, listing the names, and for a level that the machine cannot run, naming its best.
absl::StatusOr<Isa> ChooseIsa(std::string_view name, Isa best);

}  // namespace assay
