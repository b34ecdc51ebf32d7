#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/formats/input_file.h"
#include "client/formats/trec_lines.h"

namespace assay::formats {

// How the lines of a TREC file look.
struct TrecForm {
  std::string_view noun;  // as an error calls the file
  std::size_t num_columns = 0;
  bool may_have_more = false;  // further columns are passed over
};
inline constexpr TrecForm kTrecQrels = {.noun = "qrels", .num_columns = 4};
inline constexpr TrecForm kTrecRun = {.noun = "a run", .num_columns = 6};
inline constexpr TrecForm kTrecRunWithRemarks = {
    .noun = "a run", .num_columns = 6, .may_have_more = true};

// Columns of both files.
inline constexpr std::size_t kTrecQuery = 0;
inline constexpr std::size_t kTrecDocument = 2;
// Of a run.
inline constexpr std::size_t kTrecScore = 4;

// The errors below name `file`, the line and the field. What CheckTrecLine has to say about a line
// that is not as it should be.
absl::Status DescribeTrecLine(const TrecLines& lines, const TrecForm& form, std::string_view file);
// OK when the line has the columns of its form, valid UTF-8 and no control characters.
inline absl::Status CheckTrecLine(const TrecLines& lines, const TrecForm& form,
                                  std::string_view file) {
  const bool is_plain =
      lines.num_columns() == form.num_columns && !lines.has_control() && !lines.has_high_bytes();
  return is_plain ? absl::OkStatus() : DescribeTrecLine(lines, form, file);
}

// The grade of a line of qrels: an integer of 32 bits.
absl::StatusOr<std::int32_t> TrecGrade(const TrecLines& lines, std::string_view file);
// The score of a line of a run: a number, which may be infinite but not NaN.
absl::StatusOr<double> TrecScore(const TrecLines& lines, std::string_view file);

// The error for the document of a line, which its query has had before.
absl::Status TrecDuplicate(const TrecLines& lines, std::string_view file);
// The same for a `document` that stands twice in `query`; looks for the line.
absl::Status TrecDuplicate(const InputFile& file, std::string_view query,
                           std::string_view document);

// About how many lines a file has.
std::size_t EstimateNumLines(std::string_view bytes);

}  // namespace assay::formats
