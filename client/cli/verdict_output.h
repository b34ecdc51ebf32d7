#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "assay/v1/comparison_service.pb.h"
#include "client/cli/context.h"
#include "client/cli/exit_codes.h"
#include "client/cli/output.h"
#include "client/cli/policy_file.h"

namespace CLI {
class App;
}

namespace assay::cli {

// What a verdict can be written as.
enum class VerdictFormat { kText, kJson, kCsv, kMarkdown, kJunit, kSarif };

// `text`, `json`, `csv`, `md`, `junit`, `sarif`.
absl::StatusOr<VerdictFormat> ParseVerdictFormat(std::string_view name);
VerdictFormat VerdictFormatOf(OutputFormat format);

// One `--report FORMAT=FILE`, the file open for writing.
class ReportFile {
 public:
  // INVALID_ARGUMENT for an unknown format and a file that cannot be written. Empties the file.
  static absl::StatusOr<ReportFile> Open(std::string_view text);

  VerdictFormat format() const { return format_; }
  // INVALID_ARGUMENT names the file.
  absl::Status Write(std::string_view text) const;

 private:
  VerdictFormat format_ = VerdictFormat::kText;
  std::string path_;
};

// Where a command writes its verdict, as typed.
struct VerdictOptions {
  std::string output = "text";       // of -o
  std::vector<std::string> reports;  // FORMAT=FILE
};

// Adds `--report FORMAT=FILE`, repeatable, to a command of `app` that prints a verdict.
void AddVerdictOptions(CLI::App& command, VerdictOptions& options);
// Takes -o from `app` once it has parsed: a verdict has formats that no other output has.
void ReadOutputOption(const CLI::App& app, VerdictOptions& options);

// Where a verdict goes. Files are open before any work is done.
struct VerdictOutput {
  VerdictFormat format = VerdictFormat::kText;  // of standard output
  std::vector<ReportFile> files;
};
absl::StatusOr<VerdictOutput> OpenVerdictOutput(const VerdictOptions& options);

// Writes a comparison that has ended. `policy` is where its gates were written; without a path the
// comparison's own policy is named, if it has any. The exit code is that of the verdict whatever
// the formats are, unless a file cannot be written.
absl::StatusOr<ExitCode> PrintComparison(Context& context, const v1::Comparison& comparison,
                                         const VerdictOutput& output,
                                         const PolicyFile& policy = {});

}  // namespace assay::cli
