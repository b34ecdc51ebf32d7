#include "server/api/page_token.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "server/api/resource_names.h"
#include "server/base/sha256.h"

namespace assay::api {
namespace {

constexpr std::int32_t kDefaultPageSize = 50;
constexpr std::int32_t kMaxPageSize = 1000;
constexpr std::size_t kPositionBytes = 8;
constexpr std::size_t kBindingBytes = 8;

}  // namespace

PageTokens::PageTokens(std::initializer_list<std::string_view> arguments) {
  std::string text = "assay page token 1\n";
  for (const std::string_view argument : arguments) {
    text += absl::StrFormat("%d:%s\n", argument.size(), argument);
  }
  const Sha256Digest digest = Sha256::Of(text);
  binding_.assign(digest.begin(), digest.begin() + kBindingBytes);
}

namespace {

void AppendNumber(std::string& bytes, std::int64_t number) {
  for (std::size_t i = 0; i < kPositionBytes; ++i) {
    bytes.push_back(static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * i)));
  }
}

std::uint64_t ReadNumber(std::string_view bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < kPositionBytes; ++i) {
    number |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return number;
}

absl::Status WrongToken(std::string_view token) {
  return absl::InvalidArgumentError(
      absl::StrFormat("page_token: not from a call with the same arguments: '%s'", Quoted(token)));
}

// The numbers in front of `binding`, `count` of them; empty when the token is another.
std::string TokenNumbers(std::string_view token, std::size_t count, std::string_view binding) {
  std::string bytes;
  if (token.size() <= 64 &&
      absl::WebSafeBase64Unescape(absl::string_view(token.data(), token.size()), &bytes) &&
      bytes.size() == count * kPositionBytes + kBindingBytes &&
      std::string_view(bytes).substr(count * kPositionBytes) == binding) {
    return bytes.substr(0, count * kPositionBytes);
  }
  return "";
}

}  // namespace

std::string PageTokens::Make(std::int64_t position) const {
  std::string bytes;
  AppendNumber(bytes, position);
  bytes += binding_;
  return absl::WebSafeBase64Escape(bytes);
}

std::string PageTokens::Make(std::int64_t position, std::int64_t key) const {
  std::string bytes;
  AppendNumber(bytes, position);
  AppendNumber(bytes, key);
  bytes += binding_;
  return absl::WebSafeBase64Escape(bytes);
}

absl::StatusOr<std::int64_t> PageTokens::Read(std::string_view token) const {
  if (token.empty()) {
    return 0;
  }
  const std::string bytes = TokenNumbers(token, 1, binding_);
  const std::uint64_t position = bytes.empty() ? 0 : ReadNumber(bytes);
  if (position == 0 || position > static_cast<std::uint64_t>(INT64_MAX)) {
    return WrongToken(token);
  }
  return static_cast<std::int64_t>(position);
}

absl::StatusOr<std::pair<std::int64_t, std::int64_t>> PageTokens::ReadWithKey(
    std::string_view token) const {
  if (token.empty()) {
    return std::pair<std::int64_t, std::int64_t>(0, 0);
  }
  const std::string bytes = TokenNumbers(token, 2, binding_);
  const std::uint64_t position = bytes.empty() ? 0 : ReadNumber(bytes);
  const std::uint64_t key =
      bytes.empty() ? 0 : ReadNumber(std::string_view(bytes).substr(kPositionBytes));
  if (position == 0 || position > static_cast<std::uint64_t>(INT64_MAX) ||
      key > static_cast<std::uint64_t>(INT64_MAX)) {
    return WrongToken(token);
  }
  return std::pair(static_cast<std::int64_t>(position), static_cast<std::int64_t>(key));
}

absl::StatusOr<std::int32_t> PageSize(std::int32_t page_size) {
  if (page_size < 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("page_size: must not be negative: %d", page_size));
  }
  return page_size == 0 ? kDefaultPageSize : std::min(page_size, kMaxPageSize);
}

}  // namespace assay::api
