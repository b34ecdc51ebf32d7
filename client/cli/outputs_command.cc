#include <CLI/CLI.hpp>
#include <memory>
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
#include "client/cpp/client.h"
#include "client/cpp/references.h"
#include "client/cpp/status_macros.h"

namespace assay::cli {
namespace {

struct PushOptions {
  std::string model;
  std::string dataset;
  std::vector<std::string> files;
  std::string machine;
  FileOptions reading;
};

struct ListOptions {
  std::string model;
  std::string dataset;
  std::int64_t limit = 50;
};

struct ExportOptions {
  std::string id;
  std::string format = "jsonl";
  std::vector<std::string> columns;
  bool guards_formulas = false;
};

absl::StatusOr<v1::CommitUploadResponse> Send(Context& context, const PushOptions& options) {
  v1::BeginUploadRequest request;
  request.set_parent(client::ProjectName(context.project()));
  v1::BeginUploadRequest::OutputSetTarget& target = *request.mutable_output_set();
  ASSAY_ASSIGN_OR_RETURN(*target.mutable_dataset_version(),
                         client::ResolveDatasetVersion(context.project(), options.dataset));
  ASSAY_ASSIGN_OR_RETURN(*target.mutable_model_version(),
                         client::ResolveModelVersion(context.project(), options.model));
  target.set_machine(options.machine);

  std::vector<std::unique_ptr<OpenSource>> sources;
  std::int64_t bytes = 0;
  for (const std::string& file : options.files) {
    ASSAY_ASSIGN_OR_RETURN(const RowSource source, MakeRowSource(options.reading, file));
    ASSAY_ASSIGN_OR_RETURN(sources.emplace_back(), OpenSource::Open(source));
    bytes += sources.back()->size_bytes();
  }
  ASSAY_ASSIGN_OR_RETURN(
      const std::unique_ptr<Push> push,
      Push::Begin(context, request, absl::StrFormat("push outputs of %s", options.model), bytes));
  for (const std::unique_ptr<OpenSource>& source : sources) {
    ASSAY_RETURN_IF_ERROR(push->AddSource(v1::TABLE_ROWS, *source));
  }
  return push->Commit();
}

absl::StatusOr<ExitCode> RunPush(Context& context, const PushOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(const v1::CommitUploadResponse response, Send(context, options));
  const v1::OutputSet& outputs = response.output_set();
  const std::string id = client::ShortName(outputs.name());
  if (context.format() == OutputFormat::kText) {
    context.Print(absl::StrFormat(
        "outputs:%s  %s on %s  %s  %s%s\n", id, client::ShortName(outputs.model_version()),
        client::ShortName(outputs.dataset_version()), CountText(outputs.num_rows(), "row"),
        ShortDigest(outputs.digest()), response.already_existed() ? "  (already stored)" : ""));
    return ExitCode::kPass;
  }
  Table table({{"outputs"},
               {"model"},
               {"dataset"},
               {"rows", Align::kRight},
               {"digest"},
               {"already_existed"}});
  table.AddRow({id, client::ShortName(outputs.model_version()),
                client::ShortName(outputs.dataset_version()), std::to_string(outputs.num_rows()),
                outputs.digest(), response.already_existed() ? "true" : "false"});
  context.Print(outputs, table);
  return ExitCode::kPass;
}

absl::StatusOr<ExitCode> RunList(Context& context, const ListOptions& options) {
  v1::ListOutputSetsRequest request;
  request.set_parent(client::ProjectName(context.project()));
  if (!options.dataset.empty()) {
    ASSAY_ASSIGN_OR_RETURN(*request.mutable_dataset_version(),
                           client::ResolveDatasetVersion(context.project(), options.dataset));
  }
  if (!options.model.empty()) {
    ASSAY_ASSIGN_OR_RETURN(*request.mutable_model_version(),
                           client::ResolveModelVersion(context.project(), options.model));
  }
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  ASSAY_ASSIGN_OR_RETURN(const v1::ListOutputSetsResponse response,
                         client->ListOutputSets(request, options.limit));
  Table table({{"OUTPUTS", Align::kRight},
               {"MODEL", Align::kLeft, true},
               {"DATASET", Align::kLeft, true},
               {"ROWS", Align::kRight},
               {"DIGEST"},
               {"CREATED"}});
  for (const v1::OutputSet& outputs : response.output_sets()) {
    table.AddRow({client::ShortName(outputs.name()), client::ShortName(outputs.model_version()),
                  client::ShortName(outputs.dataset_version()), std::to_string(outputs.num_rows()),
                  ShortDigest(outputs.digest()), TimeText(outputs.create_time())});
  }
  context.Print(response, table);
  context.WarnOfMore(response.next_page_token());
  return ExitCode::kPass;
}

absl::StatusOr<ExitCode> RunExport(Context& context, const ExportOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(const ExportFormat format, ParseExportFormat(options.format));
  ASSAY_ASSIGN_OR_RETURN(const std::string name,
                         client::ResolveOutputSet(context.project(), options.id));
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  v1::GetOutputSetRequest outputs_request;
  outputs_request.set_name(name);
  ASSAY_ASSIGN_OR_RETURN(const v1::OutputSet outputs, client->GetOutputSet(outputs_request));
  v1::ReadOutputsRequest request;
  request.set_name(outputs.name());
  request.set_max_rows(65'536);
  for (const std::string& column : options.columns) {
    request.add_columns(column);
  }
  ASSAY_RETURN_IF_ERROR(ExportRows(context, format, outputs.num_rows(), options.guards_formulas,
                                   [&](std::int64_t start_row) -> absl::StatusOr<v1::Batch> {
                                     request.set_start_row(start_row);
                                     ASSAY_ASSIGN_OR_RETURN(v1::ReadOutputsResponse response,
                                                            client->ReadOutputs(request));
                                     return std::move(*response.mutable_batch());
                                   }));
  return ExitCode::kPass;
}

}  // namespace

void AddOutputsCommand(CLI::App& app, Action& action) {
  CLI::App* outputs = app.add_subcommand("outputs", "Push, list and export what models answered");

  auto push_options = std::make_shared<PushOptions>();
  CLI::App* push = outputs->add_subcommand(
      "push",
      "Stores what a model version answered on a dataset version.\n"
      "Fields of JSONL: key, label, text, probabilities, logits, ranking, embedding, latency_us, "
      "cost, error, score.*, others as they are.");
  push->add_option("--model", push_options->model, "Model version, as mlp@1")->required();
  push->add_option("--dataset", push_options->dataset, "Dataset version, as digits@1")->required();
  push->add_option("FILE", push_options->files,
                   "JSONL, CSV, TSV or a TREC run, also as .gz; - is standard input")
      ->required();
  push->add_option("--machine", push_options->machine,
                   "Machine that measured the latencies, any text");
  AddFileOptions(*push, push_options->reading);
  push->footer("Example: assay outputs push --model mlp@1 --dataset digits@1 answers.jsonl");
  push->callback([push_options, &action] {
    action = [push_options](Context& context) { return RunPush(context, *push_options); };
  });

  auto list_options = std::make_shared<ListOptions>();
  CLI::App* list = outputs->add_subcommand("ls", "Lists output sets");
  list->add_option("--model", list_options->model, "Only of this model version");
  list->add_option("--dataset", list_options->dataset, "Only on this dataset version");
  list->add_option("--limit", list_options->limit, "At most this many; 0: all")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  list->footer("Example: assay outputs ls --model mlp@1");
  list->callback([list_options, &action] {
    action = [list_options](Context& context) { return RunList(context, *list_options); };
  });

  auto export_options = std::make_shared<ExportOptions>();
  CLI::App* exporting = outputs->add_subcommand("export", "Writes the rows of an output set");
  exporting->add_option("ID", export_options->id, "Output set, as 5")->required();
  exporting->add_option("--format", export_options->format, "jsonl, csv or npy (one column)")
      ->capture_default_str();
  exporting->add_option("--column", export_options->columns, "Only this column; repeatable")
      ->allow_extra_args(false);
  exporting->add_flag("--guard-formulas", export_options->guards_formulas,
                      "CSV for a spreadsheet: an apostrophe before what would run as a formula");
  exporting->footer("Example: assay outputs export 5 --column logits --format npy > logits.npy");
  exporting->callback([export_options, &action] {
    action = {[export_options](Context& context) { return RunExport(context, *export_options); },
              kTextFormat};
  });
}

}  // namespace assay::cli
