#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "evaluators/metrics/normalized_text.h"

namespace assay {

// Scores an answer against accepted answers; the best of them counts. Owned by one thread.
class TextMeasure {
 public:
  virtual ~TextMeasure() = default;
  // Absent where no accepted answer can be scored against.
  virtual std::optional<double> Score(std::string_view answer,
                                      std::span<const std::string_view> accepted) = 0;
};

// 1 if the answer holds an accepted answer, byte for byte.
std::unique_ptr<TextMeasure> MakeContains();

// 1 if the pattern `pattern` matches somewhere in the answer; an empty pattern: if one of the
// accepted answers, taken as patterns, does. Accepted answers that are no pattern do not count.
std::unique_ptr<TextMeasure> MakeRegexMatch(const std::string& pattern);
// INVALID_ARGUMENT says what RE2 does not take.
absl::Status CheckPattern(const std::string& pattern);

// 1 if |answer - accepted| <= max(absolute, relative * |accepted|), or both are the same infinity.
// A number is the whole text but for white space around it: decimal, with an exponent or not,
// `inf`. An answer that is no number scores 0; accepted answers that are none do not count.
std::unique_ptr<TextMeasure> MakeNumericMatch(double absolute, double relative);

// 1 if answer and accepted answer are the same JSON value: the order of members does not matter,
// numbers compare by value (1 = 1.0). An answer that is no JSON, or has a member twice, scores 0;
// accepted answers of that kind do not count.
std::unique_ptr<TextMeasure> MakeJsonMatch();

// 1 - distance / (code points of the longer text); 1 when both are empty. Distance is Levenshtein's
// over Unicode code points: insertions, deletions and substitutions cost 1.
std::unique_ptr<TextMeasure> MakeLevenshteinRatio();

// SQuAD's measures after kSquadSteps on both sides. Accepted answers that are then empty count only
// when all are.
std::unique_ptr<TextMeasure> MakeSquadExactMatch();
// F1 = 2 common / (tokens of both), tokens being parted by white space and counted as often as they
// occur. When either side has no token: 1 if neither has, else 0 (as SQuAD 2.0; 1.1 gives 0).
std::unique_ptr<TextMeasure> MakeSquadF1();

}  // namespace assay
