#include "client/formats/trec_fields.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "absl/strings/str_format.h"
#include "client/formats/input_error.h"
#include "client/formats/number_text.h"
#include "evaluators/columns.h"

namespace assay::formats {

absl::Status DescribeTrecLine(const TrecLines& lines, const TrecForm& form, std::string_view file) {
  const Place place = {.file = file, .line = lines.number()};
  if (lines.has_control()) {
    return LineError(place, absl::StrFormat("a NUL byte or another control character: %s",
                                            Quoted(lines.line())));
  }
  const std::size_t count = lines.num_columns();
  if (count != form.num_columns && !(form.may_have_more && count > form.num_columns)) {
    return LineError(place, absl::StrFormat("%d%s columns where a line of %s has %d: %s", count,
                                            count == TrecLines::kMaxColumns ? " or more" : "",
                                            form.noun, form.num_columns, Quoted(lines.line())));
  }
  if (lines.has_high_bytes()) {
    for (std::size_t i = 0; i < form.num_columns; ++i) {
      if (!IsUtf8(lines.column(i))) {
        return FieldError(place,
                          i == kTrecQuery      ? "query"
                          : i == kTrecDocument ? "document"
                                               : absl::StrFormat("column %d", i + 1),
                          absl::StrFormat("invalid UTF-8: %s", Quoted(lines.column(i))));
      }
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::int32_t> TrecGrade(const TrecLines& lines, std::string_view file) {
  const std::string_view text = lines.column(3);
  const std::optional<std::int64_t> grade = ParseInt64(text);
  if (!grade.has_value() || *grade < std::numeric_limits<std::int32_t>::min() ||
      *grade > std::numeric_limits<std::int32_t>::max()) {
    return FieldError({.file = file, .line = lines.number()}, "grade",
                      absl::StrFormat("not an integer, or out of range: %s", Quoted(text)));
  }
  return static_cast<std::int32_t>(*grade);
}

absl::StatusOr<double> TrecScore(const TrecLines& lines, std::string_view file) {
  const std::string_view text = lines.column(kTrecScore);
  const std::optional<double> score = ParseDouble(text);
  if (!score.has_value() || std::isnan(*score)) {
    return FieldError({.file = file, .line = lines.number()}, "score",
                      absl::StrFormat("not a number: %s", Quoted(text)));
  }
  return *score;
}

absl::Status TrecDuplicate(const TrecLines& lines, std::string_view file) {
  return FieldError(
      {.file = file, .line = lines.number()}, "document",
      absl::StrFormat("a document twice in query %s: %s", Quoted(lines.column(kTrecQuery)),
                      Quoted(lines.column(kTrecDocument))));
}

absl::Status TrecDuplicate(const InputFile& file, std::string_view query,
                           std::string_view document) {
  TrecLines lines(file.bytes());
  bool was_seen = false;
  while (lines.Next()) {
    if (lines.column(kTrecDocument) == document && lines.column(kTrecQuery) == query) {
      if (was_seen) {
        return TrecDuplicate(lines, file.name());
      }
      was_seen = true;
    }
  }
  return LineError({.file = file.name()}, "a document twice in one query");
}

std::size_t EstimateNumLines(std::string_view bytes) {
  constexpr std::size_t kSampleBytes = std::size_t{1} << 16;
  const std::string_view sample = bytes.substr(0, kSampleBytes);
  const auto num_lines = static_cast<std::size_t>(std::count(sample.begin(), sample.end(), '\n'));
  return (num_lines + 1) * (bytes.size() / std::max<std::size_t>(sample.size(), 1) + 1);
}

}  // namespace assay::formats
