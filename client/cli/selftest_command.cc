#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "absl/strings/str_format.h"
#include "client/cli/commands.h"
#include "client/cli/comparison_sides.h"
#include "client/cli/numbers.h"
#include "client/cli/text_width.h"
#include "client/cpp/client.h"
#include "client/cpp/status_macros.h"

namespace assay::cli {
namespace {

struct SelfTestOptions {
  SidesOptions sides;
  bool is_aa = false;
  std::string metric;
  std::int64_t num_pairs = 1000;
  double alpha = 0.05;
};

void AddAlarms(Table& table, const char* what, const v1::FalseAlarms& alarms) {
  table.AddRow({what, CountText(alarms.num_alarms()), CountText(alarms.num_pairs()),
                absl::StrFormat("%.4f", alarms.rate()),
                absl::StrFormat("%.4f to %.4f", alarms.lower(), alarms.upper())});
}

absl::StatusOr<ExitCode> RunSelfTest(Context& context, const SelfTestOptions& options) {
  if (!options.is_aa) {
    return absl::InvalidArgumentError("selftest needs --aa, the one test there is");
  }
  ASSAY_ASSIGN_OR_RETURN(const Sides sides, EvaluateSides(context, options.sides));
  v1::RunSelfTestRequest request;
  request.set_baseline_run(sides.baseline_name);
  request.set_candidate_run(sides.candidate_name);
  request.set_metric(options.metric);
  request.set_num_pairs(options.num_pairs);
  request.set_alpha(options.alpha);
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  ASSAY_ASSIGN_OR_RETURN(const v1::SelfTest test, client->RunSelfTest(request));
  Table table({{"GATES"},
               {"ALARMS", Align::kRight},
               {"PAIRS", Align::kRight},
               {"RATE", Align::kRight},
               {absl::StrFormat("%g %% CI", 100 * (1 - 2 * test.alpha()))}});
  AddAlarms(table, "all rows alone", test.overall());
  AddAlarms(table, "any, after Holm", test.holm());
  AddAlarms(table, "any, uncorrected", test.uncorrected());
  context.Print(test, table);
  if (context.format() == OutputFormat::kText) {
    context.Print(
        "\n" +
        Wrapped(
            absl::StrFormat(
                "%s on %s rows: the sides of every row (of all rows of a group together, where "
                "there are groups) swapped at random, judged at margin 0 by %s gates: all rows "
                "and cohorts. A gate may raise a false alarm in %g %% of the pairs; with Holm so "
                "may all of them together. Seed %d.",
                test.metric(), CountText(test.num_rows()), CountText(test.num_gates()),
                100 * test.alpha(), test.seed()),
            context.width(), 0));
  }
  // Too many alarms beyond doubt: the gates do not keep their promise on these data.
  const bool is_broken =
      test.overall().lower() > test.alpha() || test.holm().lower() > test.alpha();
  return is_broken ? ExitCode::kRegressed : ExitCode::kPass;
}

}  // namespace

void AddSelfTestCommand(CLI::App& app, Action& action) {
  auto options = std::make_shared<SelfTestOptions>();
  CLI::App* test = app.add_subcommand(
      "selftest",
      "Counts false alarms of the gates on your own data.\n"
      "--aa swaps the two sides of every row at random, so that neither is worse, and judges each "
      "such A/A pair. Exit code 1 when there are more alarms than alpha allows beyond doubt.");
  test->add_flag("--aa", options->is_aa, "The A/A test");
  test->add_option("BASE", options->sides.baseline, "Run, baseline or model version")->required();
  test->add_option("CAND", options->sides.candidate, "The same, of the other side")->required();
  test->add_option("--dataset", options->sides.dataset, "Dataset version to evaluate models on");
  test->add_option("--metric", options->metric, "Metric to judge; the first otherwise");
  test->add_option("--pairs", options->num_pairs, "A/A pairs to make")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  test->add_option("--alpha", options->alpha, "One-sided error rate of a gate")
      ->capture_default_str();
  test->footer("Example: assay selftest --aa mlp@1 mlp@2 --dataset digits");
  test->callback([options, &action] {
    action = [options](Context& context) { return RunSelfTest(context, *options); };
  });
}

}  // namespace assay::cli
