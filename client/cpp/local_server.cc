#include "client/cpp/local_server.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "client/cpp/status_macros.h"

extern char** environ;

namespace assay::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPollInterval{20};
constexpr milliseconds kStopPatience{15'000};

// Opens (and creates) a lock file; the descriptor is not inherited by programs started here, since
// a lock lives as long as any copy of its descriptor.
absl::StatusOr<int> OpenLockFile(const std::filesystem::path& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("cannot open '%s': %s", path.string(), std::strerror(errno)));
  }
  return fd;
}

// Takes a lock (LOCK_SH or LOCK_EX) on the file as soon as it is free; DEADLINE_EXCEEDED with
// `problem` when that takes longer than `patience`. The lock ends when the descriptor is closed.
absl::StatusOr<int> WaitForLock(const std::filesystem::path& path, int kind, milliseconds patience,
                                const std::string& problem) {
  ASSAY_ASSIGN_OR_RETURN(const int fd, OpenLockFile(path));
  const auto deadline = steady_clock::now() + patience;
  while (flock(fd, kind | LOCK_NB) != 0) {
    if (steady_clock::now() >= deadline) {
      close(fd);
      return absl::DeadlineExceededError(problem);
    }
    std::this_thread::sleep_for(kPollInterval);
  }
  return fd;
}

// True when a live server holds the directory. Looking takes the lock for a moment, which is why
// only the holder of `starting` may: a server that starts just then would find it taken.
absl::StatusOr<bool> IsHeld(const std::filesystem::path& data_dir) {
  ASSAY_ASSIGN_OR_RETURN(const int fd, OpenLockFile(data_dir / "lock"));
  const bool is_free = flock(fd, LOCK_SH | LOCK_NB) == 0;
  close(fd);
  return !is_free;
}

std::optional<ServerAddresses> ReadEndpoint(const std::filesystem::path& data_dir) {
  std::ifstream file(data_dir / "endpoint");
  std::string line;
  if (!std::getline(file, line)) {
    return std::nullopt;
  }
  absl::StatusOr<ServerAddresses> addresses = ParseServerAddresses(line);
  return addresses.ok() ? std::optional(*std::move(addresses)) : std::nullopt;
}

// What the server wrote to its log since `offset`, its last few lines.
std::string LogTail(const std::filesystem::path& log, std::int64_t offset) {
  std::ifstream file(log);
  file.seekg(offset);
  std::ostringstream text;
  text << file.rdbuf();
  const std::string all = text.str();
  std::vector<std::string> lines = absl::StrSplit(all, '\n', absl::SkipWhitespace());
  constexpr std::size_t kMaxLines = 3;
  if (lines.size() > kMaxLines) {
    lines.erase(lines.begin(), lines.end() - kMaxLines);
  }
  std::string tail;
  for (const std::string& line : lines) {
    tail += (tail.empty() ? "" : "; ") + line;
  }
  return tail;
}

// Attributes and file actions of a process to start, freed with the scope.
class SpawnPlan {
 public:
  SpawnPlan() {
    posix_spawnattr_init(&attributes_);
    posix_spawn_file_actions_init(&actions_);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  // A process group of its own, so that Ctrl-C reaches only us, and signals as at start.
  void IsolateSignals() {
    sigset_t none;
    sigemptyset(&none);
    sigset_t ours;
    sigemptyset(&ours);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) {
      sigaddset(&ours, signal);
    }
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &ours);
    posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  void RedirectStreams(int stdout_fd, const std::filesystem::path& log) {
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, stdout_fd, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, log.c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND, 0644);
  }
  absl::StatusOr<pid_t> Spawn(std::vector<std::string> arguments) {
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (std::string& argument : arguments) {
      argv.push_back(argument.data());
    }
    argv.push_back(nullptr);
    pid_t pid = -1;
    const int error = posix_spawn(&pid, argv[0], &actions_, &attributes_, argv.data(), environ);
    if (error != 0) {
      return absl::FailedPreconditionError(
          absl::StrFormat("cannot start '%s': %s", arguments[0], std::strerror(error)));
    }
    return pid;
  }

 private:
  posix_spawnattr_t attributes_{};
  posix_spawn_file_actions_t actions_{};
};

// The first line that comes out of `fd`; absent when it closes first or `deadline` passes.
std::optional<std::string> ReadLine(int fd, steady_clock::time_point deadline) {
  std::string text;
  while (true) {
    const auto left =
        std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now()).count();
    pollfd poll_fd{fd, POLLIN, 0};
    const int ready = left > 0 ? poll(&poll_fd, 1, static_cast<int>(left)) : 0;
    if (ready < 0 && errno == EINTR) {
      continue;
    }
    if (ready <= 0) {
      return std::nullopt;
    }
    char buffer[512];
    const ssize_t count = read(fd, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      return std::nullopt;
    }
    text.append(buffer, static_cast<std::size_t>(count));
    const std::size_t end = text.find('\n');
    if (end != std::string::npos) {
      return text.substr(0, end);
    }
  }
}

// Waits for the end of `pid`, then ends it by force.
void Reap(pid_t pid, milliseconds patience) {
  const auto deadline = steady_clock::now() + patience;
  while (waitpid(pid, nullptr, WNOHANG) == 0) {
    if (steady_clock::now() >= deadline) {
      kill(pid, SIGKILL);
      waitpid(pid, nullptr, 0);
      return;
    }
    std::this_thread::sleep_for(kPollInterval);
  }
}

}  // namespace

absl::StatusOr<ServerAddresses> ParseServerAddresses(const std::string& line) {
  ServerAddresses addresses;
  const std::vector<std::string> words = absl::StrSplit(line, ' ', absl::SkipWhitespace());
  for (const std::string& word : words) {
    if (word.starts_with("grpc=")) {
      addresses.grpc = word.substr(5);
    } else if (word.starts_with("http=")) {
      addresses.http = word.substr(5);
    }
  }
  if (addresses.grpc.empty() || addresses.http.empty()) {
    return absl::InvalidArgumentError(absl::StrFormat("not a server's addresses: '%s'", line));
  }
  return addresses;
}

absl::StatusOr<std::unique_ptr<LocalServer>> LocalServer::Join(const Options& options) {
  std::error_code error;
  if (std::filesystem::create_directories(options.data_dir, error)) {
    // As the server makes it: for its owner alone.
    std::filesystem::permissions(options.data_dir, std::filesystem::perms::owner_all, error);
  }
  if (error) {
    return absl::InvalidArgumentError(absl::StrFormat("cannot make the directory '%s': %s",
                                                      options.data_dir.string(), error.message()));
  }
  std::unique_ptr<LocalServer> server(new LocalServer);
  const std::string directory = options.data_dir.string();
  ASSAY_ASSIGN_OR_RETURN(
      server->users_fd_,
      WaitForLock(options.data_dir / "users", LOCK_SH, options.patience,
                  absl::StrFormat("a server that shuts down still holds '%s'", directory)));
  ASSAY_ASSIGN_OR_RETURN(
      const int starting_fd,
      WaitForLock(
          options.data_dir / "starting", LOCK_EX, options.patience,
          absl::StrFormat("another command is still starting a server on '%s'", directory)));
  const absl::Status attached = server->Attach(options);
  close(starting_fd);
  if (!attached.ok()) {
    return attached;
  }
  return server;
}

LocalServer::~LocalServer() {
  if (server_pid_ > 0 && flock(users_fd_, LOCK_EX | LOCK_NB) == 0) {
    // Nobody else uses it, and nobody can begin to before it has ended.
    kill(server_pid_, SIGTERM);
    Reap(server_pid_, kStopPatience);
  }
  if (ready_fd_ >= 0) {
    close(ready_fd_);
  }
  if (users_fd_ >= 0) {
    close(users_fd_);
  }
}

absl::Status LocalServer::Attach(const Options& options) {
  const auto deadline = steady_clock::now() + options.patience;
  absl::Status failure = absl::OkStatus();
  while (true) {
    ASSAY_ASSIGN_OR_RETURN(const bool is_held, IsHeld(options.data_dir));
    if (is_held) {
      if (std::optional<ServerAddresses> addresses = ReadEndpoint(options.data_dir)) {
        addresses_ = *std::move(addresses);
        return absl::OkStatus();
      }
      failure = absl::OkStatus();
    } else if (!failure.ok()) {
      return failure;  // It failed, and not because another server took the directory.
    } else {
      failure = Start(options);
      if (failure.ok() || absl::IsNotFound(failure)) {
        return failure;
      }
    }
    if (steady_clock::now() >= deadline) {
      return absl::DeadlineExceededError(
          absl::StrFormat("the server on '%s' does not become ready", options.data_dir.string()));
    }
    std::this_thread::sleep_for(kPollInterval);
  }
}

absl::Status LocalServer::Start(const Options& options) {
  std::filesystem::path program = options.program;
  if (program.empty()) {
    ASSAY_ASSIGN_OR_RETURN(program, FindServerProgram());
  }
  const std::filesystem::path log = options.data_dir / "server.log";
  std::error_code error;
  const auto log_size = std::filesystem::file_size(log, error);
  const std::int64_t log_offset = error ? 0 : static_cast<std::int64_t>(log_size);

  int pipe_fds[2];
  if (pipe2(pipe_fds, O_CLOEXEC) != 0) {
    return absl::InternalError(absl::StrFormat("cannot make a pipe: %s", std::strerror(errno)));
  }
  SpawnPlan plan;
  plan.IsolateSignals();
  plan.RedirectStreams(pipe_fds[1], log);
  const absl::StatusOr<pid_t> pid =
      plan.Spawn({program.string(), "--data-dir", options.data_dir.string(), "--listen",
                  "127.0.0.1:0", "--http-listen", "127.0.0.1:0", "--exit-when-unused"});
  close(pipe_fds[1]);
  if (!pid.ok()) {
    close(pipe_fds[0]);
    return pid.status();
  }

  const std::optional<std::string> line =
      ReadLine(pipe_fds[0], steady_clock::now() + options.patience);
  absl::StatusOr<ServerAddresses> addresses = ParseServerAddresses(line.value_or(""));
  if (!addresses.ok()) {
    close(pipe_fds[0]);
    kill(*pid, SIGTERM);
    Reap(*pid, kStopPatience);
    const std::string tail = LogTail(log, log_offset);
    return absl::FailedPreconditionError(
        absl::StrFormat("the server did not start: %s",
                        tail.empty() ? absl::StrFormat("see '%s'", log.string()) : tail));
  }
  ready_fd_ = pipe_fds[0];
  server_pid_ = *pid;
  addresses_ = *std::move(addresses);
  return absl::OkStatus();
}

absl::StatusOr<std::filesystem::path> FindServerProgram() {
  constexpr char kName[] = "assay-server";
  std::vector<std::filesystem::path> candidates;
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) {
    candidates.push_back(self.parent_path() / kName);
  }
  if (const char* path = std::getenv("PATH"); path != nullptr) {
    const std::vector<std::string> folders = absl::StrSplit(path, ':', absl::SkipEmpty());
    for (const std::string& folder : folders) {
      candidates.push_back(std::filesystem::path(folder) / kName);
    }
  }
  for (const std::filesystem::path& candidate : candidates) {
    if (access(candidate.c_str(), X_OK) == 0 &&
        std::filesystem::is_regular_file(candidate, error)) {
      return candidate.lexically_normal();
    }
  }
  return absl::NotFoundError("cannot find the program assay-server beside assay or in PATH");
}

}  // namespace assay::client
