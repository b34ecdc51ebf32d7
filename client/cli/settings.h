#pragma once

#include <array>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace assay::cli {

// What can be set by flag, by environment and in `assay.toml`. The first that is given wins: flag,
// then environment, then file, then default.
enum class SettingId { kEndpoint, kProject, kToken, kTokenFile, kCaFile, kDataDir, kColor };
inline constexpr std::size_t kNumSettings = 7;

struct SettingRule {
  SettingId id;
  const char* key;          // in assay.toml
  const char* environment;  // variable
  const char* fallback;     // default value
  bool is_path;             // relative paths in assay.toml start at the file's folder
};
extern const std::array<SettingRule, kNumSettings> kSettingRules;

// Value of an environment variable; absent when it is not set.
using Environment = std::function<std::optional<std::string>(const char*)>;
// That of this process.
Environment ProcessEnvironment();

using SettingValues = std::map<SettingId, std::string>;

// Settings in `text`, the content of the file `path`. INVALID_ARGUMENT names file and line of what
// is malformed, of an unknown key and of a value that is not text.
absl::StatusOr<SettingValues> ParseConfig(const std::string& text,
                                          const std::filesystem::path& path);
// The same, read from the file.
absl::StatusOr<SettingValues> ReadConfigFile(const std::filesystem::path& path);

// `assay.toml` in `directory` or the nearest folder above it, else `assay/assay.toml` in
// $XDG_CONFIG_HOME or ~/.config. Absent when there is none.
std::optional<std::filesystem::path> FindConfigFile(const std::filesystem::path& directory,
                                                    const Environment& environment);

// The value of every setting. Variables that are set but empty count as not set.
SettingValues ResolveSettings(const SettingValues& flags, const Environment& environment,
                              const SettingValues& config);

}  // namespace assay::cli
