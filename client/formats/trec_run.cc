#include "client/formats/trec_run.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "client/formats/input_error.h"
#include "client/formats/number_text.h"
#include "client/formats/trec_fields.h"
#include "client/formats/trec_segments.h"

namespace assay::formats {
namespace {

constexpr std::size_t kRank = 3;
constexpr std::size_t kTag = 5;

// A rank, for comparison with others; absent for what is not a short row of digits.
std::optional<std::int64_t> ReadRank(std::string_view text) {
  constexpr std::size_t kMaxDigits = 18;
  std::int64_t rank = 0;
  for (const char c : text) {
    const unsigned digit = static_cast<unsigned char>(c) - unsigned{'0'};
    if (digit > 9 || text.size() > kMaxDigits) {
      return std::nullopt;
    }
    rank = rank * 10 + digit;
  }
  return rank;
}

}  // namespace

absl::Status TrecRunReader::AddLine() {
  if (absl::Status status = CheckTrecLine(lines_, kTrecRunWithRemarks, file_.name());
      !status.ok()) {
    return status;
  }
  std::optional<double> score = ParseDouble(lines_.column(kTrecScore));
  if (!score || std::isnan(*score)) {
    return TrecScore(lines_, file_.name()).status();
  }
  if (rounds_scores_) {
    score = static_cast<float>(*score);
  }
  const std::optional<std::int64_t> rank = ReadRank(lines_.column(kRank));
  if (!documents_.empty() && rank && last_rank_) {
    const double last_score = documents_.back().score;
    const bool is_conflict = (*rank > *last_rank_ && *score > last_score) ||
                             (*rank < *last_rank_ && *score < last_score);
    num_rank_conflicts_ += is_conflict ? 1 : 0;
  }
  last_rank_ = rank;
  documents_.push_back({.document = lines_.column(kTrecDocument), .score = *score});
  tag_ = lines_.column(kTag);
  return absl::OkStatus();
}

absl::StatusOr<std::optional<TrecRunReader::Segment>> TrecRunReader::Next() {
  if (!is_started_) {
    is_started_ = true;
    has_line_ = lines_.Next();
    if (!has_line_) {
      return LineError({.file = file_.name()}, "the file is empty");
    }
  }
  if (!has_line_) {
    return std::nullopt;
  }
  documents_.clear();
  const std::string_view query = lines_.column(kTrecQuery);
  do {
    if (absl::Status status = AddLine(); !status.ok()) {
      return status;
    }
    has_line_ = lines_.Next();
  } while (has_line_ && lines_.num_columns() > 0 && lines_.column(kTrecQuery) == query);
  return Segment{.query = query, .documents = documents_};
}

absl::StatusOr<TrecRun> TrecRun::Read(const InputFile& file, bool rounds_scores) {
  TrecRun run;
  std::vector<TrecSegment> segments;
  TrecRunReader reader(file, rounds_scores);
  while (true) {
    const absl::StatusOr<std::optional<TrecRunReader::Segment>> segment = reader.Next();
    if (!segment.ok()) {
      return segment.status();
    }
    if (!segment->has_value()) {
      break;
    }
    const std::size_t begin = run.documents_.size();
    run.documents_.insert(run.documents_.end(), (*segment)->documents.begin(),
                          (*segment)->documents.end());
    segments.push_back({.query = (*segment)->query, .begin = begin, .end = run.documents_.size()});
  }
  SortByQuery(segments, run.documents_);
  for (std::size_t i = 0; i < segments.size();) {
    const std::size_t end = EndOfQuery(segments, i);
    run.queries_.push_back(
        {.query = segments[i].query, .begin = segments[i].begin, .end = segments[end - 1].end});
    i = end;
  }
  run.tag_ = reader.tag();
  run.num_rank_conflicts_ = reader.num_rank_conflicts();
  return run;
}

}  // namespace assay::formats
