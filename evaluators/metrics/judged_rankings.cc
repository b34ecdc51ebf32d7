#include "evaluators/metrics/judged_rankings.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

namespace assay {
namespace {

constexpr std::int32_t kNotYet = -2;

std::size_t NumEntries(const Column& column) {
  return column.text_offsets.empty() ? 0 : column.text_offsets.size() - 1;
}

std::string_view Entry(const Column& column, std::int32_t code) {
  const auto i = static_cast<std::size_t>(code);
  const std::int32_t begin = column.text_offsets[i];
  return {column.text_bytes.data() + begin,
          static_cast<std::size_t>(column.text_offsets[i + 1] - begin)};
}

}  // namespace

JudgedRankings::JudgedRankings(const Column& relevance, const Column* ranking)
    : relevance_(relevance), ranking_(ranking), judgement_(NumEntries(relevance)) {
  if (ranking == nullptr) {
    return;
  }
  relevance_code_.reserve(judgement_.size());
  for (std::int32_t code = 0; code < std::ssize(judgement_); ++code) {
    relevance_code_.try_emplace(Entry(relevance, code), code);
  }
  judged_code_.assign(NumEntries(*ranking), kNotYet);
}

std::int32_t JudgedRankings::JudgedCode(std::int32_t ranking_code) {
  std::int32_t& known = judged_code_[static_cast<std::size_t>(ranking_code)];
  if (known == kNotYet) {
    const auto found = relevance_code_.find(Entry(*ranking_, ranking_code));
    known = found == relevance_code_.end() ? -1 : found->second;
  }
  return known;
}

void JudgedRankings::Order(std::int64_t row) {
  ordered_.clear();
  if (ranking_ == nullptr || !ranking_->IsValid(row)) {
    return;
  }
  for (std::int64_t item = ranking_->ListBegin(row); item < ranking_->ListEnd(row); ++item) {
    const auto i = static_cast<std::size_t>(item);
    ordered_.emplace_back(ranking_->doubles[i], ranking_->codes[i]);
  }
  const auto is_before = [this](const std::pair<double, std::int32_t>& a,
                                const std::pair<double, std::int32_t>& b) {
    return a.first != b.first ? a.first > b.first
                              : Entry(*ranking_, a.second) > Entry(*ranking_, b.second);
  };
  // Systems mostly write their rankings in order.
  if (!std::is_sorted(ordered_.begin(), ordered_.end(), is_before)) {
    std::sort(ordered_.begin(), ordered_.end(), is_before);
  }
}

std::optional<JudgedRanking> JudgedRankings::Get(std::int64_t row) {
  if (!relevance_.IsValid(row)) {
    return std::nullopt;
  }
  relevant_.clear();
  std::int64_t num_grade_zero = 0;
  for (std::int64_t item = relevance_.ListBegin(row); item < relevance_.ListEnd(row); ++item) {
    const auto i = static_cast<std::size_t>(item);
    const std::int32_t grade = relevance_.int32s[i];
    judgement_[static_cast<std::size_t>(relevance_.codes[i])] = {.row = row, .grade = grade};
    if (grade >= 1) {
      relevant_.push_back(grade);
    }
    num_grade_zero += grade == 0 ? 1 : 0;
  }
  std::sort(relevant_.begin(), relevant_.end(), std::greater<>());

  Order(row);
  judged_.clear();
  for (std::size_t i = 0; i < ordered_.size(); ++i) {
    const std::int32_t code = JudgedCode(ordered_[i].second);
    if (code < 0) {
      continue;
    }
    const Judgement& judgement = judgement_[static_cast<std::size_t>(code)];
    if (judgement.row == row) {
      judged_.push_back({.rank = static_cast<std::int64_t>(i) + 1, .grade = judgement.grade});
    }
  }
  return JudgedRanking{.num_ranked = std::ssize(ordered_),
                       .judged = judged_,
                       .relevant = relevant_,
                       .num_grade_zero = num_grade_zero};
}

bool JudgedRankings::IsTiedAt(std::int64_t cutoff) const {
  return cutoff < std::ssize(ordered_) && ordered_[static_cast<std::size_t>(cutoff) - 1].first ==
                                              ordered_[static_cast<std::size_t>(cutoff)].first;
}

}  // namespace assay
