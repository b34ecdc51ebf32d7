#include <CLI/CLI.hpp>
#include <memory>

#include "client/cli/commands.h"
#include "client/cli/score_labels.h"
#include "client/cli/score_ranking.h"

namespace assay::cli {

void AddScoreCommand(CLI::App& app, Action& action) {
  auto ranking = std::make_shared<RankingScoreOptions>();
  CLI::App* score = app.add_subcommand(
      "score", "Scores files against files, without a server: TREC runs, labels");
  AddRankingScoreOptions(*score, *ranking);
  auto labels = std::make_shared<LabelScoreOptions>();
  AddLabelScoreOptions(*score, *labels);
  score->footer(
      "Example: assay score --qrels qrels.txt --run bm25.run.gz -m nDCG@10,AP,R@100\n"
      "         assay score --qrels qrels.txt --run before.run after.run -m map -m P.5,10 -q\n"
      "         assay score --labels gold.csv --predictions out.csv -m accuracy,macro_f1,mcc");
  score->callback([ranking, labels, &action] {
    action = [ranking, labels](Context& context) {
      const bool scores_labels = !labels->labels.empty() || !labels->predictions.empty();
      return scores_labels ? ScoreLabels(context, *labels, ranking->measures)
                           : ScoreRankings(context, *ranking);
    };
  });
}

}  // namespace assay::cli
