#include "client/cli/progress.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/cli/numbers.h"
#include "client/cli/text_width.h"

namespace assay::cli {
namespace {

constexpr std::chrono::milliseconds kInterval{100};
constexpr std::size_t kWidestBar = 24;
constexpr std::size_t kNarrowestBar = 8;
// Rates before this are noise.
constexpr double kRateAfterSeconds = 0.3;

std::string Bar(double fraction, std::size_t width, bool uses_unicode) {
  const double filled = std::clamp(fraction, 0.0, 1.0) * static_cast<double>(width);
  const auto whole = static_cast<std::size_t>(filled);
  const bool has_half = filled - static_cast<double>(whole) >= 0.5;
  std::string bar;
  for (std::size_t i = 0; i < width; ++i) {
    if (uses_unicode) {
      bar += i < whole ? "━" : i == whole && has_half ? "╸" : "┄";
    } else {
      bar += i < whole ? '#' : '-';
    }
  }
  return bar;
}

}  // namespace

std::string ProgressLine(const ProgressState& state, std::size_t width, bool uses_unicode) {
  if (state.unit.empty()) {
    return Shortened(
        absl::StrFormat("%s  %s", OneLine(state.label), DurationText(state.elapsed.count())),
        width);
  }
  std::optional<double> fraction = state.fraction;
  if (!fraction.has_value() && state.total > 0) {
    fraction = static_cast<double>(state.done) / static_cast<double>(state.total);
  }
  std::string figures = ShortCountText(static_cast<double>(state.done));
  if (state.total > 0) {
    figures += "/" + ShortCountText(static_cast<double>(state.total));
  }
  figures += absl::StrFormat(" %s", state.unit);
  const double seconds = state.elapsed.count();
  if (seconds >= kRateAfterSeconds && state.done > 0) {
    figures += absl::StrFormat(
        "  %s %s/s", ShortCountText(static_cast<double>(state.done) / seconds), state.unit);
    if (fraction.has_value() && *fraction > 0 && *fraction < 1) {
      figures += "  ETA " + DurationText(seconds / *fraction * (1 - *fraction));
    }
  }
  std::string line = OneLine(state.label) + "  ";
  const std::size_t used = DisplayWidth(line) + DisplayWidth(figures) + 2;
  if (fraction.has_value() && used + kNarrowestBar <= width) {
    line += Bar(*fraction, std::min(kWidestBar, width - used), uses_unicode) + "  ";
  }
  return Shortened(line + figures, width);
}

ProgressBar::ProgressBar(std::string label, std::string unit, Options options)
    : label_(std::move(label)),
      unit_(std::move(unit)),
      options_(std::move(options)),
      start_(options_.now()) {}

ProgressBar::~ProgressBar() { Clear(); }

void ProgressBar::Update(std::int64_t done, std::int64_t total, std::optional<double> fraction) {
  if (!options_.is_shown) {
    return;
  }
  const auto now = options_.now();
  if (drawn_at_.has_value() && now - *drawn_at_ < kInterval) {
    return;
  }
  drawn_at_ = now;
  const ProgressState state{label_, unit_, done, total, fraction, now - start_};
  // One column stays free: a full last column would wrap in some terminals.
  options_.write("\r" + ProgressLine(state, options_.width - 1, options_.uses_unicode) + "\x1b[K");
}

void ProgressBar::Clear() {
  if (drawn_at_.has_value()) {
    options_.write("\r\x1b[K");
    drawn_at_.reset();
  }
}

}  // namespace assay::cli
