#include <CLI/CLI.hpp>
#include <memory>

#include "client/cli/commands.h"
#include "client/cli/compare_options.h"

namespace assay::cli {

void AddDiffCommand(CLI::App& app, Action& action) {
  auto options = std::make_shared<CompareOptions>();
  CLI::App* diff = app.add_subcommand(
      "diff",
      "Says whether a candidate is worse than a baseline, where, and how sure that is.\n"
      "Both are set side by side on the same rows; what has no run yet is evaluated first. Exit "
      "code: 0 pass or no gate, 1 regressed, 3 could not evaluate, 4 inconclusive.");
  AddCompareOptions(*diff, *options);
  diff->add_option("--policy", options->policy, "Gates to judge by, a TOML file");
  diff->footer(
      "Example: assay diff mlp@1 mlp@2 --dataset digits@1 --max-drop accuracy=0.01\n"
      "         assay diff run:12 run:13 -o md");
  diff->callback([options, &action] {
    action = {[options](Context& context) { return Compare(context, *options); }, kVerdictFormats};
  });
}

}  // namespace assay::cli
