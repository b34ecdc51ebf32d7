#include "evaluators/metrics/document_judge.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>

namespace assay {

bool DocumentJudge::LookUp(std::span<const Judgement> judgements,
                           std::span<const RankedDocument> ranking) {
  const auto num_judged = static_cast<std::int32_t>(judgements.size());
  const auto text_of = [&](std::int32_t number) {
    return number < num_judged ? judgements[static_cast<std::size_t>(number)].document
                               : ranking[static_cast<std::size_t>(number - num_judged)].document;
  };
  table_.Reset(judgements.size() + ranking.size());
  for (std::int32_t i = 0; i < num_judged; ++i) {
    table_.FindOrAdd(judgements[static_cast<std::size_t>(i)].document, i, text_of);
  }
  is_ranked_.assign(judgements.size(), 0);
  placed_.resize(ranking.size());
  for (std::size_t i = 0; i < ranking.size(); ++i) {
    const auto item = static_cast<std::int32_t>(i);
    const std::int32_t known = table_.FindOrAdd(ranking[i].document, num_judged + item, text_of);
    if (known >= num_judged || (known >= 0 && is_ranked_[static_cast<std::size_t>(known)] != 0)) {
      duplicate_ = ranking[i].document;
      return false;
    }
    if (known >= 0) {
      is_ranked_[static_cast<std::size_t>(known)] = 1;
    }
    placed_[i] = {.score = ranking[i].score, .item = item, .judgement = known};
  }
  return true;
}

std::optional<JudgedRanking> DocumentJudge::Judge(std::span<const Judgement> judgements,
                                                  std::span<const RankedDocument> ranking,
                                                  std::int64_t max_ranked) {
  if (!LookUp(judgements, ranking)) {
    return std::nullopt;
  }
  const auto is_before = [ranking](const Placed& a, const Placed& b) {
    return a.score != b.score ? a.score > b.score
                              : ranking[static_cast<std::size_t>(a.item)].document >
                                    ranking[static_cast<std::size_t>(b.item)].document;
  };
  // Systems mostly write their rankings in order.
  if (!std::is_sorted(placed_.begin(), placed_.end(), is_before)) {
    std::sort(placed_.begin(), placed_.end(), is_before);
  }
  if (std::ssize(placed_) > max_ranked) {
    placed_.resize(static_cast<std::size_t>(max_ranked));
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
