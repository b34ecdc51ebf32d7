#include "client/formats/trec_run.h"

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
#include "client/formats/trec_lines.h"
#include "client/formats/trec_segments.h"

namespace assay::formats {
namespace {

constexpr std::size_t kRank = 3;
constexpr std::size_t kTag = 5;

}  // namespace

absl::StatusOr<TrecRun> TrecRun::Read(const InputFile& file) {
  TrecRun run;
  run.documents_.reserve(EstimateNumLines(file.bytes()));
  std::vector<TrecSegment> segments;
  std::optional<std::int64_t> last_rank;
  TrecLines lines(file.bytes());
  while (lines.Next()) {
    if (absl::Status status = CheckTrecLine(lines, kTrecRunWithRemarks, file.name());
        !status.ok()) {
      return status;
    }
    const absl::StatusOr<double> score = TrecScore(lines, file.name());
    if (!score.ok()) {
      return score.status();
    }
    const std::optional<std::int64_t> rank = ParseInt64(lines.column(kRank));
    if (segments.empty() || lines.column(kTrecQuery) != segments.back().query) {
      segments.push_back({.query = lines.column(kTrecQuery), .begin = run.documents_.size()});
    } else if (rank && last_rank) {
      const double last_score = run.documents_.back().score;
      run.num_rank_conflicts_ +=
          (*rank > *last_rank && *score > last_score) || (*rank < *last_rank && *score < last_score)
              ? 1
              : 0;
    }
    last_rank = rank;
    run.documents_.push_back({.document = lines.column(kTrecDocument), .score = *score});
    run.tag_ = lines.column(kTag);
    segments.back().end = run.documents_.size();
  }
  if (segments.empty()) {
    return LineError({.file = file.name()}, "the file is empty");
  }
  SortByQuery(segments, run.documents_);
  for (std::size_t i = 0; i < segments.size();) {
    const std::size_t end = EndOfQuery(segments, i);
    run.queries_[segments[i].query] = {.begin = segments[i].begin,
                                       .size = segments[end - 1].end - segments[i].begin};
    i = end;
  }
  return run;
}

std::span<const RankedDocument> TrecRun::Ranking(std::string_view query) const {
  const auto found = queries_.find(query);
  if (found == queries_.end()) {
    return {};
  }
  return std::span(documents_).subspan(found->second.begin, found->second.size);
}

}  // namespace assay::formats
