#include "client/cli/gate_options.h"

#include <charconv>
#include <cmath>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "assay/v1/comparison_service.pb.h"

namespace assay::cli {

absl::StatusOr<v1::Gate> ParseMaxDrop(std::string_view text) {
  const std::size_t equals = text.rfind('=');
  if (equals == std::string_view::npos || equals == 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("--max-drop is METRIC=X, for instance accuracy=0.01, not '%s'", text));
  }
  const std::string_view number = text.substr(equals + 1);
  double max_drop = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), max_drop);
  const bool is_number = error == std::errc() && end == number.data() + number.size();
  if (!is_number || !std::isfinite(max_drop) || max_drop < 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "--max-drop %s: not a number of at least 0: '%s'", text.substr(0, equals), number));
  }
  v1::Gate gate;
  gate.set_metric(std::string(text.substr(0, equals)));
  gate.set_max_drop(max_drop);
  gate.set_tier(v1::Gate::CRITICAL);
  return gate;
}

}  // namespace assay::cli
