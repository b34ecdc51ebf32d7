#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "assay/v1/offline_command.pb.h"
#include "client/cli/commands.h"
#include "client/cli/numbers.h"
#include "client/cli/resource_tables.h"
#include "client/cpp/client.h"
#include "client/cpp/references.h"
#include "client/cpp/status_macros.h"
#include "client/formats/input_file.h"
#include "evaluators/model/safetensors.h"

namespace assay::cli {
namespace {

// Of one message to the server, with room for what is around it.
constexpr std::size_t kMaxWeightsBytes = 63 << 20;

struct PushOptions {
  std::string name;
  bool is_external = false;
  std::vector<std::string> config;
  std::string activation;
  std::string weights_digest;
  std::string architecture_digest;
  std::string dtype;
  std::string quantization;
  std::string preprocessing;
  std::string architecture;  // file
  std::string weights;       // file
};

struct ListOptions {
  std::string name;
  std::int64_t limit = 50;
};

absl::Status InFile(const formats::InputFile& file, const absl::Status& status) {
  return absl::InvalidArgumentError(
      absl::StrFormat("%s: %s", file.name(), std::string(status.message())));
}

// A safetensors file, offline.
absl::StatusOr<ExitCode> RunInspect(Context& context, const std::string& path) {
  ASSAY_ASSIGN_OR_RETURN(const formats::InputFile file, formats::InputFile::Open(path));
  const absl::StatusOr<SafetensorsIndex> index = ReadSafetensorsIndex(file.bytes());
  if (!index.ok()) {
    return InFile(file, index.status());
  }
  v1::SafetensorsFile inspected;
  Table table(
      {{"TENSOR", Align::kLeft, true}, {"DTYPE"}, {"SHAPE"}, {"BYTES", Align::kRight}, {"NOTE"}});
  for (const TensorEntry& tensor : index->tensors) {
    std::string note;
    if (IsFloatingPoint(tensor)) {
      const absl::Status values = TensorValues(file.bytes(), tensor).status();
      // Without the tensor's name, which stands beside it.
      const std::string message(values.message());
      note = values.ok() ? "" : message.substr(message.rfind("': ") + 3);
    } else {
      note = "no weight: F64, F32, F16 and BF16 are";
    }
    v1::SafetensorsFile::Tensor& added = *inspected.add_tensors();
    added.set_name(tensor.name);
    added.set_dtype(tensor.dtype);
    added.mutable_shape()->Add(tensor.shape.begin(), tensor.shape.end());
    added.set_num_bytes(tensor.end - tensor.begin);
    added.set_note(note);
    table.AddRow({tensor.name, tensor.dtype, ShapeText(tensor.shape),
                  CountText(tensor.end - tensor.begin), note});
  }
  inspected.mutable_metadata()->insert(index->metadata.begin(), index->metadata.end());
  for (const auto& [key, value] : index->metadata) {
    table.AddRow({absl::StrFormat("metadata %s", key), "", "", "", value});
  }
  context.Print(inspected, table);
  return ExitCode::kPass;
}

absl::StatusOr<v1::CreateModelVersionRequest> MakeRequest(const Context& context,
                                                          const PushOptions& options) {
  ASSAY_RETURN_IF_ERROR(client::CheckResourceId(options.name));
  const bool has_artifacts = !options.architecture.empty() && !options.weights.empty();
  if (options.is_external == has_artifacts ||
      options.architecture.empty() != options.weights.empty()) {
    return WithHint(
        absl::InvalidArgumentError("a model is --external, or has --architecture and --weights"),
        "see assay model push --help");
  }
  const bool is_declared = !(options.activation.empty() && options.weights_digest.empty() &&
                             options.architecture_digest.empty() && options.dtype.empty() &&
                             options.quantization.empty() && options.preprocessing.empty());
  if (has_artifacts && is_declared) {
    return absl::InvalidArgumentError(
        "--activation, --weights-digest and the like are for --external: files say it themselves");
  }
  v1::CreateModelVersionRequest request;
  request.set_parent(client::ProjectName(context.project()));
  request.set_model(options.name);
  v1::ModelVersion& version = *request.mutable_version();
  version.set_external(options.is_external);
  if (has_artifacts) {
    ASSAY_ASSIGN_OR_RETURN(const formats::InputFile architecture,
                           formats::InputFile::Open(options.architecture));
    ASSAY_ASSIGN_OR_RETURN(const formats::InputFile weights,
                           formats::InputFile::Open(options.weights));
    if (weights.bytes().size() > kMaxWeightsBytes) {
      return absl::InvalidArgumentError(absl::StrFormat("%s: %d bytes, at most %d are taken",
                                                        weights.name(), weights.bytes().size(),
                                                        kMaxWeightsBytes));
    }
    if (architecture.bytes().empty()) {
      return absl::InvalidArgumentError(absl::StrFormat("%s: is empty", architecture.name()));
    }
    // Before it is sent; and the server does not know the file's name.
    if (const absl::Status status = ReadSafetensorsIndex(weights.bytes()).status(); !status.ok()) {
      return InFile(weights, status);
    }
    request.set_architecture(std::string(architecture.bytes()));
    request.set_weights(std::string(weights.bytes()));
  }
  version.set_activation(options.activation);
  version.set_weights_digest(options.weights_digest);
  version.set_architecture(options.architecture_digest);
  version.set_dtype(options.dtype);
  version.set_quantization(options.quantization);
  version.set_preprocessing(options.preprocessing);
  for (const std::string& entry : options.config) {
    const std::size_t equals = entry.find('=');
    if (equals == std::string::npos || equals == 0) {
      return absl::InvalidArgumentError(absl::StrFormat("--config is KEY=VALUE, not '%s'", entry));
    }
    const bool is_new = version.mutable_config()
                            ->insert({entry.substr(0, equals), entry.substr(equals + 1)})
                            .second;
    if (!is_new) {
      return absl::InvalidArgumentError(
          absl::StrFormat("--config '%s' is given twice", entry.substr(0, equals)));
    }
  }
  return request;
}

absl::StatusOr<ExitCode> RunPush(Context& context, const PushOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(const v1::CreateModelVersionRequest request,
                         MakeRequest(context, options));
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  ASSAY_ASSIGN_OR_RETURN(const v1::CreateModelVersionResponse response,
                         client->CreateModelVersion(request));
  const v1::ModelVersion& version = response.version();
  const std::string reference = client::ShortName(version.name());
  if (context.format() == OutputFormat::kText) {
    context.Print(absl::StrFormat("%s  %s%s\n", reference, ShortDigest(version.digest()),
                                  response.already_existed() ? "  (already stored)" : ""));
    return ExitCode::kPass;
  }
  Table table({{"model"}, {"digest"}, {"already_existed"}});
  table.AddRow({reference, version.digest(), response.already_existed() ? "true" : "false"});
  context.Print(version, table);
  return ExitCode::kPass;
}

absl::StatusOr<ExitCode> ListModels(Context& context, client::Client& client,
                                    const ListOptions& options) {
  v1::ListModelsRequest request;
  request.set_parent(client::ProjectName(context.project()));
  ASSAY_ASSIGN_OR_RETURN(const v1::ListModelsResponse response,
                         client.ListModels(request, options.limit));
  Table table({{"MODEL", Align::kLeft, true},
               {"LATEST", Align::kRight},
               {"ACTIVATION"},
               {"DIGEST"},
               {"CREATED"}});
  for (const v1::Model& model : response.models()) {
    const v1::ModelVersion& version = model.latest_version();
    table.AddRow({client::ShortName(model.name()), std::to_string(version.number()),
                  version.activation(), ShortDigest(version.digest()),
                  TimeText(version.create_time())});
  }
  context.Print(response, table);
  context.WarnOfMore(response.next_page_token());
  return ExitCode::kPass;
}

absl::StatusOr<ExitCode> ListVersions(Context& context, client::Client& client,
                                      const ListOptions& options) {
  ASSAY_RETURN_IF_ERROR(client::CheckResourceId(options.name));
  v1::ListModelVersionsRequest request;
  request.set_parent(
      absl::StrFormat("%s/models/%s", client::ProjectName(context.project()), options.name));
  ASSAY_ASSIGN_OR_RETURN(const v1::ListModelVersionsResponse response,
                         client.ListModelVersions(request, options.limit));
  Table table({{"VERSION", Align::kLeft, true}, {"ACTIVATION"}, {"DIGEST"}, {"CREATED"}});
  for (const v1::ModelVersion& version : response.versions()) {
    table.AddRow({client::ShortName(version.name()), version.activation(),
                  ShortDigest(version.digest()), TimeText(version.create_time())});
  }
  context.Print(response, table);
  context.WarnOfMore(response.next_page_token());
  return ExitCode::kPass;
}

absl::StatusOr<ExitCode> RunList(Context& context, const ListOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  return options.name.empty() ? ListModels(context, *client, options)
                              : ListVersions(context, *client, options);
}

absl::StatusOr<ExitCode> RunShow(Context& context, const std::string& reference) {
  ASSAY_ASSIGN_OR_RETURN(const std::string name,
                         client::ResolveModelVersion(context.project(), reference));
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  v1::GetModelVersionRequest request;
  request.set_name(name);
  ASSAY_ASSIGN_OR_RETURN(const v1::ModelVersion version, client->GetModelVersion(request));

  Table table({{"FIELD"}, {"VALUE"}});
  table.AddRow({"model", client::ShortName(version.name())});
  table.AddRow({"digest", version.digest()});
  table.AddRow({"kind", version.external() ? "external" : "stored"});
  if (!version.derivation().empty()) {
    table.AddRow({"derived from", client::ShortName(version.base())});
    table.AddRow({"changes", version.derivation()});
  }
  if (!version.numerics().empty()) {
    table.AddRow({"numerics", version.numerics()});
  }
  const std::pair<const char*, const std::string*> declared[] = {
      {"activation", &version.activation()},     {"weights", &version.weights_digest()},
      {"architecture", &version.architecture()}, {"dtype", &version.dtype()},
      {"quantization", &version.quantization()}, {"preprocessing", &version.preprocessing()}};
  for (const auto& [field, value] : declared) {
    if (!value->empty()) {
      table.AddRow({field, *value});
    }
  }
  // A protobuf map has no order of its own.
  for (const auto& [key, value] :
       std::map<std::string, std::string>(version.config().begin(), version.config().end())) {
    table.AddRow({"config." + key, value});
  }
  if (version.has_cost()) {
    const v1::ModelCost& cost = version.cost();
    table.AddRow({"weights in all", CountText(cost.num_weights())});
    table.AddRow(
        {"a row costs",
         absl::StrFormat("%s FLOPs, %s B of weights, %s B of values", CountText(cost.flops()),
                         CountText(cost.weight_bytes()), CountText(cost.activation_bytes()))});
  }
  table.AddRow({"created", TimeText(version.create_time())});
  context.Print(version, table);
  if (context.format() == OutputFormat::kText && version.has_cost()) {
    Table layers({{"LAYER", Align::kLeft, true},
                  {"FLOPS A ROW", Align::kRight},
                  {"WEIGHT BYTES", Align::kRight},
                  {"VALUE BYTES", Align::kRight}});
    for (const v1::ModelCost::Layer& layer : version.cost().layers()) {
      layers.AddRow({layer.name(), CountText(layer.flops()), CountText(layer.weight_bytes()),
                     CountText(layer.activation_bytes())});
    }
    context.PrintReport("\n" + layers.Text(context.width(), context.palette()));
  }
  return ExitCode::kPass;
}

}  // namespace

void AddModelCommand(CLI::App& app, Action& action) {
  CLI::App* model = app.add_subcommand("model", "Register, list and show models");

  auto push_options = std::make_shared<PushOptions>();
  CLI::App* push = model->add_subcommand(
      "push",
      "Stores a version of a model.\n"
      "An equal description gives the version that is there already; when nothing is declared, "
      "every push is a new version.\n"
      "A claim, as in diff --allow-changed activation, is proven from what is declared here.");
  push->add_option("NAME", push_options->name, "Model; made when it does not exist")->required();
  push->add_flag("--external", push_options->is_external,
                 "The model runs elsewhere: only its outputs are stored");
  push->add_option("--architecture", push_options->architecture,
                   "assay.architecture/v1 JSON; the server then runs the model itself");
  push->add_option("--weights", push_options->weights, "safetensors file with its weights");
  push->add_option("--config", push_options->config, "KEY=VALUE of its configuration; repeatable")
      ->allow_extra_args(false);
  push->add_option("--activation", push_options->activation, "Activation function, as gelu_tanh");
  push->add_option("--weights-digest", push_options->weights_digest,
                   "Digest of its weights, sha256: and 64 hex digits");
  push->add_option("--architecture-digest", push_options->architecture_digest,
                   "Digest or name of its architecture");
  push->add_option("--dtype", push_options->dtype, "Type of weights and arithmetic, as float32");
  push->add_option("--quantization", push_options->quantization,
                   "Quantisation scheme, none for none");
  push->add_option("--preprocessing", push_options->preprocessing,
                   "Digest or name of what makes features of inputs");
  push->footer(
      "Example: assay model push mlp --architecture mlp.arch.json --weights mlp.safetensors\n"
      "         assay model push mlp --external --activation relu --config epoch=12");
  push->callback([push_options, &action] {
    action = [push_options](Context& context) { return RunPush(context, *push_options); };
  });

  auto list_options = std::make_shared<ListOptions>();
  CLI::App* list = model->add_subcommand("ls", "Lists models, or the versions of one");
  list->add_option("NAME", list_options->name, "Model whose versions to list");
  list->add_option("--limit", list_options->limit, "At most this many; 0: all")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  list->footer("Example: assay model ls mlp");
  list->callback([list_options, &action] {
    action = [list_options](Context& context) { return RunList(context, *list_options); };
  });

  auto show_reference = std::make_shared<std::string>();
  CLI::App* show = model->add_subcommand("show", "Shows a version");
  show->add_option("REF", *show_reference, "mlp, mlp@3 or mlp@sha256:1f3a")->required();
  show->footer("Example: assay model show mlp@1");

  auto inspected = std::make_shared<std::string>();
  CLI::App* inspect = model->add_subcommand(
      "inspect", "Lists the tensors of a safetensors file, or says what is wrong with it (exit 2)");
  inspect->add_option("FILE", *inspected, "safetensors file")->required();
  inspect->footer("Example: assay model inspect mlp.safetensors");
  inspect->callback([inspected, &action] {
    action = [inspected](Context& context) { return RunInspect(context, *inspected); };
  });

  show->callback([show_reference, &action] {
    action = [show_reference](Context& context) { return RunShow(context, *show_reference); };
  });
}

}  // namespace assay::cli
