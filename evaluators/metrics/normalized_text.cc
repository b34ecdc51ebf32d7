#include "evaluators/metrics/normalized_text.h"

#include <unicode/bytestream.h>
#include <unicode/casemap.h>
#include <unicode/stringpiece.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace assay {
namespace {

using StepField = std::pair<std::string_view, bool NormalizationSteps::*>;
constexpr std::array<StepField, 5> kStepFields = {{
    {"lower", &NormalizationSteps::lower},
    {"punctuation", &NormalizationSteps::punctuation},
    {"articles", &NormalizationSteps::articles},
    {"trim", &NormalizationSteps::trim},
    {"whitespace", &NormalizationSteps::whitespace},
}};

bool IsAscii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Bytes of the white space that `text` starts with; 0 when it starts with something else.
std::size_t WhiteSpaceLength(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) {
    return lead == ' ' || (lead >= '\t' && lead <= '\r') || (lead >= 0x1C && lead <= 0x1F) ? 1 : 0;
  }
  std::int32_t next = 0;
  UChar32 c = 0;
  U8_NEXT(text.data(), next, static_cast<std::int32_t>(text.size()), c);
  return c >= 0 && u_hasBinaryProperty(c, UCHAR_WHITE_SPACE) ? static_cast<std::size_t>(next) : 0;
}

void Lower(std::string& text) {
  if (IsAscii(text)) {
    absl::AsciiStrToLower(&text);
    return;
  }
  std::string lowered;
  icu::StringByteSink<std::string> sink(&lowered);
  UErrorCode error = U_ZERO_ERROR;
  icu::CaseMap::utf8ToLower("", 0, icu::StringPiece(text), sink, nullptr, error);
  if (U_SUCCESS(error)) {
    text = std::move(lowered);
  }
}

bool IsWordCharacter(UChar32 c) {
  return c == '_' || u_isalpha(c) || u_getIntPropertyValue(c, UCHAR_NUMERIC_TYPE) != U_NT_NONE;
}

// Puts a space for every word `a`, `an` and `the`, in lower case only.
void CutArticles(std::string& text) {
  std::string kept;
  kept.reserve(text.size());
  const auto size = static_cast<std::int32_t>(text.size());
  for (std::int32_t begin = 0; begin < size;) {
    std::int32_t end = begin;
    UChar32 c = 0;
    while (end < size) {
      std::int32_t next = end;
      U8_NEXT(text.data(), next, size, c);
      if (!IsWordCharacter(c)) {
        break;
      }
      end = next;
    }
    if (end == begin) {  // One character between words.
      U8_NEXT(text.data(), end, size, c);
    }
    const std::string_view piece(text.data() + begin, static_cast<std::size_t>(end - begin));
    const bool is_article = piece == "a" || piece == "an" || piece == "the";
    kept.append(is_article ? " " : piece);
    begin = end;
  }
  text = std::move(kept);
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = WhiteSpaceLength(text);
    if (length == 0) {
      break;
    }
    text.remove_prefix(length);
  }
  std::size_t end = 0;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = WhiteSpaceLength(text.substr(i));
    i += std::max<std::size_t>(length, 1);
    end = length == 0 ? i : end;
  }
  return text.substr(0, end);
}

void CollapseWhiteSpace(std::string_view text, std::string& collapsed) {
  bool was_space = false;
  while (!text.empty()) {
    if (const std::size_t length = WhiteSpaceLength(text); length > 0) {
      if (!was_space) {
        collapsed.push_back(' ');
      }
      was_space = true;
      text.remove_prefix(length);
      continue;
    }
    was_space = false;
    collapsed.push_back(text.front());
    text.remove_prefix(1);
  }
}

}  // namespace

std::string StepsText(const NormalizationSteps& steps) {
  std::vector<std::string> names;
  for (const auto& [name, field] : kStepFields) {
    if (steps.*field) {
      names.emplace_back(name);
    }
  }
  return absl::StrJoin(names, "+");
}

absl::StatusOr<NormalizationSteps> ParseSteps(std::string_view text) {
  NormalizationSteps steps;
  const std::vector<std::string> names = absl::StrSplit(std::string(text), '+');
  for (const std::string& name : names) {
    const auto found = std::ranges::find(kStepFields, name, &StepField::first);
    if (found == kStepFields.end() || steps.*(found->second)) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "'%s' is %s; steps are lower, punctuation, articles, trim, whitespace, joined by '+'",
          name, found == kStepFields.end() ? "no step" : "given twice"));
    }
    steps.*(found->second) = true;
  }
  return steps;
}

void NormalizeText(std::string_view text, const NormalizationSteps& steps,
                   std::string& normalized) {
  std::string changed(text);
  if (steps.lower) {
    Lower(changed);
  }
  if (steps.punctuation) {
    std::erase_if(changed,
                  [](char c) { return absl::ascii_ispunct(static_cast<unsigned char>(c)); });
  }
  if (steps.articles) {
    CutArticles(changed);
  }
  const std::string_view rest = steps.trim ? Trimmed(changed) : std::string_view(changed);
  normalized.clear();
  if (steps.whitespace) {
    CollapseWhiteSpace(rest, normalized);
  } else {
    normalized = rest;
  }
}

}  // namespace assay
