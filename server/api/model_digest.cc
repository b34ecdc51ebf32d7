#include "server/api/model_digest.h"

#include <openssl/rand.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "absl/strings/str_format.h"
#include "server/api/resource_names.h"
#include "server/base/sha256.h"
#include "server/base/status_macros.h"

namespace assay::api {
namespace {

constexpr std::size_t kMaxConfigKeys = 256;
constexpr std::size_t kMaxKeyBytes = 128;
constexpr std::size_t kMaxValueBytes = 4096;
constexpr std::size_t kMaxActivationBytes = 128;
constexpr std::size_t kMaxDeclaredBytes = 256;

// Length first, so that no two lists of fields have the same text.
void AddField(std::string& text, std::string_view field) {
  text += absl::StrFormat("%d:%s\n", field.size(), field);
}

bool IsDigestText(std::string_view text) {
  constexpr std::string_view kPrefix = "sha256:";
  return text.size() == kPrefix.size() + 64 && text.substr(0, kPrefix.size()) == kPrefix &&
         text.find_first_not_of("0123456789abcdef", kPrefix.size()) == std::string_view::npos;
}

bool DeclaresMore(const store::ModelVersionRecord& version) {
  return !version.architecture.empty() || !version.dtype.empty() || !version.quantization.empty() ||
         !version.preprocessing.empty();
}

absl::Status CheckDeclared(std::string_view field, std::string_view value) {
  if (value.size() > kMaxDeclaredBytes) {
    return absl::InvalidArgumentError(absl::StrFormat("version.%s: %d bytes, at most %d are taken",
                                                      field, value.size(), kMaxDeclaredBytes));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckModelVersion(const store::ModelVersionRecord& version) {
  if (version.config.size() > kMaxConfigKeys) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "version.config: %d keys, at most %d are taken", version.config.size(), kMaxConfigKeys));
  }
  for (const auto& [key, value] : version.config) {
    if (key.empty() || key.size() > kMaxKeyBytes) {
      return absl::InvalidArgumentError(
          absl::StrFormat("version.config: expected keys of 1 to 128 bytes: '%s'", Quoted(key)));
    }
    if (value.size() > kMaxValueBytes) {
      return absl::InvalidArgumentError(
          absl::StrFormat("version.config['%s']: %d bytes, at most %d are taken", Quoted(key),
                          value.size(), kMaxValueBytes));
    }
  }
  if (version.activation.size() > kMaxActivationBytes) {
    return absl::InvalidArgumentError(
        absl::StrFormat("version.activation: %d bytes, at most %d are taken",
                        version.activation.size(), kMaxActivationBytes));
  }
  if (!version.weights_digest.empty() && !IsDigestText(version.weights_digest)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "version.weights_digest: expected sha256: and 64 lower-case hex digits: '%s'",
        Quoted(version.weights_digest)));
  }
  ASSAY_RETURN_IF_ERROR(CheckDeclared("architecture", version.architecture));
  ASSAY_RETURN_IF_ERROR(CheckDeclared("dtype", version.dtype));
  ASSAY_RETURN_IF_ERROR(CheckDeclared("quantization", version.quantization));
  return CheckDeclared("preprocessing", version.preprocessing);
}

absl::StatusOr<store::Digest> ModelVersionDigest(const store::ModelVersionRecord& version) {
  // The second form has more fields; versions without them keep the digest of the first.
  const bool declares_more = DeclaresMore(version);
  std::string text = declares_more ? "assay model version 2\n" : "assay model version 1\n";
  if (version.config.empty() && version.activation.empty() && version.weights_digest.empty() &&
      !declares_more) {
    std::string nonce(32, '\0');
    if (RAND_bytes(reinterpret_cast<unsigned char*>(nonce.data()),
                   static_cast<int>(nonce.size())) != 1) {
      return absl::InternalError("the system gives no random numbers");
    }
    AddField(text, nonce);
  } else {
    AddField(text, version.external ? "external" : "stored");
    AddField(text, version.activation);
    AddField(text, version.weights_digest);
    if (declares_more) {
      AddField(text, version.architecture);
      AddField(text, version.dtype);
      AddField(text, version.quantization);
      AddField(text, version.preprocessing);
    }
    for (const auto& [key, value] : version.config) {
      AddField(text, key);
      AddField(text, value);
    }
  }
  return Sha256::Of(text);
}

}  // namespace assay::api
