#include "client/cli/evaluate.h"

#include "absl/strings/str_format.h"
#include "client/cli/interrupt.h"
#include "client/cli/page.h"
#include "client/cli/run_report.h"
#include "client/cpp/client.h"
#include "client/cpp/references.h"
#include "client/cpp/status_macros.h"

namespace assay::cli {

absl::StatusOr<v1::Run> WaitForRun(Context& context, const std::string& run_name) {
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  const std::string short_name = client::ShortName(run_name);
  const InterruptNote note(
      context.is_local()
          ? absl::StrFormat("%s stops with the local server and goes on when it is used again",
                            short_name)
          : absl::StrFormat("%s goes on; stop it with: assay run cancel %s", short_name,
                            short_name));
  ProgressBar progress(absl::StrFormat("eval %s", short_name), "rows", context.ProgressOptions());
  v1::WatchRunRequest request;
  request.set_name(run_name);
  return client->WatchRun(request, [&progress](const v1::Run& run) {
    progress.Update(run.num_rows_done(), run.num_rows());
  });
}

absl::Status CheckSucceeded(const v1::Run& run) {
  switch (run.state()) {
    case v1::Run::SUCCEEDED:
      return absl::OkStatus();
    case v1::Run::CANCELLED:
      return absl::FailedPreconditionError(
          absl::StrFormat("%s was cancelled", client::ShortName(run.name())));
    default:
      return absl::FailedPreconditionError(
          absl::StrFormat("%s failed: %s", client::ShortName(run.name()), run.error()));
  }
}

absl::StatusOr<v1::Comparison> WaitForComparison(Context& context,
                                                 const std::string& comparison_name) {
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  ProgressBar progress(absl::StrFormat("compare %s", client::ShortName(comparison_name)), "",
                       context.ProgressOptions());
  v1::WatchComparisonRequest request;
  request.set_name(comparison_name);
  return client->WatchComparison(request,
                                 [&progress](const v1::Comparison&) { progress.Update(0, 0); });
}

void PrintRun(Context& context, const v1::Run& run) {
  switch (context.format()) {
    case OutputFormat::kJson:
      context.Print(JsonText(run));
      return;
    case OutputFormat::kCsv:
      context.Print(RunTable(run).Csv());
      return;
    case OutputFormat::kMarkdown:
      context.Print(RunMarkdown(run));
      return;
    default:
      context.PrintReport(RunText(run, context.width(), context.palette()));
      if (const std::string page = PageOf(context, run.name()); !page.empty()) {
        context.Print(absl::StrFormat("page %s\n", page));
      }
      return;
  }
}

}  // namespace assay::cli
