#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "client/cli/settings.h"

namespace assay::cli {

enum class ColorMode { kAuto, kAlways, kNever };

// `auto`, `always` or `never`.
absl::StatusOr<ColorMode> ParseColorMode(std::string_view text);

// Whether to colour what goes to a stream. `always` and `never` decide; otherwise NO_COLOR (not
// empty) forbids, CLICOLOR_FORCE (neither empty nor `0`) demands, TERM=dumb forbids, and a terminal
// is coloured.
bool UsesColor(ColorMode mode, bool is_terminal, const Environment& environment);

// Whether the locale can show more than ASCII: the first of LC_ALL, LC_CTYPE and LANG that is set
// names UTF-8. With none set, as in most containers, the terminal is taken to be a modern one.
bool UsesUnicode(const Environment& environment);

// Columns of what is written to `fd`: those of the terminal, else $COLUMNS, else 100.
std::size_t OutputWidth(int fd, const Environment& environment);

bool IsTerminal(int fd);

enum class Ink { kRed, kGreen, kYellow, kCyan, kBold, kDim };

// Colours text, or leaves it as it is. A value.
class Palette {
 public:
  explicit Palette(bool is_enabled) : is_enabled_(is_enabled) {}
  std::string operator()(Ink ink, std::string_view text) const;

 private:
  bool is_enabled_;
};

}  // namespace assay::cli
