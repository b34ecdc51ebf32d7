#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace assay::test {

// A directory of its own, removed with everything in it at the end.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// The built assay-server, run as a process on ports that the kernel chooses. It dies with the test.
// Owned by one thread.
class ServerProcess {
 public:
  struct Options {
    std::filesystem::path data_dir;  // empty: a fresh one, removed at the end
    std::vector<std::string> flags;  // after --data-dir, --listen and --http-listen
    std::chrono::milliseconds ready_timeout{30'000};
  };

  // Starts it and waits for its ready line. FAILED_PRECONDITION with what it said when it ends
  // first; DEADLINE_EXCEEDED when it does neither.
  static absl::StatusOr<std::unique_ptr<ServerProcess>> Start(const Options& options);
  static absl::StatusOr<std::unique_ptr<ServerProcess>> Start() { return Start(Options{}); }
  // Kills it if it still runs.
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  const std::string& grpc_address() const { return grpc_address_; }
  const std::string& http_address() const { return http_address_; }
  const std::string& ready_line() const { return ready_line_; }
  const std::filesystem::path& data_dir() const { return options_.data_dir; }
  pid_t pid() const { return pid_; }
  // Everything it wrote to stderr so far, over all starts.
  std::string Log() const;

  void Signal(int signal);
  // Its exit code, or 128 and the signal that ended it; -1 when it still runs after `timeout`.
  int Wait(std::chrono::milliseconds timeout = std::chrono::milliseconds(30'000));
  // SIGTERM, then Wait.
  int Terminate();
  // SIGKILL, then Wait.
  void Kill();
  // Starts it again on the same directory; it must have ended.
  absl::Status Restart();

 private:
  ServerProcess() = default;

  Options options_;
  std::unique_ptr<TempDir> own_dir_;
  std::unique_ptr<TempDir> log_dir_;
  pid_t pid_ = -1;
  int stdout_fd_ = -1;
  std::string ready_line_;
  std::string grpc_address_;
  std::string http_address_;
};

// What a program that ends by itself left behind.
struct ProgramResult {
  int exit_code = -1;  // 128 and the signal when one ended it; -1: killed after the timeout
  std::string out;
  std::string err;
};

// Runs assay-server with these arguments until it ends.
ProgramResult RunServerProgram(
    const std::vector<std::string>& arguments,
    std::chrono::milliseconds timeout = std::chrono::milliseconds(30'000));

}  // namespace assay::test
