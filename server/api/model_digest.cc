#include "server/api/model_digest.h"

#include <openssl/rand.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "absl/strings/str_format.h"
#include "server/api/resource_names.h"
#include "server/base/sha256.h"

namespace assay::api {
namespace {

constexpr std::size_t kMaxConfigKeys = 256;
constexpr std::size_t kMaxKeyBytes = 128;
constexpr std::size_t kMaxValueBytes = 4096;
constexpr std::size_t kMaxActivationBytes = 128;

// Length first, so that no two lists of fields have the same text.
void AddField(std::string& text, std::string_view field) {
  text += absl::StrFormat("%d:%s\n", field.size(), field);
}

bool IsDigestText(std::string_view text) {
  constexpr std::string_view kPrefix = "sha256:";
  return text.size() == kPrefix.size() + 64 && text.substr(0, kPrefix.size()) == kPrefix &&
         text.find_first_not_of("0123456789abcdef", kPrefix.size()) == std::string_view::npos;
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
  return absl::OkStatus();
}

absl::StatusOr<store::Digest> ModelVersionDigest(const store::ModelVersionRecord& version) {
  std::string text = "assay model version 1\n";
  if (version.config.empty() && version.activation.empty() && version.weights_digest.empty()) {
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
    for (const auto& [key, value] : version.config) {
      AddField(text, key);
      AddField(text, value);
    }
  }
  return Sha256::Of(text);
}

}  // namespace assay::api
