#include <CLI/CLI.hpp>
#include <memory>

#include "client/cli/commands.h"
#include "client/cli/compare_options.h"

namespace assay::cli {

void AddGateCommand(CLI::App& app, Action& action) {
  auto options = std::make_shared<CompareOptions>();
  CLI::App* gate = app.add_subcommand(
      "gate",
      "Judges a candidate by a policy, as diff --policy does; the exit code is the point.\n"
      "0: every gate passes. 1: a critical or supporting gate regressed, or too many examples are "
      "in error. 2: the policy is wrong. 3: it could not be judged: the comparison is not fair, a "
      "claim is not proven, too few rows pair, or the baseline has expired. 4: the data do not "
      "decide a critical gate. Where several hold: 3 before 1 before 4 before 0.");
  AddCompareOptions(*gate, *options);
  gate->add_option("--policy", options->policy, "Gates to judge by, a TOML file")->required();
  gate->footer(
      "Example: assay gate @main mlp@2 --policy gate.toml\n"
      "         gate.toml:  version = 1\n"
      "                     min_coverage = 0.99\n"
      "                     [[gate]]\n"
      "                     metric = \"accuracy\"\n"
      "                     cohort = \"domain=oos\"   # empty: all rows\n"
      "                     max_drop = 0.01         # or max_relative_drop, max_increase,\n"
      "                     tier = \"critical\"       # max_relative_increase, max_flips,\n"
      "                                             # max_changed (metric \"behaviour\");\n"
      "                                             # quantiles are metrics: latency_us.p95,\n"
      "                                             # span:NAME.p99; warmup_rows = 10: first\n"
      "                                             # outputs whose times do not count");
  gate->callback([options, &action] {
    action = {[options](Context& context) { return Compare(context, *options); }, kVerdictFormats};
  });
}

}  // namespace assay::cli
