#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace assay::cli {

// What a command ends with. Scripts rely on these numbers.
enum class ExitCode : int {
  kPass = 0,              // gates passed, or none was asked for
  kRegressed = 1,         // a gate failed on measured evidence; never a crash
  kUsage = 2,             // bad arguments, configuration or input files
  kCouldNotEvaluate = 3,  // unreachable, not authorised, refused, not found, run failed
  kInconclusive = 4,      // too few examples to decide
  kInternal = 70,         // our bug
  kInterrupted = 130,     // Ctrl-C
};

// Code for an error that ended a command. INVALID_ARGUMENT and OUT_OF_RANGE are the user's,
// INTERNAL and UNKNOWN are ours, everything else means that nothing could be evaluated.
ExitCode ExitCodeOf(const absl::Status& status);

// `status` with advice for the user, which is printed on a line of its own.
absl::Status WithHint(absl::Status status, std::string_view hint);
// The advice; empty when there is none.
std::string HintOf(const absl::Status& status);

// What to print on standard error: `assay: message` and the advice. Ends in a newline.
std::string ErrorText(const absl::Status& status);

}  // namespace assay::cli
