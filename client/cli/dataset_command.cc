#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/cli/commands.h"
#include "client/cli/export.h"
#include "client/cli/file_options.h"
#include "client/cli/numbers.h"
#include "client/cli/push.h"
#include "client/cli/resource_tables.h"
#include "client/cli/retrieval_rows.h"
#include "client/cpp/client.h"
#include "client/cpp/references.h"
#include "client/cpp/status_macros.h"

namespace assay::cli {
namespace {

constexpr int kMaxShownValues = 20;

struct PushOptions {
  std::string name;
  std::vector<std::string> files;
  FileOptions reading;
  std::string qrels;
  std::string queries;
  std::string documents;
  std::string relevant_by;
  std::string query_rows;
  std::string document_rows;

  // Queries are put together in memory before they go.
  bool JoinsQueries() const {
    return !queries.empty() && (!qrels.empty() || !relevant_by.empty() || !query_rows.empty());
  }
};

struct ListOptions {
  std::string name;
  std::int64_t limit = 50;
};

struct ExportOptions {
  std::string reference;
  std::string format = "jsonl";
  std::vector<std::string> columns;
  bool documents = false;
  bool guards_formulas = false;
};

// The inputs of a push, open.
struct PushInputs {
  std::vector<std::unique_ptr<OpenSource>> rows;  // sent one after the other
  std::unique_ptr<OpenSource> queries;            // chosen from, joined with `judgements`
  std::unique_ptr<OpenSource> judgements;
  std::unique_ptr<OpenSource> documents;

  std::int64_t SizeBytes() const {
    std::int64_t bytes = documents != nullptr ? documents->size_bytes() : 0;
    for (const std::unique_ptr<OpenSource>& source : rows) {
      bytes += source->size_bytes();
    }
    return bytes;
  }
};

absl::StatusOr<RowSource> SourceOf(const PushOptions& options, const std::string& path) {
  return MakeRowSource(options.reading, path);
}

RowSource QrelsSource(const std::string& path) {
  RowSource source;
  source.path = path;
  source.options.format = formats::Format::kTrecQrels;
  return source;
}

absl::Status CheckInputs(const PushOptions& options) {
  ASSAY_RETURN_IF_ERROR(client::CheckResourceId(options.name));
  const bool is_retrieval = !options.qrels.empty() || !options.queries.empty();
  if (is_retrieval && !options.files.empty()) {
    return absl::InvalidArgumentError("give either files of rows, or --queries and --qrels");
  }
  if (!is_retrieval && options.files.empty()) {
    return absl::InvalidArgumentError("nothing to push: give files of rows, or --qrels");
  }
  if (options.queries.empty() && (!options.relevant_by.empty() || !options.query_rows.empty())) {
    return absl::InvalidArgumentError("--relevant-by and --query-rows go with --queries");
  }
  if (!options.relevant_by.empty() && !options.qrels.empty()) {
    return absl::InvalidArgumentError("give either --qrels or --relevant-by");
  }
  const bool has_documents = !options.documents.empty() || !options.document_rows.empty();
  if (!options.relevant_by.empty() && !has_documents) {
    return absl::InvalidArgumentError("--relevant-by needs --documents or --document-rows");
  }
  if (!options.document_rows.empty() && options.documents.empty() && options.queries.empty()) {
    return absl::InvalidArgumentError("--document-rows goes with --documents or --queries");
  }
  return absl::OkStatus();
}

absl::StatusOr<PushInputs> OpenInputs(const PushOptions& options) {
  PushInputs inputs;
  for (const std::string& file : options.files) {
    ASSAY_ASSIGN_OR_RETURN(const RowSource source, SourceOf(options, file));
    ASSAY_ASSIGN_OR_RETURN(inputs.rows.emplace_back(), OpenSource::Open(source));
  }
  if (!options.queries.empty()) {
    ASSAY_ASSIGN_OR_RETURN(const RowSource source, SourceOf(options, options.queries));
    std::unique_ptr<OpenSource>& target =
        options.JoinsQueries() ? inputs.queries : inputs.rows.emplace_back();
    ASSAY_ASSIGN_OR_RETURN(target, OpenSource::Open(source));
  }
  if (!options.qrels.empty()) {
    std::unique_ptr<OpenSource>& target =
        options.queries.empty() ? inputs.rows.emplace_back() : inputs.judgements;
    ASSAY_ASSIGN_OR_RETURN(target, OpenSource::Open(QrelsSource(options.qrels)));
  }
  if (!options.documents.empty()) {
    ASSAY_ASSIGN_OR_RETURN(const RowSource source, MakeRowSource(FileOptions(), options.documents));
    ASSAY_ASSIGN_OR_RETURN(inputs.documents, OpenSource::Open(source));
  } else if (!options.document_rows.empty()) {
    ASSAY_ASSIGN_OR_RETURN(const RowSource source, SourceOf(options, options.queries));
    ASSAY_ASSIGN_OR_RETURN(inputs.documents, OpenSource::Open(source));
  }
  return inputs;
}

absl::StatusOr<v1::CommitUploadResponse> SendInputs(Context& context, const PushOptions& options,
                                                    PushInputs& inputs) {
  v1::BeginUploadRequest request;
  request.set_parent(client::ProjectName(context.project()));
  request.mutable_dataset()->set_dataset(options.name);
  ASSAY_ASSIGN_OR_RETURN(
      const std::unique_ptr<Push> push,
      Push::Begin(context, request, absl::StrFormat("push %s", options.name), inputs.SizeBytes()));
  for (const std::unique_ptr<OpenSource>& source : inputs.rows) {
    ASSAY_RETURN_IF_ERROR(push->AddSource(v1::TABLE_ROWS, *source));
  }
  // Documents that are chosen or compared with queries are read first, and whole.
  std::optional<PlacedRows> documents;
  if (inputs.documents != nullptr &&
      !(options.relevant_by.empty() && options.document_rows.empty())) {
    ASSAY_ASSIGN_OR_RETURN(documents, ReadRows(inputs.documents->reader(), options.document_rows));
  }
  if (inputs.queries != nullptr) {
    ASSAY_ASSIGN_OR_RETURN(PlacedRows queries,
                           ReadRows(inputs.queries->reader(), options.query_rows));
    if (inputs.judgements != nullptr) {
      ASSAY_ASSIGN_OR_RETURN(queries, JoinJudgements(queries, inputs.judgements->reader()));
    } else if (!options.relevant_by.empty()) {
      ASSAY_ASSIGN_OR_RETURN(queries,
                             JudgeByColumn(std::move(queries), *documents, options.relevant_by));
    }
    ASSAY_RETURN_IF_ERROR(push->AddRows(v1::TABLE_ROWS, queries.columns, queries.place));
  }
  if (documents.has_value()) {
    ASSAY_RETURN_IF_ERROR(push->AddRows(v1::TABLE_DOCUMENTS, documents->columns, documents->place));
  } else if (inputs.documents != nullptr) {
    ASSAY_RETURN_IF_ERROR(push->AddSource(v1::TABLE_DOCUMENTS, *inputs.documents));
  }
  return push->Commit();
}

absl::StatusOr<ExitCode> RunPush(Context& context, const PushOptions& options) {
  ASSAY_RETURN_IF_ERROR(CheckInputs(options));
  ASSAY_ASSIGN_OR_RETURN(PushInputs inputs, OpenInputs(options));
  ASSAY_ASSIGN_OR_RETURN(const v1::CommitUploadResponse response,
                         SendInputs(context, options, inputs));
  const v1::DatasetVersion& version = response.dataset_version();
  const std::string reference = client::ShortName(version.name());
  if (context.format() == OutputFormat::kText) {
    std::string line = absl::StrFormat("%s  %s", reference, CountText(version.num_rows(), "row"));
    if (version.num_documents() > 0) {
      line += absl::StrFormat("  %s", CountText(version.num_documents(), "document"));
    }
    context.Print(absl::StrFormat("%s  %s%s\n", line, ShortDigest(version.digest()),
                                  response.already_existed() ? "  (already stored)" : ""));
    return ExitCode::kPass;
  }
  Table table({{"dataset"},
               {"rows", Align::kRight},
               {"documents", Align::kRight},
               {"digest"},
               {"already_existed"}});
  table.AddRow({reference, std::to_string(version.num_rows()),
                std::to_string(version.num_documents()), version.digest(),
                response.already_existed() ? "true" : "false"});
  context.Print(version, table);
  return ExitCode::kPass;
}

absl::StatusOr<ExitCode> ListDatasets(Context& context, client::Client& client,
                                      const ListOptions& options) {
  v1::ListDatasetsRequest request;
  request.set_parent(client::ProjectName(context.project()));
  ASSAY_ASSIGN_OR_RETURN(const v1::ListDatasetsResponse response,
                         client.ListDatasets(request, options.limit));
  Table table({{"DATASET", Align::kLeft, true},
               {"LATEST", Align::kRight},
               {"ROWS", Align::kRight},
               {"DOCUMENTS", Align::kRight},
               {"DIGEST"},
               {"CREATED"}});
  for (const v1::Dataset& dataset : response.datasets()) {
    const v1::DatasetVersion& version = dataset.latest_version();
    table.AddRow({client::ShortName(dataset.name()), std::to_string(version.number()),
                  std::to_string(version.num_rows()), std::to_string(version.num_documents()),
                  ShortDigest(version.digest()), TimeText(version.create_time())});
  }
  context.Print(response, table);
  context.WarnOfMore(response.next_page_token());
  return ExitCode::kPass;
}

absl::StatusOr<ExitCode> ListVersions(Context& context, client::Client& client,
                                      const ListOptions& options) {
  ASSAY_RETURN_IF_ERROR(client::CheckResourceId(options.name));
  v1::ListDatasetVersionsRequest request;
  request.set_parent(
      absl::StrFormat("%s/datasets/%s", client::ProjectName(context.project()), options.name));
  ASSAY_ASSIGN_OR_RETURN(const v1::ListDatasetVersionsResponse response,
                         client.ListDatasetVersions(request, options.limit));
  Table table({{"VERSION", Align::kLeft, true},
               {"ROWS", Align::kRight},
               {"DOCUMENTS", Align::kRight},
               {"DIGEST"},
               {"CREATED"}});
  for (const v1::DatasetVersion& version : response.versions()) {
    table.AddRow({client::ShortName(version.name()), std::to_string(version.num_rows()),
                  std::to_string(version.num_documents()), ShortDigest(version.digest()),
                  TimeText(version.create_time())});
  }
  context.Print(response, table);
  context.WarnOfMore(response.next_page_token());
  return ExitCode::kPass;
}

absl::StatusOr<ExitCode> RunList(Context& context, const ListOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  return options.name.empty() ? ListDatasets(context, *client, options)
                              : ListVersions(context, *client, options);
}

Table CohortsTable(const v1::ListCohortsResponse& cohorts, int max_values) {
  Table table(
      {{"COHORT", Align::kLeft, true}, {"VALUE", Align::kLeft, true}, {"ROWS", Align::kRight}});
  for (const v1::CohortColumn& column : cohorts.cohorts()) {
    const int shown = std::min(column.values_size(), max_values);
    for (int i = 0; i < shown; ++i) {
      table.AddRow(
          {column.name(), column.values(i).value(), std::to_string(column.values(i).num_rows())});
    }
    if (shown < column.values_size()) {
      table.AddRow(
          {column.name(), absl::StrFormat("(%d more values)", column.values_size() - shown), ""});
    }
    if (column.null_count() > 0) {
      table.AddRow({column.name(), "(none)", std::to_string(column.null_count())});
    }
  }
  return table;
}

absl::StatusOr<ExitCode> RunShow(Context& context, const std::string& reference) {
  ASSAY_ASSIGN_OR_RETURN(const std::string name,
                         client::ResolveDatasetVersion(context.project(), reference));
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  v1::GetDatasetVersionRequest request;
  request.set_name(name);
  ASSAY_ASSIGN_OR_RETURN(const v1::DatasetVersion version, client->GetDatasetVersion(request));
  v1::ListCohortsRequest cohorts_request;
  cohorts_request.set_name(version.name());
  ASSAY_ASSIGN_OR_RETURN(const v1::ListCohortsResponse cohorts,
                         client->ListCohorts(cohorts_request));

  const Table columns = ColumnsTable(version.columns());
  switch (context.format()) {
    case OutputFormat::kJson:
      context.Print(JoinedJson(JsonText(version), JsonText(cohorts)));
      return ExitCode::kPass;
    case OutputFormat::kCsv:
      context.Print(columns.Csv());
      return ExitCode::kPass;
    case OutputFormat::kMarkdown:
      context.Print(absl::StrFormat(
          "**%s** %s rows, %s\n\n%s\n%s", MarkdownText(client::ShortName(version.name())),
          CountText(version.num_rows()), version.digest(), columns.Markdown(),
          CohortsTable(cohorts, kMaxShownValues).Markdown()));
      return ExitCode::kPass;
    default:
      break;
  }
  std::string text =
      absl::StrFormat("%s  %s", context.palette()(Ink::kBold, client::ShortName(version.name())),
                      CountText(version.num_rows(), "row"));
  if (version.num_documents() > 0) {
    text += absl::StrFormat("  %s", CountText(version.num_documents(), "document"));
  }
  text += absl::StrFormat("  created %s UTC\n%s\n\n", TimeText(version.create_time()),
                          version.digest());
  text += columns.Text(context.width(), context.palette());
  if (version.document_columns_size() > 0) {
    text += "\nDocuments\n" +
            ColumnsTable(version.document_columns()).Text(context.width(), context.palette());
  }
  if (cohorts.cohorts_size() > 0) {
    text += "\n" + CohortsTable(cohorts, kMaxShownValues).Text(context.width(), context.palette());
  }
  context.PrintReport(std::move(text));
  return ExitCode::kPass;
}

absl::StatusOr<ExitCode> RunExport(Context& context, const ExportOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(const ExportFormat format, ParseExportFormat(options.format));
  ASSAY_ASSIGN_OR_RETURN(const std::string name,
                         client::ResolveDatasetVersion(context.project(), options.reference));
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  v1::GetDatasetVersionRequest version_request;
  version_request.set_name(name);
  ASSAY_ASSIGN_OR_RETURN(const v1::DatasetVersion version,
                         client->GetDatasetVersion(version_request));
  v1::ReadExamplesRequest request;
  request.set_name(version.name());
  request.set_table(options.documents ? v1::TABLE_DOCUMENTS : v1::TABLE_ROWS);
  request.set_max_rows(65'536);
  for (const std::string& column : options.columns) {
    request.add_columns(column);
  }
  ASSAY_RETURN_IF_ERROR(ExportRows(
      context, format, options.documents ? version.num_documents() : version.num_rows(),
      options.guards_formulas, [&](std::int64_t start_row) -> absl::StatusOr<v1::Batch> {
        request.set_start_row(start_row);
        ASSAY_ASSIGN_OR_RETURN(v1::ReadExamplesResponse response, client->ReadExamples(request));
        return std::move(*response.mutable_batch());
      }));
  return ExitCode::kPass;
}

}  // namespace

void AddDatasetCommand(CLI::App& app, Action& action) {
  CLI::App* dataset =
      app.add_subcommand("dataset", "Push, list, show, compare and export datasets");

  auto push_options = std::make_shared<PushOptions>();
  CLI::App* push = dataset->add_subcommand(
      "push",
      "Stores rows from files as a new version of a dataset.\n"
      "Equal content gives the version that is there already. Fields of JSONL: key (required, "
      "unique), label, input, references, relevance, features, cohort.*, others as they are.");
  push->add_option("NAME", push_options->name, "Dataset; made when it does not exist")->required();
  push->add_option("FILE", push_options->files,
                   "JSONL, CSV or TSV, also as .gz; - is standard input");
  AddFileOptions(*push, push_options->reading);
  push->add_option("--qrels", push_options->qrels, "TREC judgements: query, 0, document, grade");
  push->add_option("--queries", push_options->queries,
                   "Rows of a retrieval dataset (key, input, ...), joined with --qrels by key");
  push->add_option("--documents", push_options->documents,
                   "Documents of a retrieval dataset (key, text, ...)");
  push->add_option("--relevant-by", push_options->relevant_by,
                   "Documents with the same text in this column are relevant, with grade 1");
  push->add_option("--query-rows", push_options->query_rows,
                   "Only these rows of --queries: COLUMN=VALUE, several joined by commas");
  push->add_option("--document-rows", push_options->document_rows,
                   "Only these rows of --documents, or without it of --queries");
  push->footer(
      "Example: assay dataset push digits digits.jsonl\n"
      "         assay dataset push faq faq.csv --key id --label intent --cohort lang\n"
      "         assay dataset push robust --qrels qrels.txt\n"
      "         assay dataset push search --queries digits.csv --key row --features p0..p63\n"
      "           --cohort split --relevant-by label --query-rows cohort.split=test\n"
      "           --document-rows cohort.split=train");
  push->callback([push_options, &action] {
    action = [push_options](Context& context) { return RunPush(context, *push_options); };
  });

  auto list_options = std::make_shared<ListOptions>();
  CLI::App* list = dataset->add_subcommand("ls", "Lists datasets, or the versions of one");
  list->add_option("NAME", list_options->name, "Dataset whose versions to list");
  list->add_option("--limit", list_options->limit, "At most this many; 0: all")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  list->footer("Example: assay dataset ls digits");
  list->callback([list_options, &action] {
    action = [list_options](Context& context) { return RunList(context, *list_options); };
  });

  auto show_reference = std::make_shared<std::string>();
  CLI::App* show = dataset->add_subcommand("show", "Shows a version: columns, cohorts, digest");
  show->add_option("REF", *show_reference, "digits, digits@3 or digits@sha256:1f3a")->required();
  show->footer("Example: assay dataset show digits@1");
  show->callback([show_reference, &action] {
    action = [show_reference](Context& context) { return RunShow(context, *show_reference); };
  });

  auto export_options = std::make_shared<ExportOptions>();
  CLI::App* exporting = dataset->add_subcommand("export", "Writes the rows of a version");
  exporting->add_option("REF", export_options->reference, "digits, digits@3, ...")->required();
  exporting->add_option("--format", export_options->format, "jsonl, csv or npy (one column)")
      ->capture_default_str();
  exporting->add_option("--column", export_options->columns, "Only this column; repeatable")
      ->allow_extra_args(false);
  exporting->add_flag("--documents", export_options->documents, "Documents instead of rows");
  exporting->add_flag("--guard-formulas", export_options->guards_formulas,
                      "CSV for a spreadsheet: an apostrophe before what would run as a formula");
  exporting->footer("Example: assay dataset export digits@1 --format csv > digits.csv");
  exporting->callback([export_options, &action] {
    action = {[export_options](Context& context) { return RunExport(context, *export_options); },
              kTextFormat};
  });

  AddDatasetDiffCommand(*dataset, action);
}

}  // namespace assay::cli
