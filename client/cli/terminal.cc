#include "client/cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace assay::cli {
namespace {

constexpr std::size_t kDefaultWidth = 100;
constexpr std::size_t kNarrowest = 40;

bool IsSet(const Environment& environment, const char* name) {
  const std::optional<std::string> value = environment(name);
  return value.has_value() && !value->empty();
}

const char* Sequence(Ink ink) {
  switch (ink) {
    case Ink::kRed:
      return "\x1b[31m";
    case Ink::kGreen:
      return "\x1b[32m";
    case Ink::kYellow:
      return "\x1b[33m";
    case Ink::kCyan:
      return "\x1b[36m";
    case Ink::kBold:
      return "\x1b[1m";
    case Ink::kDim:
      return "\x1b[2m";
  }
  return "";
}

}  // namespace

absl::StatusOr<ColorMode> ParseColorMode(std::string_view text) {
  if (text == "auto") {
    return ColorMode::kAuto;
  }
  if (text == "always") {
    return ColorMode::kAlways;
  }
  if (text == "never") {
    return ColorMode::kNever;
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("color is auto, always or never, not '%s'", text));
}

bool UsesColor(ColorMode mode, bool is_terminal, const Environment& environment) {
  if (mode != ColorMode::kAuto) {
    return mode == ColorMode::kAlways;
  }
  if (IsSet(environment, "NO_COLOR")) {
    return false;
  }
  if (IsSet(environment, "CLICOLOR_FORCE") && environment("CLICOLOR_FORCE") != "0") {
    return true;
  }
  return is_terminal && environment("TERM") != "dumb";
}

bool UsesUnicode(const Environment& environment) {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    if (IsSet(environment, name)) {
      std::string value = *environment(name);
      std::transform(value.begin(), value.end(), value.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      return value.find("utf-8") != std::string::npos || value.find("utf8") != std::string::npos;
    }
  }
  return true;
}

std::size_t OutputWidth(int fd, const Environment& environment) {
  winsize size{};
  if (IsTerminal(fd) && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    return std::max<std::size_t>(size.ws_col, kNarrowest);
  }
  if (const auto columns = environment("COLUMNS"); columns.has_value()) {
    const long value = std::strtol(columns->c_str(), nullptr, 10);
    if (value > 0) {
      return std::max(static_cast<std::size_t>(value), kNarrowest);
    }
  }
  return kDefaultWidth;
}

bool IsTerminal(int fd) { return isatty(fd) == 1; }

std::string Palette::operator()(Ink ink, std::string_view text) const {
  if (!is_enabled_) {
    return std::string(text);
  }
  return absl::StrFormat("%s%s\x1b[0m", Sequence(ink), text);
}

}  // namespace assay::cli
