#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "assay/v1/comparison_service.pb.h"
#include "assay/v1/run_service.pb.h"
#include "client/cli/context.h"
#include "client/cli/exit_codes.h"

namespace assay::cli {

// Waits for a run with a progress bar and returns it complete, however it ended.
absl::StatusOr<v1::Run> WaitForRun(Context& context, const std::string& run_name);

// OK for a run that succeeded; otherwise why it did not.
absl::Status CheckSucceeded(const v1::Run& run);

// Waits for a comparison and returns it complete, however it ended.
absl::StatusOr<v1::Comparison> WaitForComparison(Context& context,
                                                 const std::string& comparison_name);

// Writes a run, as -o asks.
void PrintRun(Context& context, const v1::Run& run);

}  // namespace assay::cli
