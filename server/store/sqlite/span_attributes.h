#pragma once

#include <map>
#include <string>
#include <string_view>

namespace assay::store {

// A span's attributes as bytes: for each pair, in order of keys, key and value, each a length (u32,
// little-endian) and its bytes.
std::string EncodeAttributes(const std::map<std::string, std::string>& attributes);
// False when `bytes` are malformed.
bool DecodeAttributes(std::string_view bytes, std::map<std::string, std::string>& attributes);

}  // namespace assay::store
