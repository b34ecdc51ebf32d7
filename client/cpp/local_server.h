#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace assay::client {

// Where a server listens.
struct ServerAddresses {
  std::string grpc;  // HOST:PORT
  std::string http;  // HOST:PORT
};

// Reads `grpc=HOST:PORT http=HOST:PORT`, with or without a leading `ready `. INVALID_ARGUMENT when
// one of the two is missing.
absl::StatusOr<ServerAddresses> ParseServerAddresses(const std::string& line);

// A server on a data directory for as long as this object lives: one that already holds the
// directory, or one that is started for it.
//
// Files in the directory, shared with the server:
//   users     every user holds it shared (flock); a server that shuts down holds it exclusively
//   lock      held exclusively by the live server
//   endpoint  where that server listens
//   starting  held exclusively by the one command that may look at `lock` and start a server
//
// A server started here has a process group of its own and runs with --exit-when-unused, so it ends
// by itself when its users die. Owned by one thread.
class LocalServer {
 public:
  struct Options {
    std::filesystem::path data_dir;
    // The program to start; empty: FindServerProgram.
    std::filesystem::path program;
    // For the directory to become free and the server to become ready, each.
    std::chrono::milliseconds patience{30'000};
  };

  // FAILED_PRECONDITION when the server does not start, with its own words; NOT_FOUND when there is
  // no program to start; DEADLINE_EXCEEDED when the directory stays busy.
  static absl::StatusOr<std::unique_ptr<LocalServer>> Join(const Options& options);
  // Leaves. Stops the server that was started here unless somebody else uses it, and waits for its
  // end.
  ~LocalServer();
  LocalServer(const LocalServer&) = delete;
  LocalServer& operator=(const LocalServer&) = delete;

  const ServerAddresses& addresses() const { return addresses_; }

 private:
  LocalServer() = default;
  // Finds or starts the server. The caller holds `starting`.
  absl::Status Attach(const Options& options);
  absl::Status Start(const Options& options);

  int users_fd_ = -1;
  int ready_fd_ = -1;  // standard output of the server started here
  pid_t server_pid_ = -1;
  ServerAddresses addresses_;
};

// `assay-server` beside this program, else in PATH.
absl::StatusOr<std::filesystem::path> FindServerProgram();

}  // namespace assay::client
