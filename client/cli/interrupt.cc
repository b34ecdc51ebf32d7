#include "client/cli/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

#include "client/cli/exit_codes.h"

namespace assay::cli {
namespace {

struct Note {
  std::mutex mutex;
  std::string text;  // guarded by mutex
};

// Never destroyed: the waiting thread may outlive main.
Note& TheNote() {
  static Note& note = *new Note;
  return note;
}

void WriteError(std::string_view text) {
  // Nothing can be done about an error here.
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
}

void SetNote(std::string text) {
  Note& note = TheNote();
  const std::lock_guard<std::mutex> lock(note.mutex);
  note.text = std::move(text);
}

}  // namespace

void HandleInterrupts(bool stderr_is_terminal) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  TheNote();
  std::thread([signals, stderr_is_terminal] {
    int signal = 0;
    while (sigwait(&signals, &signal) != 0) {
    }
    if (stderr_is_terminal) {
      WriteError("\r\x1b[K");
    }
    WriteError("assay: interrupted\n");
    Note& note = TheNote();
    const std::lock_guard<std::mutex> lock(note.mutex);
    if (!note.text.empty()) {
      WriteError("       " + note.text + "\n");
    }
    // Locks on a data directory end with the process; a server that was started here then stops.
    _exit(static_cast<int>(ExitCode::kInterrupted));
  }).detach();
}

InterruptNote::InterruptNote(std::string note) { SetNote(std::move(note)); }

InterruptNote::~InterruptNote() { SetNote(""); }

}  // namespace assay::cli
