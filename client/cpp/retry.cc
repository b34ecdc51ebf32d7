#include "client/cpp/retry.h"

#include <algorithm>

namespace assay::client {
namespace {

constexpr std::chrono::milliseconds kFirstDelay{50};
constexpr std::chrono::milliseconds kLongestDelay{2'000};

}  // namespace

std::optional<std::chrono::milliseconds> Backoff::Next() {
  if (waited_ >= patience_) {
    return std::nullopt;
  }
  const std::chrono::milliseconds delay = std::min(delay_, patience_ - waited_);
  waited_ += delay;
  delay_ = std::min(2 * delay_, kLongestDelay);
  return delay;
}

void Backoff::Reset() {
  waited_ = std::chrono::milliseconds{0};
  delay_ = kFirstDelay;
}

bool IsTransient(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
         absl::IsResourceExhausted(status) || absl::IsAborted(status);
}

}  // namespace assay::client
