#pragma once

#include <string>
#include <string_view>

namespace assay::cli {

// `text` on one line for XML 1.0, between tags and within double quotes: OneLine, with markup
// escaped and what XML has no characters for replaced by U+FFFD.
std::string XmlText(std::string_view text);

}  // namespace assay::cli
