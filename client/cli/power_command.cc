#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "absl/strings/str_format.h"
#include "client/cli/commands.h"
#include "client/cli/numbers.h"
#include "client/cli/text_width.h"
#include "client/cpp/client.h"
#include "client/cpp/references.h"
#include "client/cpp/status_macros.h"

namespace assay::cli {
namespace {

struct PowerOptions {
  std::string dataset;
  std::string run;
  double alpha = 0.05;
  double power = 0.8;
  double flip_share = 0.1;
  double correlation = 0.8;
};

absl::StatusOr<ExitCode> RunPower(Context& context, const PowerOptions& options) {
  v1::EstimatePowerRequest request;
  ASSAY_ASSIGN_OR_RETURN(*request.mutable_dataset_version(),
                         client::ResolveDatasetVersion(context.project(), options.dataset));
  if (!options.run.empty()) {
    ASSAY_ASSIGN_OR_RETURN(*request.mutable_run(),
                           client::ResolveRun(context.project(), options.run));
  }
  request.set_alpha(options.alpha);
  request.set_power(options.power);
  request.set_flip_share(options.flip_share);
  request.set_correlation(options.correlation);
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  ASSAY_ASSIGN_OR_RETURN(const v1::EstimatePowerResponse response, client->EstimatePower(request));
  const bool is_text = context.format() == OutputFormat::kText;
  Table table({{"METRIC", Align::kLeft, true},
               {"COHORT", Align::kLeft, true},
               {"ROWS", Align::kRight},
               {"SEES A DROP OF", Align::kRight},
               {"ROWS TO SEE 0.01", Align::kRight}});
  for (const v1::PowerCell& cell : response.cells()) {
    table.AddRow({cell.metric(), cell.cohort().empty() && is_text ? "(all)" : cell.cohort(),
                  CountText(cell.num_rows()), cell.has_drop() ? NumberText(cell.drop()) : "-",
                  cell.has_rows_for_one_point() ? CountText(cell.rows_for_one_point()) : "-"});
  }
  context.Print(response, table);
  if (is_text) {
    context.Print(
        "\n" +
        Wrapped(absl::StrFormat("A drop is seen with %g %% power at one-sided alpha %g, if %s.",
                                100 * response.power(), response.alpha(), response.assumption()),
                context.width(), 0));
  }
  return ExitCode::kPass;
}

}  // namespace

void AddPowerCommand(CLI::App& app, Action& action) {
  auto options = std::make_shared<PowerOptions>();
  CLI::App* power = app.add_subcommand(
      "power",
      "Says what drop a dataset can see, overall and by cohort, before anything is compared.\n"
      "With --run the scores of that run say how much rows vary; otherwise a share of answers that "
      "flip is assumed.");
  power->add_option("--dataset", options->dataset, "Dataset version, as digits@1")->required();
  power->add_option("--run", options->run, "Run on it, as run:12 or @main");
  power->add_option("--alpha", options->alpha, "One-sided error rate of the gate")
      ->capture_default_str();
  power->add_option("--power", options->power, "Chance to see the drop")->capture_default_str();
  power
      ->add_option("--flip-share", options->flip_share,
                   "Share of right-or-wrong answers that a change flips")
      ->capture_default_str();
  power
      ->add_option("--correlation", options->correlation,
                   "Correlation of other scores before and after")
      ->capture_default_str();
  power->footer("Example: assay power --dataset digits@1 --run @main");
  power->callback([options, &action] {
    action = [options](Context& context) { return RunPower(context, *options); };
  });
}

}  // namespace assay::cli
