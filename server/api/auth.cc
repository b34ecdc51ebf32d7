#include "server/api/auth.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cctype>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "server/base/hex.h"
#include "server/base/sha256.h"
#include "server/base/status_macros.h"

namespace assay::api {
namespace {

constexpr std::string_view kDigestPrefix = "sha256:";
constexpr std::string_view kBearer = "bearer ";
constexpr std::size_t kMaxTokenBytes = 512;

constexpr std::pair<std::string_view, Role> kMethodRoles[] = {
    {"assay.v1.AdminService/GetServerInfo", Role::kViewer},
    {"assay.v1.AdminService/CheckStore", Role::kAdmin},
    {"assay.v1.BaselineService/SetBaseline", Role::kRunner},
    {"assay.v1.BaselineService/GetBaseline", Role::kViewer},
    {"assay.v1.BaselineService/ListBaselines", Role::kViewer},
    {"assay.v1.BaselineService/ListBaselineHistory", Role::kViewer},
    {"assay.v1.ComparisonService/CreateComparison", Role::kRunner},
    {"assay.v1.ComparisonService/GetComparison", Role::kViewer},
    {"assay.v1.ComparisonService/ListComparisons", Role::kViewer},
    {"assay.v1.ComparisonService/WatchComparison", Role::kViewer},
    {"assay.v1.ComparisonService/ListComparisonRows", Role::kViewer},
    {"assay.v1.DatasetService/GetDataset", Role::kViewer},
    {"assay.v1.DatasetService/ListDatasets", Role::kViewer},
    {"assay.v1.DatasetService/GetDatasetVersion", Role::kViewer},
    {"assay.v1.DatasetService/ListDatasetVersions", Role::kViewer},
    {"assay.v1.DatasetService/ReadExamples", Role::kViewer},
    {"assay.v1.DatasetService/ListCohorts", Role::kViewer},
    {"assay.v1.ModelService/CreateModelVersion", Role::kRunner},
    {"assay.v1.ModelService/GetModelVersion", Role::kViewer},
    {"assay.v1.ModelService/ListModels", Role::kViewer},
    {"assay.v1.ModelService/ListModelVersions", Role::kViewer},
    {"assay.v1.ModelService/GetOutputSet", Role::kViewer},
    {"assay.v1.ModelService/ListOutputSets", Role::kViewer},
    {"assay.v1.ModelService/ReadOutputs", Role::kViewer},
    {"assay.v1.ReferenceModelService/DeriveModelVersion", Role::kRunner},
    {"assay.v1.ReferenceModelService/CompareLayers", Role::kViewer},
    {"assay.v1.ReferenceModelService/DiagnoseModel", Role::kViewer},
    {"assay.v1.PlanningService/EstimatePower", Role::kViewer},
    {"assay.v1.PlanningService/RunSelfTest", Role::kRunner},
    {"assay.v1.RunService/CreateRun", Role::kRunner},
    {"assay.v1.RunService/GetRun", Role::kViewer},
    {"assay.v1.RunService/ListRuns", Role::kViewer},
    {"assay.v1.RunService/CancelRun", Role::kRunner},
    {"assay.v1.RunService/WatchRun", Role::kViewer},
    {"assay.v1.RunService/ReadScores", Role::kViewer},
    {"assay.v1.TraceService/ListTraces", Role::kViewer},
    {"assay.v1.TraceService/GetTrace", Role::kViewer},
    {"assay.v1.TraceService/GetTraceLinks", Role::kViewer},
    {"assay.v1.TraceService/QueryLatency", Role::kViewer},
    {"assay.v1.UploadService/BeginUpload", Role::kRunner},
    {"assay.v1.UploadService/AppendBatch", Role::kRunner},
    {"assay.v1.UploadService/GetUpload", Role::kRunner},
    {"assay.v1.UploadService/CommitUpload", Role::kRunner},
    {"assay.v1.UploadService/AbortUpload", Role::kRunner},
    {"opentelemetry.proto.collector.trace.v1.TraceService/Export", Role::kRunner},
};

std::optional<Sha256Digest> ParseDigest(std::string_view text) {
  Sha256Digest digest;
  if (text.substr(0, kDigestPrefix.size()) != kDigestPrefix ||
      !ParseHex(text.substr(kDigestPrefix.size()), digest)) {
    return std::nullopt;
  }
  return digest;
}

}  // namespace

std::string_view RoleName(Role role) {
  switch (role) {
    case Role::kViewer:
      return "viewer";
    case Role::kRunner:
      return "runner";
    case Role::kAdmin:
      return "admin";
  }
  return "";
}

absl::StatusOr<Role> ParseRole(std::string_view name) {
  for (const Role role : {Role::kViewer, Role::kRunner, Role::kAdmin}) {
    if (name == RoleName(role)) {
      return role;
    }
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("unknown role: '%s' (there are viewer, runner, admin)", name));
}

std::optional<Role> RequiredRole(std::string_view method) {
  for (const auto& [name, role] : kMethodRoles) {
    if (name == method) {
      return role;
    }
  }
  return std::nullopt;
}

std::vector<std::pair<std::string_view, Role>> MethodRoles() {
  return {std::begin(kMethodRoles), std::end(kMethodRoles)};
}

Authenticator Authenticator::AllowAll() {
  Authenticator authenticator;
  authenticator.allows_all_ = true;
  return authenticator;
}

absl::StatusOr<Authenticator> Authenticator::FromTokens(std::string_view text) {
  Authenticator authenticator;
  int number = 0;
  for (absl::string_view raw : absl::StrSplit(absl::string_view(text.data(), text.size()), '\n')) {
    ++number;
    const absl::string_view line = absl::StripAsciiWhitespace(raw);
    if (line.empty() || line[0] == '#') {
      continue;
    }
    const std::vector<std::string> words =
        absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    if (words.size() != 4) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "line %d: expected NAME ROLE PROJECT sha256:HEX, found %d words", number, words.size()));
    }
    const absl::StatusOr<Role> role = ParseRole(words[1]);
    if (!role.ok()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("line %d: %s", number, std::string(role.status().message())));
    }
    const std::optional<Sha256Digest> digest = ParseDigest(words[3]);
    if (!digest.has_value()) {
      // The text is not repeated: it may be a token that was pasted in the wrong place.
      return absl::InvalidArgumentError(absl::StrFormat(
          "line %d: expected sha256: and 64 hex digits as the fourth word", number));
    }
    authenticator.entries_.push_back({Caller{words[0], *role, words[2]}, *digest});
  }
  if (authenticator.entries_.empty()) {
    return absl::InvalidArgumentError("no token in it");
  }
  return authenticator;
}

absl::StatusOr<Caller> Authenticator::Authenticate(
    std::optional<std::string_view> authorization) const {
  if (allows_all_) {
    return Caller{"local", Role::kAdmin, std::string(kAllProjects), /*is_known=*/false};
  }
  if (!authorization.has_value()) {
    return absl::UnauthenticatedError("no token: send the metadata 'authorization: Bearer TOKEN'");
  }
  const bool is_bearer =
      authorization->size() > kBearer.size() && authorization->size() <= kMaxTokenBytes &&
      std::equal(kBearer.begin(), kBearer.end(), authorization->begin(),
                 [](char expected, unsigned char c) { return expected == std::tolower(c); });
  if (!is_bearer) {
    return absl::UnauthenticatedError("authorization: expected 'Bearer TOKEN'");
  }
  const Sha256Digest digest = Sha256::Of(authorization->substr(kBearer.size()));
  const Entry* match = nullptr;
  for (const Entry& entry : entries_) {  // all of them, so that time tells nothing
    if (CRYPTO_memcmp(entry.digest.data(), digest.data(), digest.size()) == 0) {
      match = &entry;
    }
  }
  if (match == nullptr) {
    return absl::UnauthenticatedError("unknown token");
  }
  return match->caller;
}

absl::Status Authorize(const Caller& caller, std::string_view method) {
  const std::optional<Role> required = RequiredRole(method);
  if (!required.has_value()) {
    return absl::PermissionDeniedError(absl::StrFormat("nobody may call '%s'", method));
  }
  if (caller.role < *required) {
    return absl::PermissionDeniedError(absl::StrFormat("'%s' needs the role %s; '%s' has %s",
                                                       method, RoleName(*required), caller.name,
                                                       RoleName(caller.role)));
  }
  return absl::OkStatus();
}

absl::StatusOr<NewToken> MakeToken(std::string_view name, Role role, std::string_view project) {
  for (const auto& [field, word] : {std::pair{"name", name}, std::pair{"project", project}}) {
    const bool is_word =
        !word.empty() && word[0] != '#' &&
        std::all_of(word.begin(), word.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f; });
    if (!is_word) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "%s: expected printable ASCII without spaces, not starting with '#'", field));
    }
  }
  std::array<std::uint8_t, 32> secret;
  if (RAND_bytes(secret.data(), static_cast<int>(secret.size())) != 1) {
    return absl::InternalError("the system gives no random numbers");
  }
  NewToken made;
  made.token = "assay_" + HexText(secret);
  made.line = absl::StrFormat("%s %s %s %s%s", name, RoleName(role), project, kDigestPrefix,
                              HexText(Sha256::Of(made.token)));
  return made;
}

}  // namespace assay::api
