#pragma once

#include <string>
#include <string_view>

namespace assay {

// Sets `normalized` to `text` after three steps: characters with the Unicode property White_Space
// are cut off both ends; the letters A to Z become a to z; every run of White_Space inside becomes
// one space. All else stays, letters outside ASCII included. `text` is well-formed UTF-8 and not
// part of `normalized`.
void NormalizeText(std::string_view text, std::string& normalized);

}  // namespace assay
