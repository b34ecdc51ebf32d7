#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/cli/commands.h"
#include "client/cli/numbers.h"
#include "client/cli/page.h"
#include "client/cli/row_traces.h"
#include "client/cpp/client.h"
#include "client/cpp/references.h"
#include "client/cpp/status_macros.h"

namespace assay::cli {
namespace {

struct RowsOptions {
  std::string comparison;
  std::string bucket;
  std::string cohort;
  std::string metric;
  std::int64_t limit = 20;
};

struct BucketWord {
  const char* word;
  v1::RowBucket bucket;
};
constexpr BucketWord kBuckets[] = {
    {"broken", v1::ROW_BUCKET_BROKEN},         {"fixed", v1::ROW_BUCKET_FIXED},
    {"both-wrong", v1::ROW_BUCKET_BOTH_WRONG}, {"both-right", v1::ROW_BUCKET_BOTH_RIGHT},
    {"unpaired", v1::ROW_BUCKET_UNPAIRED},     {"changed", v1::ROW_BUCKET_CHANGED},
};

absl::StatusOr<v1::RowBucket> ParseBucket(const std::string& word) {
  if (word.empty()) {
    return v1::ROW_BUCKET_UNSPECIFIED;
  }
  for (const BucketWord& bucket : kBuckets) {
    if (word == bucket.word) {
      return bucket.bucket;
    }
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "--show is broken, fixed, both-wrong, both-right, unpaired or changed, not '%s'", word));
}

std::string WordOf(v1::RowBucket bucket) {
  for (const BucketWord& known : kBuckets) {
    if (bucket == known.bucket) {
      return known.word;
    }
  }
  return "";
}

std::string Score(bool is_present, double score, bool is_exact) {
  if (!is_present) {
    return is_exact ? "" : "-";
  }
  return is_exact ? absl::StrFormat("%.17g", score) : NumberText(score);
}

// A column of the table for a terminal.
struct TextColumn {
  const char* title;
  const std::string& (v1::ComparisonRow::*value)() const;
};
constexpr TextColumn kTextColumns[] = {
    {"EXPECTED BEFORE", &v1::ComparisonRow::baseline_expected},
    {"EXPECTED", &v1::ComparisonRow::expected},
    {"BASELINE", &v1::ComparisonRow::baseline_output},
    {"CANDIDATE", &v1::ComparisonRow::candidate_output},
    {"INPUT BEFORE", &v1::ComparisonRow::baseline_input},
    {"INPUT", &v1::ComparisonRow::input},
    {"TRACE", &v1::ComparisonRow::candidate_trace_id},
};

// `fresh`, or `flaky 4 of 10`: in how many of the last comparisons on this dataset the row flipped.
std::string MemoryText(const v1::ComparisonRow& row) {
  return row.num_recent_flips() == 0 ? std::string("fresh")
                                     : absl::StrFormat("flaky %d of %d", row.num_recent_flips(),
                                                       row.num_recent_comparisons());
}

// For a terminal: what tells the rows apart, shortened to fit. Columns without any text are left
// out.
Table ShortTable(const v1::ListComparisonRowsResponse& response) {
  std::vector<TableColumn> columns = {{"KEY", Align::kLeft, true},
                                      {"CHANGE", Align::kLeft},
                                      {"BEFORE", Align::kRight},
                                      {"AFTER", Align::kRight}};
  const bool has_memory =
      std::any_of(response.rows().begin(), response.rows().end(),
                  [](const v1::ComparisonRow& row) { return row.num_recent_comparisons() > 0; });
  if (has_memory) {
    columns.push_back({"LATELY", Align::kLeft});
  }
  std::vector<TextColumn> shown;
  for (const TextColumn& column : kTextColumns) {
    const auto has_text = [&column](const v1::ComparisonRow& row) {
      return !(row.*column.value)().empty();
    };
    if (std::any_of(response.rows().begin(), response.rows().end(), has_text)) {
      shown.push_back(column);
      columns.push_back({column.title, Align::kLeft, true});
    }
  }
  Table table(std::move(columns));
  for (const v1::ComparisonRow& row : response.rows()) {
    std::vector<Cell> cells = {row.key(), WordOf(row.bucket()),
                               Score(row.has_baseline_score(), row.baseline_score(), false),
                               Score(row.has_candidate_score(), row.candidate_score(), false)};
    if (has_memory) {
      cells.emplace_back(MemoryText(row));
    }
    for (const TextColumn& column : shown) {
      cells.emplace_back((row.*column.value)());
    }
    table.AddRow(std::move(cells));
  }
  return table;
}

// The address of a trace; empty without one.
std::string TraceUrl(const std::string& site, const std::string& comparison,
                     const std::string& trace_id) {
  return trace_id.empty() || site.empty() ? "" : TraceAddress(site, comparison, trace_id);
}

// For programs: everything.
Table FullTable(const v1::ListComparisonRowsResponse& response, const std::string& comparison,
                const std::string& site) {
  Table table({{"row"},
               {"key"},
               {"bucket"},
               {"baseline_score"},
               {"candidate_score"},
               {"expected"},
               {"baseline_output"},
               {"candidate_output"},
               {"input"},
               {"cohorts"},
               {"baseline_trace_id"},
               {"candidate_trace_id"},
               {"num_recent_flips"},
               {"num_recent_comparisons"},
               {"baseline_trace_url"},
               {"candidate_trace_url"},
               {"baseline_expected"},
               {"baseline_input"}});
  for (const v1::ComparisonRow& row : response.rows()) {
    std::string cohorts;
    for (const std::string& cohort : row.cohorts()) {
      cohorts += (cohorts.empty() ? "" : "; ") + cohort;
    }
    table.AddRow({std::to_string(row.row()), row.key(), WordOf(row.bucket()),
                  Score(row.has_baseline_score(), row.baseline_score(), true),
                  Score(row.has_candidate_score(), row.candidate_score(), true), row.expected(),
                  row.baseline_output(), row.candidate_output(), row.input(), cohorts,
                  row.baseline_trace_id(), row.candidate_trace_id(),
                  std::to_string(row.num_recent_flips()),
                  std::to_string(row.num_recent_comparisons()),
                  TraceUrl(site, comparison, row.baseline_trace_id()),
                  TraceUrl(site, comparison, row.candidate_trace_id()), row.baseline_expected(),
                  row.baseline_input()});
  }
  return table;
}

// Below the table for a terminal, which has no room for addresses.
void PrintTraces(const Context& context, const v1::ListComparisonRowsResponse& response,
                 const std::string& comparison, const std::string& site) {
  constexpr int kMaxRows = 10;
  const Table table = RowTracesTable(response, comparison, site, kMaxRows);
  if (table.num_rows() > 0) {
    context.PrintReport("\n" + table.Text(context.width(), context.palette()));
  }
}

absl::StatusOr<ExitCode> RunRows(Context& context, const RowsOptions& options) {
  v1::ListComparisonRowsRequest request;
  ASSAY_ASSIGN_OR_RETURN(*request.mutable_name(),
                         client::ResolveComparison(context.project(), options.comparison));
  ASSAY_ASSIGN_OR_RETURN(const v1::RowBucket bucket, ParseBucket(options.bucket));
  request.set_bucket(bucket);
  request.set_cohort(options.cohort);
  request.set_metric(options.metric);
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  ASSAY_ASSIGN_OR_RETURN(const v1::ListComparisonRowsResponse response,
                         client->ListComparisonRows(request, options.limit));
  const bool is_text = context.format() == OutputFormat::kText;
  if (response.fairness() != v1::Comparison::CLEAN) {
    context.Warn(response.fairness() == v1::Comparison::CONFOUNDED
                     ? "CONFOUNDED: the sides of this comparison differ in more than the model"
                     : "UNPROVEN: the claim of this comparison is not proven");
  }
  const std::string site = SiteOf(context);
  context.Print(response,
                is_text ? ShortTable(response) : FullTable(response, request.name(), site));
  if (is_text) {
    PrintTraces(context, response, request.name(), site);
    context.Print(absl::StrFormat("\n%d of %s rows%s by %s, worst first\n", response.rows_size(),
                                  CountText(response.total_rows()),
                                  options.bucket.empty() ? "" : " " + options.bucket,
                                  response.metric()));
  } else if (context.format() != OutputFormat::kJson &&
             response.rows_size() < response.total_rows()) {
    context.Warn(absl::StrFormat("%d of %s rows; --limit 0 gives all", response.rows_size(),
                                 CountText(response.total_rows())));
  }
  return ExitCode::kPass;
}

}  // namespace

void AddRowsCommand(CLI::App& app, Action& action) {
  auto options = std::make_shared<RowsOptions>();
  CLI::App* rows = app.add_subcommand("rows", "Shows single rows of a comparison, worst first");
  rows->add_option("COMPARISON", options->comparison, "Its id, as 14")->required();
  rows->add_option("--show", options->bucket,
                   "broken, fixed, both-wrong, both-right, unpaired, or changed (another example "
                   "under the same key); all otherwise");
  rows->add_option("--cohort", options->cohort, "Only this cohort, COLUMN=VALUE");
  rows->add_option("--metric", options->metric,
                   "Metric to judge by; the one of the report otherwise");
  rows->add_option("--limit", options->limit, "At most this many; 0: all")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  rows->footer("Example: assay rows 14 --show broken --cohort digit=8");
  rows->callback([options, &action] {
    action =
        Action([options](Context& context) { return RunRows(context, *options); }, kRowFormats);
  });
}

}  // namespace assay::cli
