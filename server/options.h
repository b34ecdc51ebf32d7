#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/kernels/isa.h"
#include "server/api/auth.h"
#include "server/api/listen_address.h"
#include "server/api/server.h"

namespace assay {

// What a server was told on its command line, checked, with the files it names read.
struct ServeOptions {
  std::filesystem::path data_dir;
  api::ListenAddress listen;
  api::ListenAddress http_listen;
  api::TlsFiles tls;
  api::Authenticator authenticator = api::Authenticator::AllowAll();
  bool has_reflection = true;
  std::string public_url;   // empty: the HTTP address
  std::string public_host;  // of public_url; empty: none
  int num_workers = 1;
  Isa isa = Isa::kBaseline;  // of the kernels; this machine can run it
  bool exit_when_unused = false;
  std::int64_t trace_max_days = 30;
  std::int64_t trace_max_bytes = std::int64_t{10} << 30;
};

struct TokenOptions {
  std::string name;
  api::Role role = api::Role::kViewer;
  std::string project;
};

// What the command line asks for: exactly one of the first two, or to exit with `exit_code`.
struct Command {
  std::optional<ServeOptions> serve;
  std::optional<TokenOptions> new_token;
  int exit_code = 0;
};

// Reads the command line; prints help, version and errors itself. A wrong command line, a file that
// cannot be read, and an address that other machines can reach without TLS and tokens give exit
// code
// 2. Sets the log level.
Command ParseCommandLine(int argc, char** argv);

}  // namespace assay
