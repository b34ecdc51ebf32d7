#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/output.h"
#include "client/cli/progress.h"
#include "client/cli/settings.h"
#include "client/cli/table.h"
#include "client/cli/terminal.h"

namespace assay::client {
class Client;
class CommandTrace;
class LocalServer;
}  // namespace assay::client

namespace assay::cli {

// Options that every command takes, as they were typed.
struct GlobalOptions {
  SettingValues flags;
  bool is_local = false;  // --local
  std::string output = "text";
  std::span<const OutputFormat> formats = kTableFormats;  // that the command can write
  bool is_quiet = false;
};

// What a command works with: settings, standard output and error, and the server. Owned by one
// thread.
class Context {
 public:
  // Reads the configuration. INVALID_ARGUMENT names what is wrong with it. `trace` records the
  // calls and outlives the context; nullptr: none are recorded.
  static absl::StatusOr<std::unique_ptr<Context>> Make(const GlobalOptions& options,
                                                       const Environment& environment,
                                                       client::CommandTrace* trace);
  // Leaves the server; see Disconnect.
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  const std::string& project() const { return settings_.at(SettingId::kProject); }
  // `--local`, or the endpoint `local`.
  bool is_local() const { return settings_.at(SettingId::kEndpoint) == "local"; }
  OutputFormat format() const { return format_; }
  std::size_t width() const { return width_; }
  bool uses_unicode() const { return uses_unicode_; }
  const Palette& palette() const { return palette_; }

  // The server, connected at the first call; in local mode it is found or started then.
  absl::StatusOr<client::Client*> Connect();
  // Leaves the server; one that was started here stops.
  void Disconnect();
  // Endpoint for messages: an address or the data directory.
  std::string ServerText() const;
  // What reaches the same server when it is added to another command: ` --local=DIR`; empty unless
  // this command said so with a flag.
  const std::string& command_suffix() const { return command_suffix_; }

  // The caller's token; empty without one.
  absl::StatusOr<std::string> Token() const;

  // Writes to standard output, as it is.
  void Print(std::string_view text) const;
  // Writes what a person reads: in ASCII marks where the locale has no others.
  void PrintReport(std::string text) const;
  // Writes `message` or `table`, as -o asks, which is one of kTableFormats; `table` is used for
  // text, CSV and Markdown.
  void Print(const google::protobuf::Message& message, const Table& table) const;
  // A line on standard error for a person: only on a terminal and without --quiet.
  void Note(std::string_view text) const;
  // A line on standard error that a script's log should have too; not with --quiet.
  void Warn(std::string_view text) const;
  // Says that a list was cut, when `next_page_token` is not empty.
  void WarnOfMore(std::string_view next_page_token) const;
  // How to draw progress on standard error.
  ProgressBar::Options ProgressOptions() const;

 private:
  Context(SettingValues settings, std::string command_suffix, OutputFormat format, bool is_quiet,
          ColorMode color, const Environment& environment, client::CommandTrace* trace);

  const SettingValues settings_;
  const std::string command_suffix_;
  const OutputFormat format_;
  const bool is_quiet_;
  const std::size_t width_;  // of standard output
  const std::size_t stderr_width_;
  const bool uses_unicode_;
  const Palette palette_;
  const bool stderr_is_terminal_;
  client::CommandTrace* const trace_;  // may be nullptr
  std::unique_ptr<client::LocalServer> local_server_;
  std::unique_ptr<client::Client> client_;
};

}  // namespace assay::cli
