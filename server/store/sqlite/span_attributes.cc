#include "server/store/sqlite/span_attributes.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

namespace assay::store {
namespace {

void AppendSized(std::string& bytes, std::string_view text) {
  const auto size = static_cast<std::uint32_t>(text.size());
  bytes.append(reinterpret_cast<const char*>(&size), sizeof(size));
  bytes.append(text);
}

bool TakeSized(std::string_view& rest, std::string& text) {
  std::uint32_t size = 0;
  if (rest.size() < sizeof(size)) {
    return false;
  }
  std::memcpy(&size, rest.data(), sizeof(size));
  rest.remove_prefix(sizeof(size));
  if (rest.size() < size) {
    return false;
  }
  text.assign(rest.substr(0, size));
  rest.remove_prefix(size);
  return true;
}

}  // namespace

std::string EncodeAttributes(const std::map<std::string, std::string>& attributes) {
  std::string bytes;
  for (const auto& [key, value] : attributes) {
    AppendSized(bytes, key);
    AppendSized(bytes, value);
  }
  return bytes;
}

bool DecodeAttributes(std::string_view bytes, std::map<std::string, std::string>& attributes) {
  while (!bytes.empty()) {
    std::string key;
    std::string value;
    if (!TakeSized(bytes, key) || !TakeSized(bytes, value)) {
      return false;
    }
    attributes.emplace(std::move(key), std::move(value));
  }
  return true;
}

}  // namespace assay::store
