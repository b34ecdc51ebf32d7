#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "client/cli/commands.h"
#include "client/cli/interrupt.h"
#include "client/cli/page.h"
#include "client/cpp/client.h"
#include "client/cpp/references.h"
#include "client/cpp/status_macros.h"

namespace assay::cli {
namespace {

struct OpenOptions {
  std::string reference;
  bool only_print = false;
};

template <typename Request>
Request Named(const std::string& name) {
  Request request;
  request.set_name(name);
  return request;
}

bool HasPrefix(std::string_view text, std::string_view prefix) { return text.starts_with(prefix); }

// A number is a comparison or a run: ids of all kinds come from one sequence.
absl::StatusOr<std::string> ResolveNumbered(client::Client& client, const std::string& project,
                                            const std::string& id) {
  ASSAY_ASSIGN_OR_RETURN(const std::string comparison, client::ResolveComparison(project, id));
  const absl::StatusOr<v1::Comparison> found =
      client.GetComparison(Named<v1::GetComparisonRequest>(comparison));
  if (found.ok()) {
    return comparison;
  }
  if (!absl::IsNotFound(found.status())) {
    return found.status();
  }
  ASSAY_ASSIGN_OR_RETURN(const std::string run, client::ResolveRun(project, id));
  const absl::Status status = client.GetRun(Named<v1::GetRunRequest>(run)).status();
  if (absl::IsNotFound(status)) {
    return absl::NotFoundError(absl::StrFormat("no such comparison or run: '%s'", id));
  }
  return status.ok() ? absl::StatusOr<std::string>(run) : status;
}

// `NAME@VERSION` is a dataset, else a model.
absl::StatusOr<std::string> ResolveVersioned(client::Client& client, const std::string& project,
                                             const std::string& text) {
  ASSAY_ASSIGN_OR_RETURN(const std::string dataset, client::ResolveDatasetVersion(project, text));
  const absl::StatusOr<v1::DatasetVersion> found =
      client.GetDatasetVersion(Named<v1::GetDatasetVersionRequest>(dataset));
  if (found.ok()) {
    return found->name();
  }
  if (!absl::IsNotFound(found.status())) {
    return found.status();
  }
  ASSAY_ASSIGN_OR_RETURN(const std::string model, client::ResolveModelVersion(project, text));
  const absl::StatusOr<v1::ModelVersion> version =
      client.GetModelVersion(Named<v1::GetModelVersionRequest>(model));
  if (absl::IsNotFound(version.status())) {
    return absl::NotFoundError(absl::StrFormat("no such dataset or model: '%s'", text));
  }
  ASSAY_RETURN_IF_ERROR(version.status());
  return version->name();
}

// The resource that the user means.
absl::StatusOr<std::string> Resolve(client::Client& client, const std::string& project,
                                    const std::string& text) {
  if (HasPrefix(text, "projects/")) {
    return text;
  }
  if (HasPrefix(text, "comparison:") || HasPrefix(text, "comparisons/")) {
    return client::ResolveComparison(project, text);
  }
  if (HasPrefix(text, "run:") || HasPrefix(text, "runs/")) {
    return client::ResolveRun(project, text);
  }
  if (HasPrefix(text, "trace:")) {
    return client::ResolveTrace(project, text.substr(std::string_view("trace:").size()));
  }
  constexpr std::size_t kTraceDigits = 32;
  if (text.size() == kTraceDigits && client::ResolveTrace(project, text).ok()) {
    return client::ResolveTrace(project, text);
  }
  if (text.find_first_not_of("0123456789") == std::string::npos) {
    return ResolveNumbered(client, project, text);
  }
  return ResolveVersioned(client, project, text);
}

// Hands the address to the desktop. False when there is none.
bool OpenInBrowser(const std::string& url) {
  const char* const browser = std::getenv("BROWSER");
  const std::string program = browser != nullptr && *browser != '\0' ? browser : "xdg-open";
  std::vector<char*> arguments = {const_cast<char*>(program.c_str()),
                                  const_cast<char*>(url.c_str()), nullptr};
  // This program blocks the signals that end it; the browser must not inherit that.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  pid_t child = 0;
  const int error =
      posix_spawnp(&child, program.c_str(), nullptr, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    return false;
  }
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

absl::StatusOr<ExitCode> RunOpen(Context& context, const OpenOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  ASSAY_ASSIGN_OR_RETURN(const v1::ServerInfo info, client->GetServerInfo());
  std::string url = info.public_url() + "/";
  if (!options.reference.empty()) {
    ASSAY_ASSIGN_OR_RETURN(const std::string name,
                           Resolve(*client, context.project(), options.reference));
    url = PageUrl(info.public_url(), name);
  }
  context.Print(url + "\n");
  std::fflush(stdout);
  if (!options.only_print) {
    ASSAY_ASSIGN_OR_RETURN(const std::string token, context.Token());
    // The fragment stays in the browser; the printed address does not have it.
    if (!OpenInBrowser(token.empty() ? url : absl::StrFormat("%s#token=%s", url, token))) {
      context.Warn("no browser to open it in; the address is above");
    }
  }
  if (context.is_local()) {
    const InterruptNote note("stopped serving");
    context.Warn("serving this directory until Ctrl-C");
    while (true) {
      pause();
    }
  }
  return ExitCode::kPass;
}

}  // namespace

void AddOpenCommand(CLI::App& app, Action& action) {
  auto options = std::make_shared<OpenOptions>();
  CLI::App* open = app.add_subcommand("open", "Opens the dashboard's page of something");
  open->add_option("RESOURCE", options->reference,
                   "A comparison or run (12, run:12), dataset or model (digits@1), or trace; "
                   "absent: the first page");
  open->add_flag("--print", options->only_print, "Only print the address");
  open->footer("Example: assay open 12");
  open->callback([options, &action] {
    action = {[options](Context& context) { return RunOpen(context, *options); }, kTextFormat};
  });
}

}  // namespace assay::cli
