#include "server/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string_view>
#include <thread>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "evaluators/kernels/isa_choice.h"
#include "server/base/status_macros.h"

namespace assay {
namespace {

constexpr int kUsageError = 2;
constexpr int kMaxWorkers = 256;

constexpr char kExamples[] = R"(
Examples:
  assay-server --data-dir ~/assay
      serves this machine on 127.0.0.1:7317 (gRPC) and 127.0.0.1:7318 (HTTP)
  assay-server token new --name ci --role runner
      makes a token for one caller and the line that lets it in
  assay-server --listen 0.0.0.0:7317 --tls-cert cert.pem --tls-key key.pem --token-file tokens
      serves other machines, which needs TLS and tokens

Exit codes: 0 stopped by a signal, 2 wrong command line or configuration, 3 could not start.)";

// Flags as they stand on the command line.
struct Flags {
  std::string data_dir = "./.assay";
  std::string listen = "127.0.0.1:7317";
  std::string http_listen = "127.0.0.1:7318";
  std::string tls_cert;
  std::string tls_key;
  std::string token_file;
  std::string public_url;
  int num_workers =
      std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, kMaxWorkers);
  std::string isa;  // empty: the best
  std::int64_t trace_max_days = 30;
  std::int64_t trace_max_mib = 10'240;
  bool exit_when_unused = false;
  bool has_reflection = false;
  std::string log_level = "info";
  std::string token_name;
  std::string token_role;
  std::string token_project{api::kAllProjects};
};

absl::StatusOr<std::string> ReadFile(std::string_view flag, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file.good() && !file.eof()) {
    return absl::InvalidArgumentError(absl::StrFormat("%s: cannot read '%s'", flag, path));
  }
  if (text.empty()) {
    return absl::InvalidArgumentError(absl::StrFormat("%s: '%s' is empty", flag, path));
  }
  return text;
}

// An address that other machines can reach needs TLS and tokens.
absl::Status CheckReach(const Flags& flags, const api::ListenAddress& address) {
  if (api::IsLoopback(address)) {
    return absl::OkStatus();
  }
  std::vector<std::string> missing;
  for (const auto& [flag, value] :
       {std::pair{"--tls-cert", &flags.tls_cert}, std::pair{"--tls-key", &flags.tls_key},
        std::pair{"--token-file", &flags.token_file}}) {
    if (value->empty()) {
      missing.emplace_back(flag);
    }
  }
  if (missing.empty()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("refusing to listen on %s, which other machines can reach, without %s",
                      api::FormatAddress(address), absl::StrJoin(missing, " and ")));
}

// Host of an `http://` or `https://` URL.
absl::StatusOr<std::string> UrlHost(std::string_view url) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (url.substr(0, scheme.size()) == scheme) {
      const std::string_view rest = url.substr(scheme.size());
      const std::string_view host = rest.substr(0, rest.find_first_of("/:"));
      if (!host.empty()) {
        return std::string(host);
      }
    }
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("--public-url: expected http://HOST or https://HOST: '%s'", url));
}

// An empty name is the best level of this machine.
absl::StatusOr<Isa> ReadIsa(std::string_view name) {
  if (name.empty()) {
    return BestIsa();
  }
  const absl::StatusOr<Isa> isa = ChooseIsa(name, BestIsa());
  return isa.ok() ? isa
                  : absl::InvalidArgumentError(
                        absl::StrFormat("--isa: %s", std::string(isa.status().message())));
}

absl::StatusOr<ServeOptions> CheckFlags(const Flags& flags) {
  ServeOptions options;
  options.data_dir = flags.data_dir;
  ASSAY_ASSIGN_OR_RETURN(options.listen, api::ParseListenAddress("--listen", flags.listen));
  ASSAY_ASSIGN_OR_RETURN(options.http_listen,
                         api::ParseListenAddress("--http-listen", flags.http_listen));
  ASSAY_RETURN_IF_ERROR(CheckReach(flags, options.listen));
  ASSAY_RETURN_IF_ERROR(CheckReach(flags, options.http_listen));
  if (flags.tls_cert.empty() != flags.tls_key.empty()) {
    return absl::InvalidArgumentError("--tls-cert and --tls-key go together");
  }
  if (!flags.tls_cert.empty()) {
    ASSAY_ASSIGN_OR_RETURN(options.tls.certificate_chain, ReadFile("--tls-cert", flags.tls_cert));
    ASSAY_ASSIGN_OR_RETURN(options.tls.private_key, ReadFile("--tls-key", flags.tls_key));
  }
  if (!flags.token_file.empty()) {
    ASSAY_ASSIGN_OR_RETURN(const std::string text, ReadFile("--token-file", flags.token_file));
    absl::StatusOr<api::Authenticator> tokens = api::Authenticator::FromTokens(text);
    if (!tokens.ok()) {
      return absl::InvalidArgumentError(absl::StrFormat("--token-file: %s: %s", flags.token_file,
                                                        std::string(tokens.status().message())));
    }
    options.authenticator = *std::move(tokens);
  }
  if (!flags.public_url.empty()) {
    ASSAY_ASSIGN_OR_RETURN(options.public_host, UrlHost(flags.public_url));
    options.public_url = flags.public_url;
    while (options.public_url.back() == '/') {
      options.public_url.pop_back();
    }
  }
  options.has_reflection = flags.has_reflection || api::IsLoopback(options.listen);
  options.num_workers = flags.num_workers;
  ASSAY_ASSIGN_OR_RETURN(options.isa, ReadIsa(flags.isa));
  options.exit_when_unused = flags.exit_when_unused;
  options.trace_max_days = flags.trace_max_days;
  options.trace_max_bytes = flags.trace_max_mib << 20;
  return options;
}

void AddServeFlags(CLI::App& app, Flags& flags) {
  app.add_option("--data-dir", flags.data_dir, "Where the data lies; made when it is not there")
      ->envname("ASSAY_DATA_DIR")
      ->capture_default_str();
  app.add_option("--listen", flags.listen, "Address for gRPC; port 0 takes any free one")
      ->capture_default_str();
  app.add_option("--http-listen", flags.http_listen, "Address for HTTP; port 0 takes any free one")
      ->capture_default_str();
  app.add_option("--tls-cert", flags.tls_cert, "Certificate chain, PEM");
  app.add_option("--tls-key", flags.tls_key, "Private key of the certificate, PEM");
  app.add_option("--token-file", flags.token_file,
                 "Who may call: lines `NAME ROLE PROJECT sha256:HEX`");
  app.add_option("--public-url", flags.public_url,
                 "Where browsers reach the HTTP address, for links");
  app.add_option("--workers", flags.num_workers, "Threads that compute runs and comparisons")
      ->check(CLI::Range(1, kMaxWorkers))
      ->capture_default_str();
  app.add_option("--isa", flags.isa,
                 "Instructions that the kernels use: baseline, x86-64-v3 or x86-64-v4; without it, "
                 "the best that the machine has")
      ->envname("ASSAY_ISA");
  app.add_option("--trace-max-days", flags.trace_max_days, "Traces older than that are removed")
      ->check(CLI::Range(1, 36'500))
      ->capture_default_str();
  app.add_option("--trace-max-mib", flags.trace_max_mib,
                 "The oldest traces are removed when all take more than so many MiB")
      ->check(CLI::Range(1, 1 << 30))
      ->capture_default_str();
  app.add_flag("--reflection", flags.has_reflection,
               "Describe the services to tools such as grpcurl; always on for loopback");
  app.add_flag("--exit-when-unused", flags.exit_when_unused,
               "Stop once no process holds DATA_DIR/users locked any more");
  app.add_option("--log-level", flags.log_level, "debug, info, warning, error or off")
      ->envname("ASSAY_LOG_LEVEL")
      ->check(CLI::IsMember({"debug", "info", "warning", "error", "off"}))
      ->capture_default_str();
}

CLI::App* AddTokenCommand(CLI::App& app, Flags& flags) {
  CLI::App* token = app.add_subcommand("token", "Looks after tokens");
  token->require_subcommand(1);
  CLI::App* make = token->add_subcommand("new", "Makes a token and its line for --token-file");
  make->add_option("--name", flags.token_name, "Who will use it")->required();
  make->add_option("--role", flags.token_role, "viewer, runner or admin")
      ->required()
      ->check(CLI::IsMember({"viewer", "runner", "admin"}));
  make->add_option("--project", flags.token_project, "The one project it opens, or * for all")
      ->capture_default_str();
  return make;
}

}  // namespace

Command ParseCommandLine(int argc, char** argv) {
  Flags flags;
  CLI::App app("Keeps datasets, outputs and runs, and judges whether a change made a model worse.",
               "assay-server");
  app.footer(kExamples);
  app.set_version_flag("--version", "assay-server " ASSAY_VERSION);
  AddServeFlags(app, flags);
  const CLI::App* make_token = AddTokenCommand(app, flags);
  Command command;
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    command.exit_code = app.exit(error) == 0 ? 0 : kUsageError;
    return command;
  }
  setenv("ASSAY_LOG_LEVEL", flags.log_level.c_str(), 1);
  if (make_token->parsed()) {
    command.new_token =
        TokenOptions{flags.token_name, *api::ParseRole(flags.token_role), flags.token_project};
    return command;
  }
  absl::StatusOr<ServeOptions> options = CheckFlags(flags);
  if (!options.ok()) {
    std::cerr << "assay-server: " << options.status().message() << "\n";
    command.exit_code = kUsageError;
    return command;
  }
  command.serve = *std::move(options);
  return command;
}

}  // namespace assay
