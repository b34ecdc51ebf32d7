#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "assay/v1/comparison_service.pb.h"
#include "client/cli/context.h"
#include "client/cli/diff_report.h"
#include "client/cli/exit_codes.h"
#include "client/cli/output.h"
#include "client/cli/policy_file.h"

namespace CLI {
class App;
}

namespace assay::cli {

// One `--report FORMAT=FILE`, the file open for writing.
class ReportFile {
 public:
  // FORMAT is one of kVerdictFormats. INVALID_ARGUMENT for another and for a file that cannot be
  // written. Empties the file.
  static absl::StatusOr<ReportFile> Open(std::string_view text);

  OutputFormat format() const { return format_; }
  // INVALID_ARGUMENT names the file.
  absl::Status Write(std::string_view text) const;

 private:
  OutputFormat format_ = OutputFormat::kText;
  std::string path_;
};

// Adds `--report FORMAT=FILE`, repeatable, to a command that prints a verdict; `reports` are as
// typed.
void AddReportOption(CLI::App& command, std::vector<std::string>& reports);
// Opens the files of `reports`, before any work is done.
absl::StatusOr<std::vector<ReportFile>> OpenReportFiles(const std::vector<std::string>& reports);

// Writes a comparison that has ended: to standard output as -o asks, one of kVerdictFormats, and to
// `files`. `policy` is where its gates were written; without a path the comparison's own policy is
// named, if it has any; `order` concerns text. The exit code is that of the verdict whatever the
// formats are, unless a file cannot be written.
absl::StatusOr<ExitCode> PrintComparison(Context& context, const v1::Comparison& comparison,
                                         const std::vector<ReportFile>& files = {},
                                         const PolicyFile& policy = {},
                                         BlockOrder order = BlockOrder::kMetricsFirst);

}  // namespace assay::cli
