#include "client/cli/numbers.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>

#include "absl/strings/str_format.h"

namespace assay::cli {
namespace {

// `value` with three significant digits, at least those before the point.
std::string ThreeDigits(double value) {
  const int decimals = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return absl::StrFormat("%.*f", decimals, value);
}

// `value` without the zeros that end its decimals.
std::string Trimmed(double value, int decimals) {
  std::string text = absl::StrFormat("%.*f", decimals, value);
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') {
      text.pop_back();
    }
  }
  return text;
}

}  // namespace

std::string CountText(std::int64_t count) {
  const std::string digits = absl::StrFormat("%d", count);
  const std::size_t first = count < 0 ? 1 : 0;
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > first && (digits.size() - i) % 3 == 0) {
      text += ',';
    }
    text += digits[i];
  }
  return text;
}

std::string CountText(std::int64_t count, std::string_view noun) {
  return absl::StrFormat("%s %s%s", CountText(count), noun, count == 1 ? "" : "s");
}

std::string ShortCountText(double count) {
  if (count < 999.5) {
    return absl::StrFormat("%.0f", count);
  }
  if (count < 999'500) {
    return ThreeDigits(count / 1e3) + "k";
  }
  return count < 999'500'000 ? ThreeDigits(count / 1e6) + "M" : ThreeDigits(count / 1e9) + "G";
}

std::string DurationText(double seconds) {
  if (seconds < 1e-3) {
    return absl::StrFormat("%.0f µs", seconds * 1e6);
  }
  if (seconds < 1) {
    return absl::StrFormat("%.*f ms", seconds < 0.1 ? 1 : 0, seconds * 1e3);
  }
  if (seconds < 60) {
    return absl::StrFormat("%.1f s", seconds);
  }
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 3600) {
    return absl::StrFormat("%d min %02d s", whole / 60, whole % 60);
  }
  return absl::StrFormat("%d h %02d min", whole / 3600, whole % 3600 / 60);
}

std::string BytesText(double bytes) {
  constexpr std::array<const char*, 5> kUnits = {"B", "kB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  while (bytes >= 999.5 && unit + 1 < kUnits.size()) {
    bytes /= 1000;
    ++unit;
  }
  return absl::StrFormat("%.*f %s", unit == 0 || bytes >= 99.5 ? 0 : 1, bytes, kUnits[unit]);
}

std::string ProbabilityText(std::optional<double> p) {
  if (!p.has_value()) {
    return "";
  }
  if (*p < 0.001) {
    return "<.001";
  }
  if (*p > 0.9995) {
    return "1";
  }
  return absl::StrFormat("%.3f", *p).substr(1);
}

std::string TimeText(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  gmtime_r(&time, &parts);
  char text[32];
  const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
  return {text, length};
}

MetricStyle::MetricStyle(bool is_share, std::string_view unit) {
  if (is_share) {
    scale_ = 100;
    decimals_ = 2;
    unit_ = "pp";
  } else if (unit == "us") {
    decimals_ = 1;
    unit_ = "µs";
    is_plain_ = false;
  } else if (!unit.empty()) {
    unit_ = std::string(unit);
    is_plain_ = false;
  }
}

std::string MetricStyle::Value(std::optional<double> value) const {
  if (!value.has_value()) {
    return "-";
  }
  if (is_plain_) {
    return absl::StrFormat("%.4f", *value);
  }
  return absl::StrFormat("%.*f %s", decimals_, *value, unit_);
}

std::string MetricStyle::Bare(double delta) const {
  // Never `-0.00`: a sign claims a direction.
  const double rounded =
      std::round(delta * scale_ * std::pow(10, decimals_)) / std::pow(10, decimals_);
  return rounded == 0 ? absl::StrFormat("%.*f", decimals_, 0.0)
                      : absl::StrFormat("%+.*f", decimals_, rounded);
}

std::string MetricStyle::Delta(std::optional<double> delta) const {
  if (!delta.has_value()) {
    return "-";
  }
  return unit_.empty() ? Bare(*delta) : absl::StrFormat("%s %s", Bare(*delta), unit_);
}

std::string MetricStyle::Interval(std::optional<double> lower, std::optional<double> upper) const {
  if (!lower.has_value() || !upper.has_value()) {
    return "-";
  }
  return absl::StrFormat("[%s, %s]", Bare(*lower), Bare(*upper));
}

std::string NumberText(double value) {
  const double magnitude = std::abs(value);
  if (value == std::round(value) && magnitude < 1e15) {
    return CountText(static_cast<std::int64_t>(value));
  }
  if (magnitude >= 1e-4 && magnitude < 1e6) {
    return Trimmed(value, magnitude >= 1000 ? 1 : magnitude >= 10 ? 2 : 4);
  }
  return absl::StrFormat("%.4g", value);
}

}  // namespace assay::cli
