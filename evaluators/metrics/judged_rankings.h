#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "evaluators/columns.h"
#include "evaluators/metrics/ranking_measure.h"

namespace assay {

// Walks the queries of a batch: puts each ranking in order, by score descending and then by
// document id descending in bytes (ranks play no role), and looks up the judgements.
// Thread-compatible.
class JudgedRankings {
 public:
  // `relevance` has type kRelevance; `ranking` kRanking with as many rows, or nullptr: none has a
  // ranking. Both outlive this object.
  JudgedRankings(const Column& relevance, const Column* ranking);

  // Query `row`, valid until the next call; absent when the row has no judgements. A missing
  // ranking is one without documents.
  std::optional<JudgedRanking> Get(std::int64_t row);
  // Of the query got last: true when the documents at ranks `cutoff` and `cutoff` + 1 have the same
  // score, so that their ids decide which one counts.
  bool IsTiedAt(std::int64_t cutoff) const;

 private:
  struct Judgement {
    std::int64_t row = -1;  // where `grade` holds
    std::int32_t grade = 0;
  };
  void Order(std::int64_t row);
  // Number of a ranked document among the judged ones of the batch, -1 for none.
  std::int32_t JudgedCode(std::int32_t ranking_code);

  const Column& relevance_;
  const Column* const ranking_;
  absl::flat_hash_map<std::string_view, std::int32_t> relevance_code_;
  std::vector<std::int32_t> judged_code_;  // by code of the ranking; kNotYet: not looked up
  std::vector<Judgement> judgement_;       // by code of the relevance
  std::vector<std::pair<double, std::int32_t>> ordered_;  // score, code in the ranking
  std::vector<JudgedDocument> judged_;
  std::vector<std::int32_t> relevant_;
};

}  // namespace assay
