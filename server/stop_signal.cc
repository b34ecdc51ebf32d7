#include "server/stop_signal.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace assay {
namespace {

constexpr long kPollIntervalNs = 50'000'000;
constexpr std::chrono::seconds kFirstUserPatience{10};

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  return signals;
}

// The stop signal that came within the interval, 0 for none.
int PollSignal() {
  const sigset_t signals = StopSignals();
  const timespec interval{0, kPollIntervalNs};
  const int signal = sigtimedwait(&signals, nullptr, &interval);
  return signal > 0 ? signal : 0;
}

std::string Describe(int signal) { return absl::StrFormat("signal %s", sigabbrev_np(signal)); }

}  // namespace

void BlockStopSignals() {
  const sigset_t signals = StopSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

absl::StatusOr<UsersFile> UsersFile::Open(const std::filesystem::path& data_dir) {
  const std::filesystem::path path = data_dir / "users";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) {
    return absl::FailedPreconditionError(
        absl::StrFormat("cannot open '%s': %s", path.string(), std::strerror(errno)));
  }
  return UsersFile(fd);
}

UsersFile::UsersFile(UsersFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

UsersFile::~UsersFile() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

bool UsersFile::TryLock() { return ::flock(fd_, LOCK_EX | LOCK_NB) == 0; }

void UsersFile::Unlock() { ::flock(fd_, LOCK_UN); }

std::string WaitForStop(UsersFile* users) {
  const sigset_t signals = StopSignals();
  if (users == nullptr) {
    int signal = 0;
    while (sigwait(&signals, &signal) != 0) {
    }
    return Describe(signal);
  }
  bool was_used = false;
  const auto first_user_by = std::chrono::steady_clock::now() + kFirstUserPatience;
  for (;;) {
    if (const int signal = PollSignal(); signal != 0) {
      return Describe(signal);
    }
    if (!users->TryLock()) {
      was_used = true;
    } else if (was_used || std::chrono::steady_clock::now() >= first_user_by) {
      return "nobody uses the server";
    } else {
      users->Unlock();
    }
  }
}

void LetSignalsKill() {
  const sigset_t signals = StopSignals();
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
    ::signal(signal, SIG_DFL);
  }
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

}  // namespace assay
