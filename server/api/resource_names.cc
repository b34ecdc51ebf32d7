#include "server/api/resource_names.h"

#include <charconv>
#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"

namespace assay::api {
namespace {

constexpr std::size_t kMaxNameBytes = 512;
constexpr std::size_t kMaxQuotedBytes = 128;

// The word for one item of a collection, as patterns in messages and comments spell it.
std::string_view ItemWord(std::string_view collection) {
  if (collection == "outputSets") {
    return "output_set";
  }
  if (collection == "traces") {
    return "trace_id";
  }
  return collection.substr(0, collection.size() - 1);
}

absl::Status Mismatch(std::string_view field, std::string_view pattern, std::string_view name) {
  return absl::InvalidArgumentError(
      absl::StrFormat("%s: expected %s: '%s'", field, pattern, Quoted(name)));
}

std::string ItemPattern(std::string_view collection) {
  return absl::StrFormat("projects/{project}/%s/{%s}", collection, ItemWord(collection));
}

// Values of the variable segments when `name` has exactly the segments `fixed[0]/V/fixed[1]/V...`;
// absent otherwise, also when a variable segment is empty.
std::optional<std::vector<std::string>> MatchSegments(std::string_view name,
                                                      std::vector<std::string_view> fixed) {
  if (name.size() > kMaxNameBytes) {
    return std::nullopt;
  }
  std::vector<std::string> values;
  std::string_view rest = name;
  for (std::size_t i = 0; i < fixed.size(); ++i) {
    if (rest.substr(0, fixed[i].size()) != fixed[i] || rest.size() <= fixed[i].size() ||
        rest[fixed[i].size()] != '/') {
      return std::nullopt;
    }
    rest.remove_prefix(fixed[i].size() + 1);
    const bool is_last = i + 1 == fixed.size();
    const std::size_t slash = rest.find('/');
    if (slash == 0 || rest.empty() || is_last != (slash == std::string_view::npos)) {
      return std::nullopt;
    }
    values.emplace_back(rest.substr(0, slash));
    rest.remove_prefix(is_last ? rest.size() : slash + 1);
  }
  return values;
}

}  // namespace

std::string Quoted(std::string_view text) {
  std::string quoted =
      absl::Utf8SafeCEscape(absl::string_view(text.data(), std::min(text.size(), kMaxQuotedBytes)));
  if (text.size() > kMaxQuotedBytes) {
    quoted += "...";
  }
  return quoted;
}

absl::StatusOr<std::string> ParseProjectName(std::string_view field, std::string_view name) {
  std::optional<std::vector<std::string>> values = MatchSegments(name, {"projects"});
  if (!values.has_value()) {
    return Mismatch(field, "projects/{project}", name);
  }
  return std::move((*values)[0]);
}

absl::StatusOr<NumberedName> ParseNumberedName(std::string_view field, std::string_view collection,
                                               std::string_view name) {
  std::optional<std::vector<std::string>> values = MatchSegments(name, {"projects", collection});
  if (!values.has_value()) {
    return Mismatch(field, ItemPattern(collection), name);
  }
  NumberedName parsed;
  parsed.project = std::move((*values)[0]);
  const std::string& digits = (*values)[1];
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), parsed.id);
  // One spelling only: no sign, no leading zero.
  if (error != std::errc() || end != digits.data() + digits.size() || digits[0] < '1') {
    return Mismatch(field, ItemPattern(collection), name);
  }
  return parsed;
}

std::string FormatNumberedName(std::string_view project, std::string_view collection,
                               std::int64_t id) {
  return absl::StrFormat("projects/%s/%s/%d", project, collection, id);
}

absl::StatusOr<NamedName> ParseNamedName(std::string_view field, std::string_view collection,
                                         std::string_view name) {
  std::optional<std::vector<std::string>> values = MatchSegments(name, {"projects", collection});
  if (!values.has_value()) {
    return Mismatch(field, ItemPattern(collection), name);
  }
  return NamedName{std::move((*values)[0]), std::move((*values)[1])};
}

std::string FormatNamedName(std::string_view project, std::string_view collection,
                            std::string_view id) {
  return absl::StrFormat("projects/%s/%s/%s", project, collection, id);
}

absl::StatusOr<VersionName> ParseVersionName(std::string_view field, std::string_view collection,
                                             std::string_view name) {
  std::optional<std::vector<std::string>> values =
      MatchSegments(name, {"projects", collection, "versions"});
  if (!values.has_value()) {
    return Mismatch(field, ItemPattern(collection) + "/versions/{version}", name);
  }
  return VersionName{std::move((*values)[0]), std::move((*values)[1]), std::move((*values)[2])};
}

std::string FormatVersionName(std::string_view project, std::string_view collection,
                              std::string_view id, std::int64_t number) {
  return absl::StrFormat("projects/%s/%s/%s/versions/%d", project, collection, id, number);
}

std::string ModelVersionResourceName(std::string_view project, std::string_view model,
                                     std::int64_t number, std::string_view derivation) {
  return absl::StrFormat("%s%s%s", FormatVersionName(project, "models", model, number),
                         derivation.empty() ? "" : "+", derivation);
}

absl::Status CheckUserId(std::string_view field, std::string_view id) {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  bool is_good = !id.empty() && id.size() <= 128 && id[0] != '.' && id[0] != '-';
  for (const char c : id) {
    is_good = is_good && is_allowed(c);
  }
  if (!is_good) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s: expected 1 to 128 letters, digits, '.', '_' or '-', not starting with '.' or '-': "
        "'%s'",
        field, Quoted(id)));
  }
  return absl::OkStatus();
}

}  // namespace assay::api
