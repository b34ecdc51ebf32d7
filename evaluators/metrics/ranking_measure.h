#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "evaluators/evaluator.h"

namespace assay {

// A judged document where a system ranked it.
struct JudgedDocument {
  std::int64_t rank = 0;  // from 1
  std::int32_t grade = 0;
};

// What the measures see of one query.
struct JudgedRanking {
  std::int64_t num_ranked = 0;             // documents in the ranking
  std::span<const JudgedDocument> judged;  // those with a judgement, by rank
  std::span<const std::int32_t>
      relevant;                     // all grades >= 1 of the query, ranked or not, descending
  std::int64_t num_grade_zero = 0;  // judgements of the query with grade 0
};

// A measure in the spelling of ir_measures, `NAME[@k][(rel=n)]`, with the numbers of trec_eval
// (version 10rc, usnistgov/trec_eval f4253652) where that has it; other definitions have other
// names. A document is relevant when its grade is at least `minimum_grade`. A query without
// relevant documents, or without a ranking, scores 0 unless a measure says otherwise.
struct RankingMeasure {
  // In canonical order.
  enum class Name : std::uint8_t {
    kNdcg,
    kAp,
    kReciprocalRank,
    kRecall,
    kPrecision,
    kSuccess,
    kRPrecision,
    kJudged,
    kBpref,
    kInterpolatedPrecision,  // at `recall_level`
    kNumRanked,
    kNumRelevant,
    kNumRelevantRanked,
    kNdcgExponential,
    kRecallCapped,
  };
  Name name = Name::kNdcg;
  std::int32_t cutoff = 0;         // 0: none
  std::int32_t minimum_grade = 1;  // always 1 where grades are gains or do not matter
  double recall_level = 0;         // kInterpolatedPrecision: in [0, 1]

  bool operator==(const RankingMeasure&) const = default;
};

// Canonical order: by name, then cut-offs ascending and none last, then recall levels, then grades.
bool IsListedBefore(const RankingMeasure& a, const RankingMeasure& b);

// Reads `nDCG@10`, `IPrec@0.1`, `P@5(rel=2)` or, as ir_measures also writes it, `P(rel=2)@5`.
// INVALID_ARGUMENT says what is unknown, missing or not taken.
absl::StatusOr<RankingMeasure> ParseRankingMeasure(std::string_view text);
std::string FormatRankingMeasure(const RankingMeasure& measure);
MetricDescriptor DescribeRankingMeasure(const RankingMeasure& measure);

// Whether `measure` can have a `minimum_grade` other than 1.
bool TakesMinimumGrade(const RankingMeasure& measure);

// Value for one query; NaN where it is undefined: kJudged of an empty ranking, kRecallCapped
// without relevant documents, kNdcgExponential with a grade above 1,000.
double ComputeRankingMeasure(const RankingMeasure& measure, const JudgedRanking& query);

}  // namespace assay
