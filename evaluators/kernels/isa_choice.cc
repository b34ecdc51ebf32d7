#include "evaluators/kernels/isa_choice.h"

#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace assay {

absl::StatusOr<Isa> ChooseIsa(std::string_view name, Isa best) {
  const std::optional<Isa> isa = ParseIsa(name);
  if (!isa.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("no such instruction set: '%s'; there are %s, %s and %s", name,
                        IsaName(Isa::kBaseline), IsaName(Isa::kV3), IsaName(Isa::kV4)));
  }
  if (*isa > best) {
    return absl::InvalidArgumentError(absl::StrFormat("this machine cannot run %s; its best is %s",
                                                      IsaName(*isa), IsaName(best)));
  }
  return *isa;
}

}  // namespace assay
