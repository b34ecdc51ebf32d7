#include "client/formats/trec_qrels.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "client/formats/input_error.h"
#include "client/formats/trec_fields.h"
#include "client/formats/trec_lines.h"
#include "client/formats/trec_segments.h"
#include "evaluators/metrics/document_table.h"

namespace assay::formats {

absl::StatusOr<TrecQrels> TrecQrels::Read(const InputFile& file) {
  TrecQrels qrels;
  qrels.judgements_.reserve(EstimateNumLines(file.bytes()));
  std::vector<TrecSegment> segments;
  TrecLines lines(file.bytes());
  while (lines.Next()) {
    if (absl::Status status = CheckTrecLine(lines, kTrecQrels, file.name()); !status.ok()) {
      return status;
    }
    const absl::StatusOr<std::int32_t> grade = TrecGrade(lines, file.name());
    if (!grade.ok()) {
      return grade.status();
    }
    if (segments.empty() || lines.column(kTrecQuery) != segments.back().query) {
      segments.push_back({.query = lines.column(kTrecQuery), .begin = qrels.judgements_.size()});
    }
    qrels.judgements_.push_back({.document = lines.column(kTrecDocument), .grade = *grade});
    segments.back().end = qrels.judgements_.size();
  }
  if (segments.empty()) {
    return LineError({.file = file.name()}, "the file is empty");
  }
  SortByQuery(segments, qrels.judgements_);

  DocumentTable table;
  for (std::size_t i = 0; i < segments.size();) {
    const std::size_t end = EndOfQuery(segments, i);
    qrels.queries_.push_back({.id = segments[i].query,
                              .begin = segments[i].begin,
                              .size = segments[end - 1].end - segments[i].begin});
    const std::span<const Judgement> judged = qrels.judgements(qrels.num_queries() - 1);
    table.Reset(judged.size());
    for (std::size_t j = 0; j < judged.size(); ++j) {
      const std::int32_t known = table.FindOrAdd(
          judged[j].document, static_cast<std::int32_t>(j),
          [judged](std::int32_t k) { return judged[static_cast<std::size_t>(k)].document; });
      if (known >= 0) {
        return TrecDuplicate(file, segments[i].query, judged[j].document);
      }
    }
    i = end;
  }
  return qrels;
}

std::optional<std::size_t> TrecQrels::Find(std::string_view query) const {
  const auto found = std::lower_bound(
      queries_.begin(), queries_.end(), query,
      [](const Query& known, std::string_view wanted) { return known.id < wanted; });
  if (found == queries_.end() || found->id != query) {
    return std::nullopt;
  }
  return static_cast<std::size_t>(found - queries_.begin());
}

}  // namespace assay::formats
