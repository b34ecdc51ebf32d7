#include "client/cli/settings.h"

#include <toml++/toml.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace assay::cli {
namespace {

const SettingRule* FindRule(std::string_view key) {
  for (const SettingRule& rule : kSettingRules) {
    if (key == rule.key) {
      return &rule;
    }
  }
  return nullptr;
}

absl::Status ErrorAt(const std::filesystem::path& path, const toml::source_region& region,
                     std::string_view message) {
  return absl::InvalidArgumentError(
      absl::StrFormat("%s:%d: %s", path.string(), region.begin.line, message));
}

}  // namespace

const std::array<SettingRule, kNumSettings> kSettingRules = {{
    {SettingId::kEndpoint, "endpoint", "ASSAY_ENDPOINT", "127.0.0.1:7317", false},
    {SettingId::kProject, "project", "ASSAY_PROJECT", "default", false},
    {SettingId::kToken, "token", "ASSAY_TOKEN", "", false},
    {SettingId::kTokenFile, "token_file", "ASSAY_TOKEN_FILE", "", true},
    {SettingId::kCaFile, "ca_file", "ASSAY_CA_FILE", "", true},
    {SettingId::kDataDir, "data_dir", "ASSAY_DATA_DIR", ".assay", true},
    {SettingId::kColor, "color", "ASSAY_COLOR", "auto", false},
}};

Environment ProcessEnvironment() {
  return [](const char* name) -> std::optional<std::string> {
    const char* value = std::getenv(name);
    return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
  };
}

absl::StatusOr<SettingValues> ReadConfigFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) {
    return absl::InvalidArgumentError(absl::StrFormat("%s: cannot be read", path.string()));
  }
  return ParseConfig(text.str(), path);
}

absl::StatusOr<SettingValues> ParseConfig(const std::string& text,
                                          const std::filesystem::path& path) {
  toml::table table;
  try {
    table = toml::parse(text, path.string());
  } catch (const toml::parse_error& error) {
    return ErrorAt(path, error.source(), error.description());
  }
  SettingValues values;
  for (const auto& [key, node] : table) {
    const SettingRule* rule = FindRule(key.str());
    if (rule == nullptr) {
      return ErrorAt(path, key.source(), absl::StrFormat("unknown key '%s'", key.str()));
    }
    const std::optional<std::string> value = node.value_exact<std::string>();
    if (!value.has_value()) {
      return ErrorAt(path, node.source(), absl::StrFormat("'%s' must be text", key.str()));
    }
    const bool is_relative = rule->is_path && !value->empty();
    values[rule->id] = is_relative ? (path.parent_path() / *value).string() : *value;
  }
  return values;
}

std::optional<std::filesystem::path> FindConfigFile(const std::filesystem::path& directory,
                                                    const Environment& environment) {
  std::error_code error;
  for (std::filesystem::path folder = directory;; folder = folder.parent_path()) {
    const std::filesystem::path candidate = folder / "assay.toml";
    if (std::filesystem::is_regular_file(candidate, error)) {
      return candidate;
    }
    if (folder == folder.parent_path()) {
      break;
    }
  }
  std::filesystem::path user_folder;
  if (const auto xdg = environment("XDG_CONFIG_HOME"); xdg.has_value() && !xdg->empty()) {
    user_folder = *xdg;
  } else if (const auto home = environment("HOME"); home.has_value() && !home->empty()) {
    user_folder = std::filesystem::path(*home) / ".config";
  } else {
    return std::nullopt;
  }
  const std::filesystem::path candidate = user_folder / "assay" / "assay.toml";
  return std::filesystem::is_regular_file(candidate, error) ? std::optional(candidate)
                                                            : std::nullopt;
}

SettingValues ResolveSettings(const SettingValues& flags, const Environment& environment,
                              const SettingValues& config) {
  SettingValues values;
  for (const SettingRule& rule : kSettingRules) {
    const std::optional<std::string> variable = environment(rule.environment);
    if (const auto flag = flags.find(rule.id); flag != flags.end()) {
      values[rule.id] = flag->second;
    } else if (variable.has_value() && !variable->empty()) {
      values[rule.id] = *variable;
    } else if (const auto entry = config.find(rule.id); entry != config.end()) {
      values[rule.id] = entry->second;
    } else {
      values[rule.id] = rule.fallback;
    }
  }
  return values;
}

}  // namespace assay::cli
