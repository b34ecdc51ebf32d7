#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "evaluators/metrics/document_table.h"
#include "evaluators/metrics/ranking_measure.h"

namespace assay {

struct Judgement {
  std::string_view document;
  std::int32_t grade = 0;
};

struct RankedDocument {
  std::string_view document;
  double score = 0;  // not NaN
};

// Puts the ranking of a query in order, by score descending and then by document id descending in
// bytes, and looks up its judgements. JudgedRankings does the same for columns. Thread-compatible.
class DocumentJudge {
 public:
  // At most 2^31 documents in sum. No document stands twice in `judgements`. Documents beyond rank
  // `max_ranked` are as if they were not ranked. Valid until the next call; absent when a document
  // stands twice in `ranking`: then that is duplicate().
  std::optional<JudgedRanking> Judge(std::span<const Judgement> judgements,
                                     std::span<const RankedDocument> ranking,
                                     std::int64_t max_ranked);
  std::string_view duplicate() const { return duplicate_; }
  // Of the query judged last: true when the documents at ranks `cutoff` and `cutoff` + 1 have the
  // same score, so that their ids decide which one counts.
  bool IsTiedAt(std::int64_t cutoff) const;

 private:
  struct Placed {
    double score = 0;
    std::int32_t item = 0;       // in the ranking given
    std::int32_t judgement = 0;  // -1: not judged
  };
  // False when a document stands twice.
  bool LookUp(std::span<const Judgement> judgements, std::span<const RankedDocument> ranking);

  DocumentTable table_;
  std::vector<Placed> placed_;           // by rank
  std::vector<std::uint8_t> is_ranked_;  // by judgement
  std::vector<JudgedDocument> judged_;
  std::vector<std::int32_t> relevant_;
  std::string_view duplicate_;
};

}  // namespace assay
