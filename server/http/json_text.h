#pragma once

#include <string>
#include <string_view>

namespace assay::http {

// `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
std::string JsonQuoted(std::string_view text);

}  // namespace assay::http
