#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace assay::cli {

// Where some work stands.
struct ProgressState {
  std::string_view label;  // for instance `eval mlp@2`
  std::string_view unit = "rows";
  std::int64_t done = 0;
  std::int64_t total = 0;          // 0: unknown
  std::optional<double> fraction;  // of the work, when it is known otherwise than done / total
  std::chrono::duration<double> elapsed{0};
};

// `label  ━━━━━━━╸━━━━  612k/1.00M rows  254k rows/s  ETA 1.5 s`, at most `width` columns. The bar
// goes when there is no room or no known total; no ETA before there is a rate. Work that counts
// nothing (an empty unit) shows how long it has taken.
std::string ProgressLine(const ProgressState& state, std::size_t width, bool uses_unicode);

// One line on standard error that is drawn over again, at most ten times a second, and removed at
// the end. Owned by one thread.
class ProgressBar {
 public:
  using Now = std::function<std::chrono::steady_clock::time_point()>;
  using Write = std::function<void(std::string_view)>;

  struct Options {
    bool is_shown = false;  // false: nothing is ever written
    std::size_t width = 80;
    bool uses_unicode = true;
    Now now = [] { return std::chrono::steady_clock::now(); };
    Write write;  // to standard error
  };

  ProgressBar(std::string label, std::string unit, Options options);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void Update(std::int64_t done, std::int64_t total, std::optional<double> fraction = std::nullopt);
  // Removes the line. Called by the destructor too.
  void Clear();

 private:
  const std::string label_;
  const std::string unit_;
  const Options options_;
  const std::chrono::steady_clock::time_point start_;
  std::optional<std::chrono::steady_clock::time_point> drawn_at_;
};

}  // namespace assay::cli
