#include "client/cli/explained_outputs.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "assay/v1/reference_model_service.pb.h"
#include "client/cli/layer_report.h"
#include "client/cli/numbers.h"
#include "client/cpp/client.h"
#include "client/cpp/references.h"
#include "client/cpp/status_macros.h"

namespace assay::cli {
namespace {

absl::StatusOr<std::vector<v1::LayerReport>> Explain(Context& context,
                                                     const ExplainOptions& options) {
  v1::CompareLayersRequest request;
  ASSAY_ASSIGN_OR_RETURN(*request.mutable_baseline(),
                         client::ResolveModelVersion(context.project(), options.model));
  ASSAY_ASSIGN_OR_RETURN(*request.mutable_dataset_version(),
                         client::ResolveDatasetVersion(context.project(), options.dataset));
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  std::vector<v1::LayerReport> reports;
  for (const std::string& output_set : options.output_sets) {
    ASSAY_ASSIGN_OR_RETURN(*request.mutable_candidate(),
                           client::ResolveOutputSet(context.project(), output_set));
    ASSAY_ASSIGN_OR_RETURN(reports.emplace_back(), client->CompareLayers(request));
  }
  return reports;
}

std::string NameOf(const v1::LayerReport& report) {
  return "outputs:" + client::ShortName(report.candidate());
}

// What is to be thought of an output set.
std::string Sentence(const v1::LayerReport& report) {
  if (report.first_diverging().empty()) {
    return absl::StrFormat("as %s gives them, but for rounding",
                           client::ShortName(report.baseline()));
  }
  return report.swap().num_tried() == 0 ? "some are not finite, so that no swap explains them"
                                        : SwapSentence(report.swap());
}

std::string Sentences(const std::vector<v1::LayerReport>& reports) {
  std::string text;
  for (const v1::LayerReport& report : reports) {
    text += absl::StrFormat("%s: %s\n", NameOf(report), Sentence(report));
    if (report.num_skipped() > 0) {
      text += absl::StrFormat("%s: %s rows were left out: they lack finite features or an answer\n",
                              NameOf(report), CountText(report.num_skipped()));
    }
  }
  return text;
}

Table ExplanationTable(const std::vector<v1::LayerReport>& reports) {
  Table table({{"OUTPUTS", Align::kLeft, true},
               {"ROWS", Align::kRight},
               {"LAYER"},
               {"MAX ABS", Align::kRight},
               {"SQNR dB", Align::kRight},
               {"x NOISE", Align::kRight},
               {"TIER"},
               {"SWAP"},
               {"EXPLAINED", Align::kRight}});
  for (const v1::LayerReport& report : reports) {
    const v1::LayerComparison& layer = report.layers(0);
    const v1::NamedSwap& swap = report.swap();
    table.AddRow({NameOf(report), absl::StrFormat("%d", report.num_rows()), layer.name(),
                  absl::StrFormat("%.3g", layer.max_abs()),
                  layer.has_sqnr_db() ? absl::StrFormat("%.1f", layer.sqnr_db()) : "-",
                  NoiseText(layer), TierCell(layer.tier()), swap.name().empty() ? "-" : swap.name(),
                  swap.name().empty() ? "-" : absl::StrFormat("%.4f", swap.explained())});
  }
  return table;
}

}  // namespace

absl::StatusOr<ExitCode> ExplainOutputs(Context& context, const ExplainOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(const std::vector<v1::LayerReport> reports, Explain(context, options));
  const Table table = ExplanationTable(reports);
  switch (context.format()) {
    case OutputFormat::kJson:
      context.Print(
          absl::StrFormat("{\"explanations\": [%s]}\n",
                          absl::StrJoin(reports, ", ", [](std::string* out, const auto& report) {
                            out->append(JsonText(report));
                          })));
      break;
    case OutputFormat::kCsv:
      context.Print(table.Csv());
      break;
    case OutputFormat::kMarkdown:
      context.Print(table.Markdown() + "\n" + Sentences(reports));
      break;
    default:
      context.PrintReport(absl::StrFormat("\n%s on %s, against what was recorded\n%s\n%s",
                                          client::ShortName(reports.front().baseline()),
                                          client::ShortName(reports.front().dataset_version()),
                                          table.Text(context.width(), context.palette(), 2),
                                          Sentences(reports)));
  }
  return ExitCode::kPass;
}

}  // namespace assay::cli
