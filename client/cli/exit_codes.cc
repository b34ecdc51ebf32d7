#include "client/cli/exit_codes.h"

#include <optional>

#include "absl/strings/cord.h"
#include "absl/strings/str_format.h"

namespace assay::cli {
namespace {

constexpr char kHintUrl[] = "assay/hint";

}  // namespace

ExitCode ExitCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return ExitCode::kPass;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return ExitCode::kUsage;
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
      return ExitCode::kInternal;
    default:
      return ExitCode::kCouldNotEvaluate;
  }
}

absl::Status WithHint(absl::Status status, std::string_view hint) {
  status.SetPayload(kHintUrl, absl::Cord(std::string(hint)));
  return status;
}

std::string HintOf(const absl::Status& status) {
  const absl::optional<absl::Cord> hint = status.GetPayload(kHintUrl);
  return hint.has_value() ? std::string(*hint) : std::string();
}

std::string ErrorText(const absl::Status& status) {
  std::string text = absl::StrFormat("assay: %s\n", status.message());
  if (const std::string hint = HintOf(status); !hint.empty()) {
    text += absl::StrFormat("       %s\n", hint);
  }
  return text;
}

}  // namespace assay::cli
