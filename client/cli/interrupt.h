#pragma once

#include <string>

namespace assay::cli {

// Ctrl-C and SIGTERM end the program with exit code 130 at once, after removing a progress line and
// printing what goes on without it. Call once, before any thread is started: a thread of its own
// waits for the signals, which all others block.
void HandleInterrupts(bool stderr_is_terminal);

// While it lives, an interrupt prints `note`. One at a time.
class InterruptNote {
 public:
  explicit InterruptNote(std::string note);
  ~InterruptNote();
  InterruptNote(const InterruptNote&) = delete;
  InterruptNote& operator=(const InterruptNote&) = delete;
};

}  // namespace assay::cli
