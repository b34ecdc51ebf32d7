#include "server/store/sqlite/version_reference.h"

#include <charconv>
#include <string>

#include "absl/strings/str_format.h"
#include "server/base/hex.h"

namespace assay::store {

absl::StatusOr<VersionReference> ParseVersionReference(std::string_view text) {
  constexpr std::string_view kDigestPrefix = "sha256:";
  constexpr std::size_t kMinDigits = 4;
  constexpr std::size_t kDigits = 64;
  VersionReference reference;
  if (text == "latest") {
    return reference;
  }
  if (text.starts_with(kDigestPrefix)) {
    const std::string_view digits = text.substr(kDigestPrefix.size());
    Digest lowest{};
    Digest highest{};
    if (digits.size() >= kMinDigits && digits.size() <= kDigits &&
        ParseHex(std::string(digits) + std::string(kDigits - digits.size(), '0'), lowest) &&
        ParseHex(std::string(digits) + std::string(kDigits - digits.size(), 'f'), highest)) {
      reference.digests.emplace(lowest, highest);
      return reference;
    }
  } else {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size() && number >= 1) {
      reference.number = number;
      return reference;
    }
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "not a version: '%s' (a number from 1, 'latest', or 'sha256:' and at least %d hex digits)",
      text, kMinDigits));
}

}  // namespace assay::store
