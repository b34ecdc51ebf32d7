#include "evaluators/metrics/text_measure.h"

#include <re2/re2.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace assay {
namespace {

class Contains : public TextMeasure {
 public:
  std::optional<double> Score(std::string_view answer,
                              std::span<const std::string_view> accepted) override {
    const bool is_held = std::ranges::any_of(accepted, [&](std::string_view text) {
      return answer.find(text) != std::string_view::npos;
    });
    return is_held ? 1.0 : 0.0;
  }
};

re2::RE2::Options PatternOptions() {
  re2::RE2::Options options;
  options.set_log_errors(false);
  return options;
}

class RegexMatch : public TextMeasure {
 public:
  explicit RegexMatch(const std::string& pattern) : pattern_(pattern) {}

  std::optional<double> Score(std::string_view answer,
                              std::span<const std::string_view> accepted) override {
    if (!pattern_.empty()) {
      return Matches(pattern_, answer);
    }
    std::optional<double> best;
    for (const std::string_view pattern : accepted) {
      const std::optional<double> score = Matches(pattern, answer);
      best = score ? std::max(best.value_or(0), *score) : best;
    }
    return best;
  }

 private:
  std::optional<double> Matches(std::string_view pattern, std::string_view answer) {
    std::unique_ptr<re2::RE2>& compiled = compiled_[std::string(pattern)];
    if (compiled == nullptr) {
      compiled = std::make_unique<re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()),
                                            PatternOptions());
    }
    if (!compiled->ok()) {
      return std::nullopt;
    }
    const re2::StringPiece text(answer.data(), answer.size());
    return re2::RE2::PartialMatch(text, *compiled) ? 1.0 : 0.0;
  }

  const std::string pattern_;
  absl::flat_hash_map<std::string, std::unique_ptr<re2::RE2>> compiled_;
};

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::optional<double> ParseNumber(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && IsSpace(text.back())) {
    text.remove_suffix(1);
  }
  if (text.starts_with('+') && !text.starts_with("+-")) {
    text.remove_prefix(1);
  }
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  return is_number && !std::isnan(number) ? std::optional(number) : std::nullopt;
}

class NumericMatch : public TextMeasure {
 public:
  NumericMatch(double absolute, double relative) : absolute_(absolute), relative_(relative) {}

  std::optional<double> Score(std::string_view answer,
                              std::span<const std::string_view> accepted) override {
    const std::optional<double> given = ParseNumber(answer);
    std::optional<double> best;
    for (const std::string_view text : accepted) {
      if (const std::optional<double> wanted = ParseNumber(text)) {
        best = std::max(best.value_or(0), given && IsClose(*given, *wanted) ? 1.0 : 0.0);
      }
    }
    return best;
  }

 private:
  bool IsClose(double given, double wanted) const {
    if (!std::isfinite(given) || !std::isfinite(wanted)) {
      return given == wanted;
    }
    return std::abs(given - wanted) <= std::max(absolute_, relative_ * std::abs(wanted));
  }

  double absolute_;
  double relative_;
};

void DecodeUtf8(std::string_view text, std::vector<char32_t>& points) {
  points.clear();
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      points.push_back(byte);
    } else if (byte >= 0xC0) {
      points.push_back(byte & (byte < 0xE0 ? 0x1FU : byte < 0xF0 ? 0x0FU : 0x07U));
    } else if (!points.empty()) {
      points.back() = points.back() << 6 | (byte & 0x3FU);
    }
  }
}

class LevenshteinRatio : public TextMeasure {
 public:
  std::optional<double> Score(std::string_view answer,
                              std::span<const std::string_view> accepted) override {
    DecodeUtf8(answer, answer_);
    double best = 0;
    for (const std::string_view text : accepted) {
      DecodeUtf8(text, accepted_);
      const std::size_t longest = std::max(answer_.size(), accepted_.size());
      const double ratio = longest == 0 ? 1.0
                                        : 1.0 - static_cast<double>(Distance(answer_, accepted_)) /
                                                    static_cast<double>(longest);
      best = std::max(best, ratio);
    }
    return best;
  }

 private:
  // Wagner and Fischer, one row at a time, without what both share at either end.
  std::size_t Distance(std::span<const char32_t> a, std::span<const char32_t> b) {
    while (!a.empty() && !b.empty() && a.front() == b.front()) {
      a = a.subspan(1);
      b = b.subspan(1);
    }
    while (!a.empty() && !b.empty() && a.back() == b.back()) {
      a = a.first(a.size() - 1);
      b = b.first(b.size() - 1);
    }
    row_.resize(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) {
      row_[j] = j;
    }
    for (std::size_t i = 0; i < a.size(); ++i) {
      std::size_t diagonal = row_[0];
      row_[0] = i + 1;
      for (std::size_t j = 0; j < b.size(); ++j) {
        const std::size_t substituted = diagonal + (a[i] == b[j] ? 0 : 1);
        diagonal = row_[j + 1];
        row_[j + 1] = std::min({substituted, row_[j] + 1, diagonal + 1});
      }
    }
    return row_[b.size()];
  }

  std::vector<char32_t> answer_;
  std::vector<char32_t> accepted_;
  std::vector<std::size_t> row_;
};

// Calls `score(answer, accepted)` on normalised texts and takes the best.
template <typename ScoreOne>
double BestAfterSquadSteps(std::string_view answer, std::span<const std::string_view> accepted,
                           ScoreOne score) {
  std::string normalized_answer;
  NormalizeText(answer, kSquadSteps, normalized_answer);
  std::vector<std::string> normalized;
  for (const std::string_view text : accepted) {
    NormalizeText(text, kSquadSteps, normalized.emplace_back());
  }
  std::erase(normalized, "");
  if (normalized.empty()) {
    normalized.emplace_back();
  }
  double best = 0;
  for (const std::string& text : normalized) {
    best = std::max(best, score(normalized_answer, text));
  }
  return best;
}

class SquadExactMatch : public TextMeasure {
 public:
  std::optional<double> Score(std::string_view answer,
                              std::span<const std::string_view> accepted) override {
    return BestAfterSquadSteps(answer, accepted, [](const std::string& a, const std::string& b) {
      return a == b ? 1.0 : 0.0;
    });
  }
};

std::vector<std::string_view> SortedTokens(std::string_view text) {
  std::vector<std::string_view> tokens;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    tokens.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  std::ranges::sort(tokens);
  return tokens;
}

double TokenF1(std::string_view answer, std::string_view accepted) {
  const std::vector<std::string_view> a = SortedTokens(answer);
  const std::vector<std::string_view> b = SortedTokens(accepted);
  if (a.empty() || b.empty()) {
    return a.empty() == b.empty() ? 1.0 : 0.0;
  }
  std::vector<std::string_view> common;
  std::ranges::set_intersection(a, b, std::back_inserter(common));
  return 2.0 * static_cast<double>(common.size()) / static_cast<double>(a.size() + b.size());
}

class SquadF1 : public TextMeasure {
 public:
  std::optional<double> Score(std::string_view answer,
                              std::span<const std::string_view> accepted) override {
    return BestAfterSquadSteps(answer, accepted, TokenF1);
  }
};

}  // namespace

std::unique_ptr<TextMeasure> MakeContains() { return std::make_unique<Contains>(); }

std::unique_ptr<TextMeasure> MakeRegexMatch(const std::string& pattern) {
  return std::make_unique<RegexMatch>(pattern);
}

absl::Status CheckPattern(const std::string& pattern) {
  const re2::RE2 compiled(pattern, PatternOptions());
  return compiled.ok() ? absl::OkStatus()
                       : absl::InvalidArgumentError(
                             absl::StrFormat("pattern '%s': %s", pattern, compiled.error()));
}

std::unique_ptr<TextMeasure> MakeNumericMatch(double absolute, double relative) {
  return std::make_unique<NumericMatch>(absolute, relative);
}

std::unique_ptr<TextMeasure> MakeLevenshteinRatio() { return std::make_unique<LevenshteinRatio>(); }

std::unique_ptr<TextMeasure> MakeSquadExactMatch() { return std::make_unique<SquadExactMatch>(); }

std::unique_ptr<TextMeasure> MakeSquadF1() { return std::make_unique<SquadF1>(); }

}  // namespace assay
