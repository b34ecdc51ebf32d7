#include "client/cpp/references.h"

#include <algorithm>
#include <initializer_list>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "client/cpp/status_macros.h"

namespace assay::client {
namespace {

constexpr std::size_t kMaxIdBytes = 128;
constexpr std::size_t kMinHexDigits = 4;
constexpr std::string_view kDigestPrefix = "sha256:";
constexpr char kBaselineMark = '@';

bool IsNumber(std::string_view text) {
  return !text.empty() && text.size() <= 18 &&
         std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
}

bool IsHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), absl::ascii_isxdigit);
}

bool IsFullName(std::string_view text) { return text.starts_with("projects/"); }

// The number behind one of `prefixes`, or a bare number.
absl::StatusOr<std::string> ResolveNumber(std::string_view project, std::string_view text,
                                          std::string_view collection, std::string_view kind,
                                          std::initializer_list<std::string_view> prefixes) {
  if (IsFullName(text)) {
    if (text.find(absl::StrFormat("/%s/", collection)) == std::string_view::npos) {
      return absl::InvalidArgumentError(absl::StrFormat("not %s: '%s'", kind, text));
    }
    return std::string(text);
  }
  std::string_view number = text;
  for (const std::string_view prefix : prefixes) {
    if (text.starts_with(prefix)) {
      number = text.substr(prefix.size());
      break;
    }
  }
  if (!IsNumber(number)) {
    return absl::InvalidArgumentError(absl::StrFormat("not %s: '%s'", kind, text));
  }
  return absl::StrFormat("projects/%s/%s/%s", project, collection, number);
}

absl::StatusOr<std::string> ResolveVersion(std::string_view project, std::string_view text,
                                           std::string_view collection) {
  if (IsFullName(text)) {
    return std::string(text);
  }
  ASSAY_ASSIGN_OR_RETURN(const VersionReference reference, ParseVersionReference(text));
  return absl::StrFormat("projects/%s/%s/%s/versions/%s", project, collection, reference.name,
                         reference.version);
}

}  // namespace

absl::Status CheckResourceId(std::string_view id) {
  const bool is_well_formed = !id.empty() && id.size() <= kMaxIdBytes && id[0] != '.' &&
                              id[0] != '-' &&
                              std::all_of(id.begin(), id.end(), [](unsigned char c) {
                                return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-';
                              });
  if (!is_well_formed) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "not a name (1 to 128 of letters, digits, '.', '_', '-'; not first '.' or '-'): '%s'", id));
  }
  return absl::OkStatus();
}

absl::StatusOr<VersionReference> ParseVersionReference(std::string_view text) {
  const std::size_t at = text.find('@');
  VersionReference reference;
  reference.name = std::string(text.substr(0, at));
  reference.version = at == std::string_view::npos ? "latest" : std::string(text.substr(at + 1));
  ASSAY_RETURN_IF_ERROR(CheckResourceId(reference.name));

  // `3+fc1.gelu=silu`, a derived version: what follows the number is the server's to read.
  std::string_view version = reference.version;
  const std::size_t plus = version.find('+');
  if (plus != std::string_view::npos && version.find('/') == std::string_view::npos) {
    version = version.substr(0, plus);
  }
  const bool is_digest = version.starts_with(kDigestPrefix) &&
                         version.size() >= kDigestPrefix.size() + kMinHexDigits &&
                         IsHex(version.substr(kDigestPrefix.size()));
  if (!IsNumber(version) && version != "latest" && !is_digest) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "not a version (a number, 'latest', or 'sha256:' and at least 4 hex digits): '%s'", text));
  }
  return reference;
}

std::string ProjectName(std::string_view project) {
  return absl::StrFormat("projects/%s", project);
}

absl::StatusOr<std::string> ResolveDatasetVersion(std::string_view project, std::string_view text) {
  return ResolveVersion(project, text, "datasets");
}

absl::StatusOr<std::string> ResolveModelVersion(std::string_view project, std::string_view text) {
  return ResolveVersion(project, text, "models");
}

absl::StatusOr<std::string> ResolveRun(std::string_view project, std::string_view text) {
  if (IsBaselineName(text)) {
    return std::string(text);
  }
  if (text.starts_with(kBaselineMark)) {
    return ResolveBaseline(project, text.substr(1));
  }
  return ResolveNumber(project, text, "runs", "a run", {"run:", "runs/"});
}

absl::StatusOr<std::string> ResolveBaseline(std::string_view project, std::string_view text) {
  const std::string_view id = text.starts_with(kBaselineMark) ? text.substr(1) : text;
  ASSAY_RETURN_IF_ERROR(CheckResourceId(id));
  return absl::StrFormat("projects/%s/baselines/%s", project, id);
}

absl::StatusOr<std::string> ResolveComparison(std::string_view project, std::string_view text) {
  return ResolveNumber(project, text, "comparisons", "a comparison",
                       {"comparison:", "comparisons/"});
}

absl::StatusOr<std::string> ResolveOutputSet(std::string_view project, std::string_view text) {
  return ResolveNumber(project, text, "outputSets", "an output set", {"outputs:", "outputSets/"});
}

absl::StatusOr<std::string> ResolveTrace(std::string_view project, std::string_view text) {
  if (IsFullName(text)) {
    return std::string(text);
  }
  if (text.size() < kMinHexDigits || text.size() > 32 || !IsHex(text)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("not a trace (4 to 32 hex digits): '%s'", text));
  }
  return absl::StrFormat("projects/%s/traces/%s", project,
                         absl::AsciiStrToLower(std::string(text)));
}

bool IsBaselineName(std::string_view resource_name) {
  return IsFullName(resource_name) && resource_name.find("/baselines/") != std::string_view::npos;
}

bool IsRunReference(std::string_view text) {
  if (IsFullName(text)) {
    return text.find("/runs/") != std::string_view::npos || IsBaselineName(text);
  }
  return text.starts_with(kBaselineMark) || IsNumber(text) || text.starts_with("run:") ||
         text.starts_with("runs/");
}

std::string ShortName(std::string_view resource_name) {
  const std::vector<std::string> parts = absl::StrSplit(std::string(resource_name), '/');
  if (parts.size() < 4 || parts[0] != "projects") {
    return std::string(resource_name);
  }
  if (parts.size() == 6 && parts[4] == "versions") {
    return absl::StrFormat("%s@%s", parts[3], parts[5]);
  }
  if (parts.size() != 4) {
    return std::string(resource_name);
  }
  if (parts[2] == "baselines") {
    return kBaselineMark + parts[3];
  }
  return parts[2] == "runs" ? absl::StrFormat("run:%s", parts[3]) : parts[3];
}

}  // namespace assay::client
