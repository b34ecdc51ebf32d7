#include "client/cli/score_ranking.h"

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "client/cli/numbers.h"
#include "client/cli/ranking_scores.h"
#include "client/cli/table.h"
#include "client/cpp/status_macros.h"
#include "client/formats/input_file.h"
#include "client/formats/json_text.h"
#include "client/formats/number_text.h"
#include "client/formats/trec_qrels.h"
#include "evaluators/metrics/trec_eval_measures.h"

namespace assay::cli {
namespace {

using Content = TrecEvalMeasure::Content;

constexpr std::string_view kAllQueries = "all";

// One measure on one query, or on all: what each run has there.
struct ScoreLine {
  const TrecEvalMeasure& measure;
  std::string_view query;
  std::vector<std::optional<double>> values;  // by run; absent: undefined, or not scored
};

// Everything that is printed, in order, besides the runs' names.
std::vector<ScoreLine> MakeLines(const formats::TrecQrels& qrels,
                                 std::span<const TrecEvalMeasure> measures,
                                 std::span<const RankingScores> runs, bool shows_queries) {
  std::vector<ScoreLine> lines;
  const auto add = [&](const TrecEvalMeasure& measure, std::string_view query, auto value_of) {
    ScoreLine line = {.measure = measure, .query = query, .values = {}};
    bool has_value = false;
    for (const RankingScores& run : runs) {
      line.values.push_back(value_of(run));
      has_value |= line.values.back().has_value();
    }
    if (has_value) {
      lines.push_back(std::move(line));
    }
  };
  for (std::size_t query = 0; shows_queries && query < qrels.num_queries(); ++query) {
    for (std::size_t i = 0; i < measures.size(); ++i) {
      if (measures[i].has_query_lines) {
        add(measures[i], qrels.query(query), [i, query](const RankingScores& run) {
          const double value = run.values[i][query];
          return std::isnan(value) ? std::nullopt : std::optional(value);
        });
      }
    }
  }
  for (std::size_t i = 0; i < measures.size(); ++i) {
    if (measures[i].content == Content::kNumQueries) {
      add(measures[i], kAllQueries, [](const RankingScores& run) {
        return std::optional(static_cast<double>(run.num_scored));
      });
    } else if (measures[i].content == Content::kScores) {
      add(measures[i], kAllQueries, [&measures, i](const RankingScores& run) {
        return Summarize(measures[i].summary, run.values[i]);
      });
    }
  }
  return lines;
}

// What tells the runs apart: their tags, or the paths when tags are the same.
std::vector<std::string> RunNames(std::span<const RankingScores> runs) {
  std::vector<std::string> names;
  std::set<std::string> distinct;
  for (const RankingScores& run : runs) {
    names.push_back(run.tag);
    distinct.insert(run.tag);
  }
  if (distinct.size() < names.size()) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      names[i] = runs[i].path;
    }
  }
  return names;
}

void AppendNames(std::span<const std::string> names, std::string& text) {
  absl::StrAppendFormat(&text, "%-22s\t%s", "runid", kAllQueries);
  for (const std::string& name : names) {
    absl::StrAppendFormat(&text, "\t%s", name);
  }
  text += '\n';
}

// trec_eval's lines; those of several runs with a column for each, below a line that names them.
std::string TrecText(std::span<const TrecEvalMeasure> measures, std::span<const ScoreLine> lines,
                     std::span<const std::string> names) {
  const bool is_single = names.size() == 1;
  bool names_wanted = false;
  for (const TrecEvalMeasure& measure : measures) {
    names_wanted |= measure.content == Content::kRunId;
  }
  std::string text;
  if (!is_single) {
    AppendNames(names, text);
  }
  bool is_summary = false;
  for (const ScoreLine& line : lines) {
    if (!is_summary && line.query.data() == kAllQueries.data()) {
      is_summary = true;
      if (is_single && names_wanted) {
        AppendNames(names, text);
      }
    }
    absl::StrAppendFormat(&text, "%-22s\t%s", line.measure.name, line.query);
    for (const std::optional<double>& value : line.values) {
      if (!value) {
        text += "\t-";
      } else if (line.measure.is_count) {
        absl::StrAppendFormat(&text, "\t%d", static_cast<std::int64_t>(*value));
      } else {
        absl::StrAppendFormat(&text, "\t%6.4f", *value);
      }
    }
    text += '\n';
  }
  return text;
}

Table ScoreTable(std::span<const ScoreLine> lines, std::span<const std::string> names) {
  std::vector<TableColumn> columns = {{"measure"}, {"query"}};
  for (const std::string& name : names) {
    columns.push_back({name, Align::kRight});
  }
  Table table(std::move(columns));
  for (const ScoreLine& line : lines) {
    std::vector<Cell> cells = {line.measure.name, std::string(line.query)};
    for (const std::optional<double>& value : line.values) {
      std::string text;
      if (value) {
        formats::AppendNumber(*value, text);
      }
      cells.emplace_back(std::move(text));
    }
    table.AddRow(std::move(cells));
  }
  return table;
}

// {"runs": [{"run": PATH, "runid": TAG}], "scores": [{"measure":, "query":, "values": [...]}]},
// values by run, null where there is none.
std::string ScoreJson(std::span<const ScoreLine> lines, std::span<const RankingScores> runs) {
  std::string json = "{\n  \"runs\": [";
  for (std::size_t i = 0; i < runs.size(); ++i) {
    json += i == 0 ? "\n    {\"run\": " : ",\n    {\"run\": ";
    formats::AppendJsonString(runs[i].path, json);
    json += ", \"runid\": ";
    formats::AppendJsonString(runs[i].tag, json);
    json += "}";
  }
  json += "\n  ],\n  \"scores\": [";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    json += i == 0 ? "\n    {\"measure\": " : ",\n    {\"measure\": ";
    formats::AppendJsonString(lines[i].measure.name, json);
    json += ", \"query\": ";
    formats::AppendJsonString(lines[i].query, json);
    json += ", \"values\": [";
    for (std::size_t run = 0; run < lines[i].values.size(); ++run) {
      json += run == 0 ? "" : ", ";
      if (lines[i].values[run]) {
        formats::AppendNumber(*lines[i].values[run], json);
      } else {
        json += "null";
      }
    }
    json += "]}";
  }
  json += "\n  ]\n}\n";
  return json;
}

RankingScope ScopeOf(const RankingScoreOptions& options) {
  RankingScope scope = {.ignores_missing = !options.counts_missing,
                        .ignores_without_relevant = options.ignores_without_relevant,
                        .rounds_scores = options.rounds_scores};
  scope.rules.max_ranked = options.max_ranked;
  scope.rules.keeps_best_duplicate = options.duplicates == "best";
  if (options.ties != "id") {
    scope.rules.ties =
        options.ties == "best" ? JudgingRules::Ties::kBestFirst : JudgingRules::Ties::kWorstFirst;
  }
  return scope;
}

std::string QueriesText(std::int64_t count) {
  return absl::StrFormat("%s %s", CountText(count), count == 1 ? "query" : "queries");
}

// The first of the queries, so that a long list stays readable.
std::string ListQueries(const formats::TrecQrels& qrels, std::span<const std::size_t> queries) {
  constexpr std::size_t kMostShown = 20;
  std::string text;
  for (std::size_t i = 0; i < queries.size() && i < kMostShown; ++i) {
    text += i == 0 ? "" : ", ";
    text += qrels.query(queries[i]);
  }
  if (queries.size() > kMostShown) {
    text += absl::StrFormat(" and %d more", queries.size() - kMostShown);
  }
  return text;
}

// Says what a reader of the numbers of `run` should know.
void WarnOf(const Context& context, const RankingScores& run, const formats::TrecQrels& qrels,
            std::span<const TrecEvalMeasure> measures, const RankingScoreOptions& options) {
  const auto warn = [&](const std::string& what) {
    context.Warn(absl::StrFormat("%s: %s", run.path, what));
  };
  if (!run.missing.empty()) {
    warn(absl::StrFormat("%s with judgements, %s: %s", QueriesText(std::ssize(run.missing)),
                         options.counts_missing
                             ? "missing in the run, scored as without any document"
                             : "missing in the run, left out",
                         ListQueries(qrels, run.missing)));
  }
  if (run.num_unjudged > 0) {
    warn(absl::StrFormat("%s of the run without judgements, ignored",
                         QueriesText(run.num_unjudged)));
  }
  for (const auto& [grade, count] : run.num_without_relevant) {
    if (count > 0) {
      warn(absl::StrFormat("%s without a document of grade %d or more", QueriesText(count), grade));
    }
  }
  for (const auto& [cutoff, count] : run.num_tied) {
    if (count > 0) {
      warn(absl::StrFormat("%s with equal scores across cut-off %d; %s decide there",
                           QueriesText(count), cutoff,
                           options.ties == "id" ? "document ids" : "grades"));
    }
  }
  if (run.num_dropped > 0) {
    warn(
        absl::StrFormat("%s lines passed over: their documents stand elsewhere in the query with a "
                        "score as high",
                        CountText(run.num_dropped)));
  }
  if (run.num_rank_conflicts > 0) {
    warn(absl::StrFormat("the ranks of %s lines disagree with the scores; scores count",
                         CountText(run.num_rank_conflicts)));
  }
  for (std::size_t i = 0; i < measures.size(); ++i) {
    std::int64_t num_undefined = 0;
    for (std::size_t query = 0; query < qrels.num_queries(); ++query) {
      num_undefined += measures[i].content == Content::kScores && run.is_scored[query] &&
                               std::isnan(run.values[i][query])
                           ? 1
                           : 0;
    }
    if (num_undefined > 0) {
      warn(absl::StrFormat("%s is undefined for %s, which its mean leaves out", measures[i].name,
                           QueriesText(num_undefined)));
    }
  }
}

}  // namespace

void AddRankingScoreOptions(CLI::App& score, RankingScoreOptions& options) {
  constexpr const char* kGroup = "Rankings";
  score.add_option("--qrels", options.qrels, "Judgements: QUERY ITERATION DOCUMENT GRADE a line")
      ->option_text("FILE")
      ->group(kGroup);
  score
      .add_option("--run", options.runs,
                  "Rankings: QUERY Q0 DOCUMENT RANK SCORE TAG a line; several stand side by side")
      ->option_text("FILE ...")
      ->group(kGroup);
  score
      .add_option("-m,--measure", options.measures,
                  "Measures, between commas; repeatable. trec_eval's names (map, P.5,10, ndcg_cut, "
                  "official, all_trec) and those of ir_measures (nDCG@10, P(rel=2)@5) [official]")
      ->allow_extra_args(false)
      ->option_text("M,...")
      ->group(kGroup);
  score.add_flag("-q,--per-query", options.shows_queries, "Lines for every query, too")
      ->group(kGroup);
  score
      .add_option("-l,--level", options.minimum_grade,
                  "Lowest grade of a relevant document, where a measure does not say [1]")
      ->check(CLI::Range(1, std::numeric_limits<std::int32_t>::max()))
      ->option_text("GRADE")
      ->group(kGroup);
  score
      .add_option("-M,--max-documents", options.max_ranked,
                  "Only this many documents a query, the best ones")
      ->check(CLI::PositiveNumber)
      ->option_text("N")
      ->group(kGroup);
  score
      .add_flag_callback(
          "-c,--complete", [&options] { options.counts_missing = true; },
          "Average over all judged queries, those that the run lacks as 0: the default")
      ->group(kGroup);
  score
      .add_flag_callback(
          "--ignore-missing", [&options] { options.counts_missing = false; },
          "Average only over the judged queries that the run has, as trec_eval 9 does without -c")
      ->group(kGroup);
  score
      .add_flag("--ignore-without-relevant", options.ignores_without_relevant,
                "Average only over queries that have a relevant document; otherwise they are 0")
      ->group(kGroup);
  score
      .add_option(
          "--ties", options.ties,
          "Order of equal scores: id (descending, as in trec_eval), best or worst, the most "
          "and the least that the ties allow [id]")
      ->check(CLI::IsMember({"id", "best", "worst"}))
      ->option_text("RULE")
      ->group(kGroup);
  score
      .add_option("--duplicates", options.duplicates,
                  "A document twice in a query: refuse, or take its best line [refuse]")
      ->check(CLI::IsMember({"refuse", "best"}))
      ->option_text("RULE")
      ->group(kGroup);
  score
      .add_flag("--float32", options.rounds_scores,
                "Round scores to float32, as trec_eval 9 does: more of them are equal")
      ->group(kGroup);
}

absl::StatusOr<ExitCode> ScoreRankings(const Context& context, const RankingScoreOptions& options) {
  if (options.qrels.empty() || options.runs.empty()) {
    return WithHint(absl::InvalidArgumentError("score needs --qrels FILE and --run FILE"),
                    "see assay score --help");
  }
  const std::vector<std::string> official = {"official"};
  ASSAY_ASSIGN_OR_RETURN(
      const std::vector<TrecEvalMeasure> measures,
      ParseTrecEvalMeasures(options.measures.empty() ? official : options.measures,
                            options.minimum_grade));
  ASSAY_ASSIGN_OR_RETURN(const formats::InputFile qrels_file,
                         formats::InputFile::Open(options.qrels));
  ASSAY_ASSIGN_OR_RETURN(const formats::TrecQrels qrels, formats::TrecQrels::Read(qrels_file));
  const RankingScope scope = ScopeOf(options);
  std::vector<RankingScores> runs;
  for (const std::string& path : options.runs) {
    ASSAY_ASSIGN_OR_RETURN(RankingScores scores, ScoreRun(path, qrels, measures, scope));
    if (scores.num_scored == 0) {
      return absl::InvalidArgumentError(
          absl::StrFormat("%s: no query in common with %s", path, options.qrels));
    }
    runs.push_back(std::move(scores));
  }
  const std::vector<ScoreLine> lines = MakeLines(qrels, measures, runs, options.shows_queries);
  const std::vector<std::string> names = RunNames(runs);
  switch (context.format()) {
    case OutputFormat::kJson:
      context.Print(ScoreJson(lines, runs));
      break;
    case OutputFormat::kCsv:
      context.Print(ScoreTable(lines, names).Csv());
      break;
    case OutputFormat::kMarkdown:
      context.Print(ScoreTable(lines, names).Markdown());
      break;
    default:
      context.Print(TrecText(measures, lines, names));
  }
  for (const RankingScores& run : runs) {
    WarnOf(context, run, qrels, measures, options);
  }
  return ExitCode::kPass;
}

}  // namespace assay::cli
