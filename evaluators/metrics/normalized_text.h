#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace assay {

// What NormalizeText does, in this order.
struct NormalizationSteps {
  bool lower = false;        // Unicode's lower case in the root locale
  bool punctuation = false;  // cuts out the ASCII marks !"#$%&'()*+,-./:;<=>?@[\]^_`{|}~
  bool articles = false;     // puts a space for the words a, an and the
  bool trim = false;         // cuts White_Space off both ends
  bool whitespace = false;   // makes every run of White_Space inside one space

  bool operator==(const NormalizationSteps&) const = default;
};

// What `normalized_match` does unless told otherwise.
inline constexpr NormalizationSteps kDefaultSteps = {
    .lower = true, .trim = true, .whitespace = true};
// As SQuAD's evaluation does, which takes U+001C to U+001F for white space, too.
inline constexpr NormalizationSteps kSquadSteps = {
    .lower = true, .punctuation = true, .articles = true, .trim = true, .whitespace = true};

// `lower+trim+whitespace`, in the order of the fields.
std::string StepsText(const NormalizationSteps& steps);
// INVALID_ARGUMENT for an unknown step, or one given twice; lists those there are.
absl::StatusOr<NormalizationSteps> ParseSteps(std::string_view text);

// Sets `normalized` to `text` after the steps. White space is the Unicode property White_Space and
// U+001C to U+001F, as in Python; a word is what Python's `\b` bounds: letters, numbers and `_`.
// `text` is well-formed UTF-8 and not part of `normalized`.
void NormalizeText(std::string_view text, const NormalizationSteps& steps, std::string& normalized);

}  // namespace assay
