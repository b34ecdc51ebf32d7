#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/cli/commands.h"
#include "client/cli/dataset_diff.h"
#include "client/cli/numbers.h"
#include "client/cpp/batch_codec.h"
#include "client/cpp/client.h"
#include "client/cpp/references.h"
#include "client/cpp/status_macros.h"
#include "client/formats/json_text.h"

namespace assay::cli {
namespace {

constexpr std::string_view kKey = "key";

struct DiffOptions {
  std::string before;
  std::string after;
  std::int64_t limit = 20;
};

// Two versions and how their columns compare.
struct Versions {
  v1::DatasetVersion before;
  v1::DatasetVersion after;
  std::vector<std::string> shared;  // equal name and type, without the key
  std::vector<std::string> added;   // of another type count as removed and added
  std::vector<std::string> removed;
};

absl::StatusOr<v1::DatasetVersion> GetVersion(const Context& context, client::Client& client,
                                              const std::string& reference) {
  v1::GetDatasetVersionRequest request;
  ASSAY_ASSIGN_OR_RETURN(*request.mutable_name(),
                         client::ResolveDatasetVersion(context.project(), reference));
  return client.GetDatasetVersion(request);
}

std::vector<std::pair<std::string, int>> RowColumns(const v1::DatasetVersion& version) {
  std::vector<std::pair<std::string, int>> columns;
  for (const v1::ColumnInfo& column : version.columns()) {
    if (column.name() != kKey) {
      columns.emplace_back(column.name(), static_cast<int>(column.type()));
    }
  }
  return columns;
}

Versions CompareColumns(v1::DatasetVersion before, v1::DatasetVersion after) {
  Versions versions{std::move(before), std::move(after), {}, {}, {}};
  const auto ours = RowColumns(versions.before);
  const auto theirs = RowColumns(versions.after);
  const auto has = [](const auto& columns, const auto& column) {
    return std::find(columns.begin(), columns.end(), column) != columns.end();
  };
  for (const auto& column : ours) {
    (has(theirs, column) ? versions.shared : versions.removed).push_back(column.first);
  }
  for (const auto& column : theirs) {
    if (!has(ours, column)) {
      versions.added.push_back(column.first);
    }
  }
  return versions;
}

template <typename Take>
absl::Status ReadRows(client::Client& client, const v1::DatasetVersion& version,
                      const std::vector<std::string>& columns, const Take& take) {
  v1::ReadExamplesRequest request;
  request.set_name(version.name());
  request.set_table(v1::TABLE_ROWS);
  request.add_columns(std::string(kKey));
  for (const std::string& column : columns) {
    request.add_columns(column);
  }
  request.set_max_rows(std::numeric_limits<std::int32_t>::max());
  for (std::int64_t row = 0; row < version.num_rows();) {
    request.set_start_row(row);
    ASSAY_ASSIGN_OR_RETURN(const v1::ReadExamplesResponse response, client.ReadExamples(request));
    if (response.batch().num_rows() == 0) {
      return absl::InternalError(
          absl::StrFormat("the server gave %d of %d rows", row, version.num_rows()));
    }
    ASSAY_ASSIGN_OR_RETURN(const std::vector<Column> batch, client::DecodeBatch(response.batch()));
    ASSAY_RETURN_IF_ERROR(take(batch));
    row += response.batch().num_rows();
  }
  return absl::OkStatus();
}

absl::StatusOr<DatasetDiff> CompareRows(client::Client& client, const Versions& versions,
                                        std::size_t max_rows) {
  DatasetDiff diff;
  if (versions.before.digest() == versions.after.digest()) {
    diff.num_equal = versions.before.num_rows();
    diff.num_changed_by_column.resize(versions.shared.size());
    return diff;
  }
  DatasetDiffer differ(versions.shared, max_rows);
  ASSAY_RETURN_IF_ERROR(
      ReadRows(client, versions.before, versions.shared,
               [&](const std::vector<Column>& batch) { return differ.AddBefore(batch); }));
  ASSAY_RETURN_IF_ERROR(
      ReadRows(client, versions.after, versions.shared,
               [&](const std::vector<Column>& batch) { return differ.AddAfter(batch); }));
  return differ.Finish();
}

Table RowsTable(const DatasetDiff& diff) {
  Table table({{"CHANGE"}, {"KEY", Align::kLeft, true}, {"COLUMNS", Align::kLeft, true}});
  for (const DatasetDiff::Row& row : diff.rows) {
    table.AddRow({std::string(KindText(row.kind)), row.key, absl::StrJoin(row.columns, ", ")});
  }
  return table;
}

std::string CountsText(const Versions& versions, const DatasetDiff& diff) {
  return absl::StrFormat("%s -> %s  %s equal, %s changed, %s added, %s removed",
                         client::ShortName(versions.before.name()),
                         client::ShortName(versions.after.name()), CountText(diff.num_equal),
                         CountText(diff.num_changed), CountText(diff.num_added),
                         CountText(diff.num_removed));
}

// Lines about columns, each with its end.
std::string ColumnsText(const Versions& versions, const DatasetDiff& diff) {
  std::string text;
  const auto append = [&text](std::string_view what, const std::vector<std::string>& names) {
    if (!names.empty()) {
      text += absl::StrFormat("columns %s: %s\n", what, absl::StrJoin(names, ", "));
    }
  };
  append("removed", versions.removed);
  append("added", versions.added);
  std::vector<std::string> changed;
  for (std::size_t i = 0; i < versions.shared.size(); ++i) {
    if (const std::int64_t count = diff.num_changed_by_column[i]; count > 0) {
      changed.push_back(absl::StrFormat("%s (%s rows)", versions.shared[i], CountText(count)));
    }
  }
  append("changed", changed);
  return text;
}

std::string DiffJson(const Versions& versions, const DatasetDiff& diff) {
  std::string json = "{\"before\":";
  const auto append_list = [&json](const std::vector<std::string>& texts) {
    json += '[';
    for (std::size_t i = 0; i < texts.size(); ++i) {
      json += i > 0 ? "," : "";
      formats::AppendJsonString(texts[i], json);
    }
    json += ']';
  };
  formats::AppendJsonString(versions.before.name(), json);
  json += ",\"after\":";
  formats::AppendJsonString(versions.after.name(), json);
  json += absl::StrFormat(
      ",\"num_equal\":%d,\"num_changed\":%d,\"num_added\":%d,\"num_removed\":%d,"
      "\"columns_removed\":",
      diff.num_equal, diff.num_changed, diff.num_added, diff.num_removed);
  append_list(versions.removed);
  json += ",\"columns_added\":";
  append_list(versions.added);
  json += ",\"columns_changed\":{";
  std::string_view separator;
  for (std::size_t i = 0; i < versions.shared.size(); ++i) {
    if (diff.num_changed_by_column[i] > 0) {
      json += separator;
      formats::AppendJsonString(versions.shared[i], json);
      json += absl::StrFormat(":%d", diff.num_changed_by_column[i]);
      separator = ",";
    }
  }
  json += "},\"rows\":[";
  separator = "";
  for (const DatasetDiff::Row& row : diff.rows) {
    json += absl::StrFormat("%s{\"key\":", separator);
    formats::AppendJsonString(row.key, json);
    json += absl::StrFormat(",\"change\":\"%s\",\"columns\":", KindText(row.kind));
    append_list(row.columns);
    json += '}';
    separator = ",";
  }
  json += "]}\n";
  return json;
}

absl::StatusOr<ExitCode> RunDiff(Context& context, const DiffOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  ASSAY_ASSIGN_OR_RETURN(v1::DatasetVersion before, GetVersion(context, *client, options.before));
  ASSAY_ASSIGN_OR_RETURN(v1::DatasetVersion after, GetVersion(context, *client, options.after));
  const Versions versions = CompareColumns(std::move(before), std::move(after));
  ASSAY_ASSIGN_OR_RETURN(const DatasetDiff diff,
                         CompareRows(*client, versions,
                                     options.limit == 0 ? std::numeric_limits<std::size_t>::max()
                                                        : static_cast<std::size_t>(options.limit)));
  const Table rows = RowsTable(diff);
  switch (context.format()) {
    case OutputFormat::kJson:
      context.Print(DiffJson(versions, diff));
      return ExitCode::kPass;
    case OutputFormat::kCsv:
      context.Print(rows.Csv());
      return ExitCode::kPass;
    case OutputFormat::kMarkdown:
      context.Print(absl::StrFormat("%s\n\n%s\n%s", MarkdownText(CountsText(versions, diff)),
                                    MarkdownText(ColumnsText(versions, diff)), rows.Markdown()));
      return ExitCode::kPass;
    default:
      break;
  }
  std::string text = CountsText(versions, diff) + "\n" + ColumnsText(versions, diff);
  if (rows.num_rows() > 0) {
    text += "\n" + rows.Text(context.width(), context.palette());
  }
  const std::int64_t num_different = diff.num_changed + diff.num_added + diff.num_removed;
  if (const auto num_shown = static_cast<std::int64_t>(rows.num_rows());
      num_shown < num_different) {
    text += absl::StrFormat("%s more; --limit 0 lists all\n", CountText(num_different - num_shown));
  }
  context.PrintReport(std::move(text));
  return ExitCode::kPass;
}

}  // namespace

void AddDatasetDiffCommand(CLI::App& dataset, Action& action) {
  auto options = std::make_shared<DiffOptions>();
  CLI::App* diff = dataset.add_subcommand(
      "diff",
      "Says which examples two versions do not share, by key, and which columns differ.\n"
      "Documents of retrieval datasets are not compared.");
  diff->add_option("BEFORE", options->before, "digits@1")->required();
  diff->add_option("AFTER", options->after, "digits@2, or digits for the newest")->required();
  diff->add_option("--limit", options->limit, "List at most this many rows; 0: all")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  diff->footer("Example: assay dataset diff digits@1 digits@2");
  diff->callback([options, &action] {
    action = [options](Context& context) { return RunDiff(context, *options); };
  });
}

}  // namespace assay::cli
