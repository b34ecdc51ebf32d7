#include <CLI/CLI.hpp>
#include <memory>

#include "client/cli/commands.h"
#include "client/cli/score_ranking.h"

namespace assay::cli {

void AddScoreCommand(CLI::App& app, Action& action) {
  auto ranking = std::make_shared<RankingScoreOptions>();
  CLI::App* score =
      app.add_subcommand("score", "Scores files against files, without a server: TREC runs");
  AddRankingScoreOptions(*score, *ranking);
  score->footer(
      "Example: assay score --qrels qrels.txt --run bm25.run.gz -m nDCG@10,AP,R@100\n"
      "         assay score --qrels qrels.txt --run before.run after.run -m map -m P.5,10 -q");
  score->callback([ranking, &action] {
    action = [ranking](Context& context) { return ScoreRankings(context, *ranking); };
  });
}

}  // namespace assay::cli
