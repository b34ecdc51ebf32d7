#include <CLI/CLI.hpp>
#include <array>
#include <memory>
#include <string>

#include "absl/strings/str_format.h"
#include "client/cli/commands.h"
#include "client/cli/numbers.h"
#include "client/cli/text_width.h"
#include "client/cpp/client.h"
#include "client/cpp/status_macros.h"

namespace assay::cli {
namespace {

std::string CheckLine(const Context& context, bool is_fine, std::string_view text) {
  const bool uses_unicode = context.uses_unicode();
  const std::string mark = is_fine ? context.palette()(Ink::kGreen, uses_unicode ? "✓" : "+")
                                   : context.palette()(Ink::kRed, uses_unicode ? "✗" : "x");
  return absl::StrFormat("%s %s\n", mark, text);
}

std::string UptimeText(std::int64_t seconds) {
  return seconds < 60 ? absl::StrFormat("%d s", seconds)
                      : DurationText(static_cast<double>(seconds));
}

// What is known about the server, line by line.
std::string InfoText(const Context& context, const v1::ServerInfo& info) {
  std::string text =
      CheckLine(context, true,
                absl::StrFormat("assay-server %s answers at %s, up %s", info.version(),
                                context.ServerText(), UptimeText(info.uptime_s())));
  if (info.version() != ASSAY_VERSION) {
    text += CheckLine(context, false,
                      absl::StrFormat("this assay is %s, the server %s: use the same version",
                                      ASSAY_VERSION, info.version()));
  }
  text += CheckLine(
      context, true,
      absl::StrFormat("data in %s: schema %d, store %s, traces %s", OneLine(info.data_dir()),
                      info.schema_version(), BytesText(static_cast<double>(info.store_bytes())),
                      BytesText(static_cast<double>(info.traces_bytes()))));
  text += CheckLine(context, true,
                    absl::StrFormat("%d workers, %s, HTTP at %s", info.num_workers(), info.isa(),
                                    info.http_address()));
  return text;
}

std::string FindingsText(const Context& context, const v1::CheckStoreResponse& check) {
  if (check.findings_size() == 0) {
    return CheckLine(context, true,
                     absl::StrFormat("store is sound: %s chunks, %s, every checksum holds",
                                     CountText(check.num_chunks()),
                                     BytesText(static_cast<double>(check.num_bytes()))));
  }
  std::string text;
  for (const v1::StoreFinding& finding : check.findings()) {
    text +=
        CheckLine(context, false,
                  absl::StrFormat("%s: %s", OneLine(finding.where()), OneLine(finding.problem())));
  }
  return text;
}

Table FindingsTable(const v1::CheckStoreResponse& check) {
  Table table({{"where"}, {"problem"}});
  for (const v1::StoreFinding& finding : check.findings()) {
    table.AddRow({finding.where(), finding.problem()});
  }
  return table;
}

absl::StatusOr<ExitCode> RunDoctor(Context& context) {
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  ASSAY_ASSIGN_OR_RETURN(const v1::ServerInfo info, client->GetServerInfo());
  const bool is_text = context.format() == OutputFormat::kText;
  if (is_text) {
    context.PrintReport(InfoText(context, info));
  }
  ASSAY_ASSIGN_OR_RETURN(const v1::CheckStoreResponse check, client->CheckStore());
  if (is_text) {
    context.PrintReport(FindingsText(context, check));
  } else if (context.format() == OutputFormat::kJson) {
    context.Print(JoinedJson(JsonText(info), JsonText(check)));
  } else {
    context.Print(check, FindingsTable(check));
  }
  return check.findings_size() == 0 ? ExitCode::kPass : ExitCode::kCouldNotEvaluate;
}

constexpr std::array kTextAndJson = {OutputFormat::kText, OutputFormat::kJson};

absl::StatusOr<ExitCode> RunVersion(Context& context) {
  if (context.format() == OutputFormat::kJson) {
    context.Print(absl::StrFormat("{\"version\": \"%s\"}\n", ASSAY_VERSION));
  } else {
    context.Print(absl::StrFormat("assay %s\n", ASSAY_VERSION));
  }
  return ExitCode::kPass;
}

}  // namespace

void AddDoctorCommand(CLI::App& app, Action& action) {
  CLI::App* doctor = app.add_subcommand(
      "doctor", "Checks that the server answers and that every stored chunk holds its checksum");
  doctor->footer("Example: assay doctor --local");
  doctor->callback([&action] { action = RunDoctor; });
}

void AddVersionCommand(CLI::App& app, Action& action) {
  CLI::App* version = app.add_subcommand("version", "Prints the version of this program");
  version->footer("Example: assay version");
  version->callback([&action] { action = {RunVersion, kTextAndJson}; });
}

}  // namespace assay::cli
