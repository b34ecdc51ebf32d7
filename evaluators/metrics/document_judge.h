#pragma once

#include <cstdint>
#include <limits>
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

// How rankings are judged; by default as trec_eval judges them.
struct JudgingRules {
  // Which of two documents with equal scores comes first: that with the greater id in bytes, or,
  // for the best and the worst that the ties allow, that with the higher or lower grade.
  enum class Ties : std::uint8_t { kById, kBestFirst, kWorstFirst };

  Ties ties = Ties::kById;
  // Documents beyond this rank are as if they were not ranked.
  std::int64_t max_ranked = std::numeric_limits<std::int64_t>::max();
  // Of a document that stands twice the line with the highest score counts; otherwise it is an
  // error.
  bool keeps_best_duplicate = false;
};

// Puts the ranking of a query in order, by score descending, and looks up its judgements.
// JudgedRankings does the same for columns. Thread-compatible.
class DocumentJudge {
 public:
  // At most 2^31 documents in sum. No document stands twice in `judgements`. Valid until the next
  // call; absent when a document stands twice in `ranking` and must not: then that is duplicate().
  std::optional<JudgedRanking> Judge(std::span<const Judgement> judgements,
                                     std::span<const RankedDocument> ranking,
                                     const JudgingRules& rules = {});
  std::string_view duplicate() const { return duplicate_; }
  // Of the query judged last: true when the documents at ranks `cutoff` and `cutoff` + 1 have the
  // same score, so that the rule for ties decides which one counts.
  bool IsTiedAt(std::int64_t cutoff) const;
  // Of the query judged last: lines that did not count, because their document stood there with a
  // score as high or higher.
  std::int64_t num_dropped() const { return num_dropped_; }

 private:
  struct Placed {
    double score = 0;
    std::int32_t item = 0;       // in the ranking given
    std::int32_t judgement = 0;  // -1: not judged
  };
  // Fills placed_, in the order given. False when a document stands twice and must not.
  bool LookUp(std::span<const Judgement> judgements, std::span<const RankedDocument> ranking,
              const JudgingRules& rules);
  void Order(std::span<const Judgement> judgements, std::span<const RankedDocument> ranking,
             JudgingRules::Ties ties);

  DocumentTable table_;
  std::vector<Placed> placed_;
  std::vector<std::int32_t> place_;  // by judgement, in placed_ before ordering; -1: not ranked
  std::vector<JudgedDocument> judged_;
  std::vector<std::int32_t> relevant_;
  std::string_view duplicate_;
  std::int64_t num_dropped_ = 0;
};

}  // namespace assay
