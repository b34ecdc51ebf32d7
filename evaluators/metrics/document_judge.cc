#include "evaluators/metrics/document_judge.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace assay {

bool DocumentJudge::LookUp(std::span<const Judgement> judgements,
                           std::span<const RankedDocument> ranking, const JudgingRules& rules) {
  // Judgements are numbered first, then places.
  const auto num_judged = static_cast<std::int32_t>(judgements.size());
  const auto text_of = [&](std::int32_t number) {
    if (number < num_judged) {
      return judgements[static_cast<std::size_t>(number)].document;
    }
    const Placed& placed = placed_[static_cast<std::size_t>(number - num_judged)];
    return ranking[static_cast<std::size_t>(placed.item)].document;
  };
  table_.Reset(judgements.size() + ranking.size());
  for (std::int32_t i = 0; i < num_judged; ++i) {
    table_.FindOrAdd(judgements[static_cast<std::size_t>(i)].document, i, text_of);
  }
  place_.assign(judgements.size(), -1);
  placed_.clear();
  num_dropped_ = 0;
  for (std::size_t i = 0; i < ranking.size(); ++i) {
    const auto place = static_cast<std::int32_t>(placed_.size());
    const std::int32_t known = table_.FindOrAdd(ranking[i].document, num_judged + place, text_of);
    std::int32_t judgement = -1;
    std::int32_t earlier = -1;
    if (known >= num_judged) {
      earlier = known - num_judged;
    } else if (known >= 0) {
      judgement = known;
      earlier = std::exchange(place_[static_cast<std::size_t>(known)], place);
    }
    if (earlier < 0) {
      placed_.push_back({.score = ranking[i].score,
                         .item = static_cast<std::int32_t>(i),
                         .judgement = judgement});
      continue;
    }
    if (!rules.keeps_best_duplicate) {
      duplicate_ = ranking[i].document;
      return false;
    }
    if (judgement >= 0) {
      place_[static_cast<std::size_t>(judgement)] = earlier;
    }
    double& score = placed_[static_cast<std::size_t>(earlier)].score;
    score = std::max(score, ranking[i].score);
    ++num_dropped_;
  }
  return true;
}

void DocumentJudge::Order(std::span<const Judgement> judgements,
                          std::span<const RankedDocument> ranking, JudgingRules::Ties ties) {
  const auto gain = [judgements](const Placed& placed) {
    return placed.judgement < 0
               ? 0
               : std::max(judgements[static_cast<std::size_t>(placed.judgement)].grade, 0);
  };
  const auto is_before = [&](const Placed& a, const Placed& b) {
    if (a.score != b.score) {
      return a.score > b.score;
    }
    if (ties != JudgingRules::Ties::kById && gain(a) != gain(b)) {
      return (gain(a) > gain(b)) == (ties == JudgingRules::Ties::kBestFirst);
    }
    return ranking[static_cast<std::size_t>(a.item)].document >
           ranking[static_cast<std::size_t>(b.item)].document;
  };
  // Systems mostly write their rankings in order.
  if (!std::is_sorted(placed_.begin(), placed_.end(), is_before)) {
    std::sort(placed_.begin(), placed_.end(), is_before);
  }
}

std::optional<JudgedRanking> DocumentJudge::Judge(std::span<const Judgement> judgements,
                                                  std::span<const RankedDocument> ranking,
                                                  const JudgingRules& rules) {
  if (!LookUp(judgements, ranking, rules)) {
    return std::nullopt;
  }
  Order(judgements, ranking, rules.ties);
  if (std::ssize(placed_) > rules.max_ranked) {
    placed_.resize(static_cast<std::size_t>(rules.max_ranked));
  }

  judged_.clear();
  for (std::size_t i = 0; i < placed_.size(); ++i) {
    if (placed_[i].judgement >= 0) {
      judged_.push_back(
          {.rank = static_cast<std::int64_t>(i) + 1,
           .grade = judgements[static_cast<std::size_t>(placed_[i].judgement)].grade});
    }
  }
  relevant_.clear();
  std::int64_t num_grade_zero = 0;
  for (const Judgement& judgement : judgements) {
    if (judgement.grade >= 1) {
      relevant_.push_back(judgement.grade);
    }
    num_grade_zero += judgement.grade == 0 ? 1 : 0;
  }
  std::sort(relevant_.begin(), relevant_.end(), std::greater<>());
  return JudgedRanking{.num_ranked = std::ssize(placed_),
                       .judged = judged_,
                       .relevant = relevant_,
                       .num_grade_zero = num_grade_zero};
}

bool DocumentJudge::IsTiedAt(std::int64_t cutoff) const {
  return cutoff < std::ssize(placed_) && placed_[static_cast<std::size_t>(cutoff) - 1].score ==
                                             placed_[static_cast<std::size_t>(cutoff)].score;
}

}  // namespace assay
