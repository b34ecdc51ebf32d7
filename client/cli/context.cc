#include "client/cli/context.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/cli/exit_codes.h"
#include "client/cli/text_width.h"
#include "client/cpp/client.h"
#include "client/cpp/connection.h"
#include "client/cpp/local_server.h"
#include "client/cpp/references.h"
#include "client/cpp/status_macros.h"

namespace assay::cli {
namespace {

std::string CommandSuffix(const GlobalOptions& options) {
  const auto value = [&options](SettingId id) {
    const auto found = options.flags.find(id);
    return found == options.flags.end() ? std::string() : found->second;
  };
  if (options.is_local) {
    const std::string directory = value(SettingId::kDataDir);
    return directory.empty() ? " --local" : " --local=" + directory;
  }
  const std::string endpoint = value(SettingId::kEndpoint);
  return endpoint.empty() ? "" : " --endpoint " + endpoint;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Context>> Context::Make(const GlobalOptions& options,
                                                       const Environment& environment,
                                                       client::CommandTrace* trace) {
  SettingValues flags = options.flags;
  if (options.is_local) {
    if (flags.contains(SettingId::kEndpoint)) {
      return absl::InvalidArgumentError("give either --local or --endpoint");
    }
    flags[SettingId::kEndpoint] = "local";
  }
  SettingValues config;
  std::error_code error;
  const std::filesystem::path directory = std::filesystem::current_path(error);
  if (const auto path = FindConfigFile(directory, environment)) {
    ASSAY_ASSIGN_OR_RETURN(config, ReadConfigFile(*path));
  }
  SettingValues settings = ResolveSettings(flags, environment, config);
  ASSAY_ASSIGN_OR_RETURN(const ColorMode color, ParseColorMode(settings[SettingId::kColor]));
  ASSAY_ASSIGN_OR_RETURN(const OutputFormat format,
                         ParseOutputFormat("output", options.output, options.formats));
  ASSAY_RETURN_IF_ERROR(client::CheckResourceId(settings[SettingId::kProject]));
  return std::unique_ptr<Context>(new Context(std::move(settings), CommandSuffix(options), format,
                                              options.is_quiet, color, environment, trace));
}

Context::Context(SettingValues settings, std::string command_suffix, OutputFormat format,
                 bool is_quiet, ColorMode color, const Environment& environment,
                 client::CommandTrace* trace)
    : settings_(std::move(settings)),
      command_suffix_(std::move(command_suffix)),
      format_(format),
      is_quiet_(is_quiet),
      width_(OutputWidth(STDOUT_FILENO, environment)),
      stderr_width_(OutputWidth(STDERR_FILENO, environment)),
      uses_unicode_(UsesUnicode(environment)),
      palette_(UsesColor(color, IsTerminal(STDOUT_FILENO), environment)),
      stderr_is_terminal_(IsTerminal(STDERR_FILENO)),
      trace_(trace) {}

Context::~Context() { Disconnect(); }

absl::StatusOr<std::string> Context::Token() const {
  const std::string& token = settings_.at(SettingId::kToken);
  const std::string& path = settings_.at(SettingId::kTokenFile);
  if (!token.empty() || path.empty()) {
    return token;
  }
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line) || line.empty()) {
    return absl::InvalidArgumentError(absl::StrFormat("no token in '%s'", path));
  }
  return line;
}

absl::StatusOr<client::Client*> Context::Connect() {
  if (client_ != nullptr) {
    return client_.get();
  }
  client::ConnectionOptions options;
  options.trace = trace_;
  if (is_local()) {
    client::LocalServer::Options local;
    local.data_dir = settings_.at(SettingId::kDataDir);
    ASSAY_ASSIGN_OR_RETURN(local_server_, client::LocalServer::Join(local));
    options.endpoint = local_server_->addresses().grpc;
  } else {
    options.endpoint = settings_.at(SettingId::kEndpoint);
    options.ca_file = settings_.at(SettingId::kCaFile);
  }
  ASSAY_ASSIGN_OR_RETURN(options.token, Token());
  ASSAY_ASSIGN_OR_RETURN(std::unique_ptr<client::Connection> connection,
                         client::Connection::Open(options));
  client_ = std::make_unique<client::Client>(std::move(connection));
  return client_.get();
}

void Context::Disconnect() {
  client_.reset();
  local_server_.reset();
}

std::string Context::ServerText() const {
  return is_local() ? settings_.at(SettingId::kDataDir) : settings_.at(SettingId::kEndpoint);
}

void Context::Print(std::string_view text) const {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

void Context::PrintReport(std::string text) const {
  Print(uses_unicode_ ? std::move(text) : WithAsciiMarks(std::move(text)));
}

void Context::Print(const google::protobuf::Message& message, const Table& table) const {
  switch (format_) {
    case OutputFormat::kJson:
      Print(JsonText(message));
      return;
    case OutputFormat::kJsonl:
      Print(JsonLines(message));
      return;
    case OutputFormat::kCsv:
      Print(table.Csv());
      return;
    case OutputFormat::kMarkdown:
      Print(table.Markdown());
      return;
    default:
      PrintReport(table.Text(width_, palette_));
  }
}

void Context::Note(std::string_view text) const {
  if (stderr_is_terminal_) {
    Warn(text);
  }
}

void Context::Warn(std::string_view text) const {
  if (!is_quiet_) {
    const std::string line = absl::StrFormat("%s\n", text);
    std::fwrite(line.data(), 1, line.size(), stderr);
  }
}

void Context::WarnOfMore(std::string_view next_page_token) const {
  if (!next_page_token.empty()) {
    Warn("There is more: --limit N shows N, --limit 0 all.");
  }
}

ProgressBar::Options Context::ProgressOptions() const {
  ProgressBar::Options options;
  options.is_shown = stderr_is_terminal_ && !is_quiet_;
  options.width = stderr_width_;
  options.uses_unicode = uses_unicode_;
  options.write = [](std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); };
  return options;
}

}  // namespace assay::cli
