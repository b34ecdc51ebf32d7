#include "client/cli/score_labels.h"

#include <CLI/CLI.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "assay/v1/run_service.pb.h"
#include "client/cli/metric_message.h"
#include "client/cli/numbers.h"
#include "client/cli/push.h"
#include "client/cli/result_table_text.h"
#include "client/cli/table.h"
#include "client/cpp/batch_codec.h"
#include "client/cpp/status_macros.h"
#include "evaluators/registry.h"

namespace assay::cli {
namespace {

constexpr char kDefaultMeasures[] = "accuracy,macro_f1,micro_f1,weighted_f1,balanced_accuracy,mcc";
constexpr std::int64_t kRowsAtOnce = 65'536;

// All rows of a file.
struct LoadedRows {
  std::string path;
  std::unique_ptr<OpenSource> source;  // for the places of rows
  std::int64_t num_rows = 0;
  std::vector<Column> columns;

  const Column* Find(std::string_view name) const {
    for (const Column& column : columns) {
      if (column.name == name) {
        return &column;
      }
    }
    return nullptr;
  }
};

absl::StatusOr<LoadedRows> Load(const std::string& path) {
  LoadedRows rows;
  rows.path = path;
  RowSource source;
  source.path = path;
  source.options.requires_key = false;
  ASSAY_ASSIGN_OR_RETURN(rows.source, OpenSource::Open(source));
  for (;;) {
    ASSAY_ASSIGN_OR_RETURN(std::optional<formats::Rows> batch,
                           rows.source->reader().Next(kRowsAtOnce));
    if (!batch) {
      return rows;
    }
    rows.num_rows += batch->num_rows;
    if (rows.columns.empty()) {
      rows.columns = std::move(batch->columns);
      continue;
    }
    for (std::size_t i = 0; i < rows.columns.size(); ++i) {
      Append(rows.columns[i], batch->columns[i]);
    }
  }
}

// Which prediction answers each label, -1 for none.
struct Match {
  bool is_by_key = false;
  std::vector<std::int64_t> prediction_of;
  std::int64_t num_missing = 0;
};

absl::StatusOr<absl::flat_hash_map<std::string_view, std::int64_t>> RowsByKey(
    const LoadedRows& rows) {
  const Column& keys = *rows.Find("key");
  absl::flat_hash_map<std::string_view, std::int64_t> row_of;
  for (std::int64_t row = 0; row < rows.num_rows; ++row) {
    if (!keys.IsValid(row)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("%s: field 'key': missing", rows.source->reader().PlaceOfRow(row)));
    }
    if (!row_of.emplace(keys.Text(row), row).second) {
      return absl::InvalidArgumentError(absl::StrFormat("%s: field 'key': '%s' is there twice",
                                                        rows.source->reader().PlaceOfRow(row),
                                                        keys.Text(row)));
    }
  }
  return row_of;
}

absl::StatusOr<Match> MatchByKey(const LoadedRows& labels, const LoadedRows& predictions) {
  using RowOfKey = absl::flat_hash_map<std::string_view, std::int64_t>;
  ASSAY_ASSIGN_OR_RETURN(const RowOfKey label_of, RowsByKey(labels));
  ASSAY_ASSIGN_OR_RETURN(const RowOfKey prediction_of, RowsByKey(predictions));
  const Column& predicted_keys = *predictions.Find("key");
  for (std::int64_t row = 0; row < predictions.num_rows; ++row) {
    if (!label_of.contains(predicted_keys.Text(row))) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "%s: field 'key': '%s' is not in %s", predictions.source->reader().PlaceOfRow(row),
          predicted_keys.Text(row), labels.path));
    }
  }
  Match match;
  match.is_by_key = true;
  const Column& keys = *labels.Find("key");
  for (std::int64_t row = 0; row < labels.num_rows; ++row) {
    const auto found = prediction_of.find(keys.Text(row));
    match.prediction_of.push_back(found == prediction_of.end() ? -1 : found->second);
    match.num_missing += found == prediction_of.end() ? 1 : 0;
  }
  return match;
}

absl::StatusOr<Match> MatchRows(const LoadedRows& labels, const LoadedRows& predictions) {
  const bool labels_have_keys = labels.Find("key") != nullptr;
  const bool predictions_have_keys = predictions.Find("key") != nullptr;
  if (labels_have_keys && predictions_have_keys) {
    return MatchByKey(labels, predictions);
  }
  if (labels_have_keys != predictions_have_keys) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s has a 'key' and %s has none: give both one, or neither",
                        labels_have_keys ? labels.path : predictions.path,
                        labels_have_keys ? predictions.path : labels.path));
  }
  if (labels.num_rows != predictions.num_rows) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s has %d rows and %s has %d: without a 'key' rows match by order",
                        labels.path, labels.num_rows, predictions.path, predictions.num_rows));
  }
  Match match;
  match.prediction_of.resize(static_cast<std::size_t>(labels.num_rows));
  std::iota(match.prediction_of.begin(), match.prediction_of.end(), 0);
  return match;
}

// Columns of labels and predictions, row by row beside each other, by name.
struct MatchedRows {
  std::int64_t num_rows = 0;
  std::map<std::string, Column, std::less<>> examples;
  std::map<std::string, Column, std::less<>> outputs;
};

MatchedRows Gathered(const LoadedRows& labels, const LoadedRows& predictions, const Match& match) {
  std::vector<std::int64_t> label_rows;
  std::vector<std::int64_t> prediction_rows;
  for (std::size_t row = 0; row < match.prediction_of.size(); ++row) {
    if (match.prediction_of[row] >= 0) {
      label_rows.push_back(static_cast<std::int64_t>(row));
      prediction_rows.push_back(match.prediction_of[row]);
    }
  }
  MatchedRows rows;
  rows.num_rows = std::ssize(label_rows);
  for (const Column& column : labels.columns) {
    rows.examples.emplace(column.name, Gather(column, label_rows));
  }
  for (const Column& column : predictions.columns) {
    rows.outputs.emplace(column.name, Gather(column, prediction_rows));
  }
  return rows;
}

using Columns = std::map<std::string, Column, std::less<>>;

std::function<const Column*(std::string_view)> Finder(const Columns& columns) {
  return [&columns](std::string_view name) {
    const auto found = columns.find(name);
    return found == columns.end() ? nullptr : &found->second;
  };
}

ColumnTypes TypesOf(const MatchedRows& rows) {
  const auto type_in = [](const Columns& columns) {
    return [find = Finder(columns)](std::string_view name) -> std::optional<ColumnType> {
      const Column* const column = find(name);
      return column == nullptr ? std::nullopt : std::optional(column->type);
    };
  };
  ColumnTypes types;
  types.example = type_in(rows.examples);
  types.output = type_in(rows.outputs);
  const auto dimension_in = [](const Columns& columns) {
    return [find = Finder(columns)](std::string_view name) {
      const Column* const column = find(name);
      return column == nullptr ? 0 : column->dimension;
    };
  };
  types.example_dimension = dimension_in(rows.examples);
  types.output_dimension = dimension_in(rows.outputs);
  return types;
}

void AddSummary(const MetricDescriptor& metric, std::optional<double> value,
                std::int64_t num_defined, std::int64_t num_undefined, v1::Run& run) {
  AddMetric(metric, run);
  v1::Summary& summary = *run.add_summaries();
  summary.set_metric(metric.id);
  summary.set_num_rows(num_defined);
  summary.set_num_undefined(num_undefined);
  if (value) {
    summary.set_value(*value);
  }
}

absl::Status Evaluate(const Evaluator& evaluator, const MatchedRows& rows, v1::Run& run,
                      std::vector<ResultTable>& tables) {
  const EvaluationBatch batch = {
      .num_rows = rows.num_rows, .example = Finder(rows.examples), .output = Finder(rows.outputs)};
  std::size_t num_row_metrics = 0;
  for (const MetricDescriptor& metric : evaluator.metrics()) {
    num_row_metrics += metric.kind == MetricKind::kCorpus ? 0 : 1;
  }
  std::vector<ScoreColumn> scores(num_row_metrics);
  ASSAY_RETURN_IF_ERROR(evaluator.Score(batch, scores));
  std::vector<std::optional<double>> corpus;
  if (const std::unique_ptr<CorpusState> state = evaluator.NewCorpusState()) {
    std::vector<std::int64_t> all(static_cast<std::size_t>(rows.num_rows));
    std::iota(all.begin(), all.end(), 0);
    state->Add(batch, all);
    corpus = state->Values();
    tables = state->Tables();
  }
  for (std::size_t i = 0; i < evaluator.metrics().size(); ++i) {
    const MetricDescriptor& metric = evaluator.metrics()[i];
    if (i >= num_row_metrics) {
      AddSummary(metric, corpus[i - num_row_metrics], rows.num_rows, 0, run);
      continue;
    }
    double sum = 0;
    std::int64_t num_defined = 0;
    for (std::size_t row = 0; row < scores[i].values.size(); ++row) {
      sum += scores[i].values[row];
      num_defined += scores[i].is_defined[row];
    }
    AddSummary(
        metric,
        num_defined == 0 ? std::nullopt : std::optional(sum / static_cast<double>(num_defined)),
        num_defined, rows.num_rows - num_defined, run);
  }
  for (const auto& [fact, count] : evaluator.Counts(batch)) {
    run.add_notes(absl::StrFormat("%d %s", count, fact));
  }
  return absl::OkStatus();
}

void Print(const Context& context, const v1::Run& run, const std::vector<ResultTable>& tables) {
  Table table({{"METRIC", Align::kLeft, true},
               {"VALUE", Align::kRight},
               {"ROWS", Align::kRight},
               {"UNDEFINED", Align::kRight}});
  for (int i = 0; i < run.summaries_size(); ++i) {
    const v1::Summary& summary = run.summaries(i);
    const MetricStyle style(run.metrics(i).kind() == v1::METRIC_KIND_BINARY_MEAN,
                            run.metrics(i).unit());
    table.AddRow({summary.metric(),
                  style.Value(summary.has_value() ? std::optional(summary.value()) : std::nullopt),
                  CountText(summary.num_rows()), CountText(summary.num_undefined())});
  }
  if (context.format() != OutputFormat::kText) {
    context.Print(run, table);
    return;
  }
  std::string text = table.Text(context.width(), context.palette());
  for (const ResultTable& result : tables) {
    text += "\n" + ResultTableText(result, context.width(), context.palette());
  }
  for (const std::string& note : run.notes()) {
    text += absl::StrFormat("note: %s\n", note);
  }
  context.PrintReport(std::move(text));
}

}  // namespace

void AddLabelScoreOptions(CLI::App& score, LabelScoreOptions& options) {
  constexpr const char* kGroup = "Labels";
  score
      .add_option("--labels", options.labels,
                  "Examples with label or references, JSONL or CSV; -m takes the options of "
                  "ground_truth_match then")
      ->option_text("FILE")
      ->group(kGroup);
  score
      .add_option("--predictions", options.predictions,
                  "Outputs with label, text, probabilities or logits; matched by key where both "
                  "have one, else by order")
      ->option_text("FILE")
      ->group(kGroup);
}

absl::StatusOr<ExitCode> ScoreLabels(const Context& context, const LabelScoreOptions& options,
                                     const std::vector<std::string>& measures) {
  if (options.labels.empty() || options.predictions.empty()) {
    return absl::InvalidArgumentError("--labels and --predictions go together");
  }
  ASSAY_ASSIGN_OR_RETURN(const LoadedRows labels, Load(options.labels));
  ASSAY_ASSIGN_OR_RETURN(const LoadedRows predictions, Load(options.predictions));
  ASSAY_ASSIGN_OR_RETURN(const Match match, MatchRows(labels, predictions));
  const MatchedRows rows = Gathered(labels, predictions, match);
  const std::string spec = absl::StrFormat(
      "ground_truth_match:%s", measures.empty() ? kDefaultMeasures : absl::StrJoin(measures, ","));
  ASSAY_ASSIGN_OR_RETURN(const std::unique_ptr<const Evaluator> evaluator, MakeEvaluator(spec));
  ASSAY_RETURN_IF_ERROR(evaluator->Check(TypesOf(rows)));
  v1::Run run;
  run.add_evaluators(evaluator->spec());
  run.set_num_rows(labels.num_rows);
  run.set_num_scored(rows.num_rows);
  run.set_num_missing(match.num_missing);
  run.add_notes(match.is_by_key ? "rows matched by key" : "rows matched by order: there is no key");
  if (match.num_missing > 0) {
    run.add_notes(absl::StrFormat("%d of %d examples without a prediction are left out",
                                  match.num_missing, labels.num_rows));
  }
  std::vector<ResultTable> tables;
  ASSAY_RETURN_IF_ERROR(Evaluate(*evaluator, rows, run, tables));
  for (const ResultTable& table : tables) {
    v1::ResultTable& added = *run.add_tables();
    added.set_name(table.name);
    added.set_description(table.description);
    client::EncodeBatch(table.columns, *added.mutable_batch());
  }
  Print(context, run, tables);
  return ExitCode::kPass;
}

}  // namespace assay::cli
