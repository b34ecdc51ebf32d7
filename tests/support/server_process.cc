#include "tests/support/server_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/str_format.h"

namespace assay::test {
namespace {

using Milliseconds = std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

std::string ReadAll(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

struct Child {
  pid_t pid = -1;
  int stdout_fd = -1;
};

// Starts the server program with stdout in a pipe and stderr appended to a file.
Child Spawn(const std::vector<std::string>& arguments, const std::filesystem::path& log) {
  std::vector<std::string> words = {ASSAY_SERVER_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  const int log_fd = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const int null_fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  int pipe_fds[2] = {-1, -1};
  if (log_fd < 0 || null_fd < 0 || ::pipe2(pipe_fds, O_CLOEXEC) != 0) {
    std::perror("server_process");
    std::abort();
  }
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) {  // only calls that are safe beside other threads
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) {
      ::_exit(127);
    }
    ::dup2(null_fd, STDIN_FILENO);
    ::dup2(pipe_fds[1], STDOUT_FILENO);
    ::dup2(log_fd, STDERR_FILENO);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(pipe_fds[1]);
  ::close(null_fd);
  ::close(log_fd);
  return {pid, pipe_fds[0]};
}

// Exit code of a child that ended by `deadline`, 128 and the signal when one ended it.
std::optional<int> WaitFor(pid_t pid, SteadyClock::time_point deadline) {
  constexpr Milliseconds kPause{2};
  for (;;) {
    int status = 0;
    if (::waitpid(pid, &status, WNOHANG) == pid) {
      return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    if (SteadyClock::now() >= deadline) {
      return std::nullopt;
    }
    std::this_thread::sleep_for(kPause);
  }
}

// Reads until a newline (left out), the end, or `deadline`.
std::string ReadUntil(int fd, bool stops_at_newline, SteadyClock::time_point deadline) {
  std::string text;
  for (;;) {
    const auto left =
        std::chrono::duration_cast<Milliseconds>(deadline - SteadyClock::now()).count();
    pollfd waiting{fd, POLLIN, 0};
    const int ready = left > 0 ? ::poll(&waiting, 1, static_cast<int>(left)) : 0;
    if (ready < 0 && errno == EINTR) {
      continue;
    }
    char c = 0;
    if (ready <= 0 || ::read(fd, &c, 1) != 1 || (stops_at_newline && c == '\n')) {
      return text;
    }
    text.push_back(c);
  }
}

// The word behind `key` in a line of `key=value`s.
std::string ValueOf(const std::string& line, const std::string& key) {
  const std::size_t begin = line.find(key + "=");
  if (begin == std::string::npos) {
    return "";
  }
  const std::size_t value = begin + key.size() + 1;
  return line.substr(value, line.find(' ', value) - value);
}

}  // namespace

TempDir::TempDir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "assay-test-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    std::perror("mkdtemp");
    std::abort();
  }
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

absl::StatusOr<std::unique_ptr<ServerProcess>> ServerProcess::Start(const Options& options) {
  std::unique_ptr<ServerProcess> server(new ServerProcess);
  server->options_ = options;
  server->log_dir_ = std::make_unique<TempDir>();
  if (options.data_dir.empty()) {
    server->own_dir_ = std::make_unique<TempDir>();
    server->options_.data_dir = server->own_dir_->path();
  }
  if (absl::Status status = server->Restart(); !status.ok()) {
    return status;
  }
  return server;
}

absl::Status ServerProcess::Restart() {
  std::vector<std::string> arguments = {"--data-dir",    options_.data_dir.string(),
                                        "--listen",      "127.0.0.1:0",
                                        "--http-listen", "127.0.0.1:0"};
  arguments.insert(arguments.end(), options_.flags.begin(), options_.flags.end());
  if (stdout_fd_ >= 0) {
    ::close(stdout_fd_);
  }
  const Child child = Spawn(arguments, log_dir_->path() / "stderr");
  pid_ = child.pid;
  stdout_fd_ = child.stdout_fd;
  ready_line_ = ReadUntil(stdout_fd_, true, SteadyClock::now() + options_.ready_timeout);
  grpc_address_ = ValueOf(ready_line_, "grpc");
  http_address_ = ValueOf(ready_line_, "http");
  if (!grpc_address_.empty() && !http_address_.empty()) {
    return absl::OkStatus();
  }
  const int exit_code = Wait(Milliseconds(1000));
  if (exit_code < 0) {
    Kill();
    return absl::DeadlineExceededError("assay-server did not become ready: " + Log());
  }
  return absl::FailedPreconditionError(
      absl::StrFormat("assay-server ended with %d: %s", exit_code, Log()));
}

ServerProcess::~ServerProcess() {
  Kill();
  if (stdout_fd_ >= 0) {
    ::close(stdout_fd_);
  }
}

std::string ServerProcess::Log() const { return ReadAll(log_dir_->path() / "stderr"); }

void ServerProcess::Signal(int signal) {
  if (pid_ > 0) {
    ::kill(pid_, signal);
  }
}

int ServerProcess::Wait(Milliseconds timeout) {
  if (pid_ <= 0) {
    return -1;
  }
  const std::optional<int> exit_code = WaitFor(pid_, SteadyClock::now() + timeout);
  if (!exit_code.has_value()) {
    return -1;
  }
  pid_ = -1;
  return *exit_code;
}

int ServerProcess::Terminate() {
  Signal(SIGTERM);
  return Wait();
}

void ServerProcess::Kill() {
  Signal(SIGKILL);
  Wait();
}

ProgramResult RunServerProgram(const std::vector<std::string>& arguments, Milliseconds timeout) {
  const TempDir directory;
  const std::filesystem::path log = directory.path() / "stderr";
  const auto deadline = SteadyClock::now() + timeout;
  const Child child = Spawn(arguments, log);
  ProgramResult result;
  result.out = ReadUntil(child.stdout_fd, false, deadline);
  ::close(child.stdout_fd);
  if (const std::optional<int> exit_code = WaitFor(child.pid, deadline)) {
    result.exit_code = *exit_code;
  } else {
    ::kill(child.pid, SIGKILL);
    WaitFor(child.pid, SteadyClock::now() + Milliseconds(10'000));
  }
  result.err = ReadAll(log);
  return result;
}

}  // namespace assay::test
