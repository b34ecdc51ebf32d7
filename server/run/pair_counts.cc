#include "server/run/pair_counts.h"

#include <algorithm>
#include <cstddef>
#include <optional>

namespace assay::run {
namespace {

std::int64_t CountErrors(const ComparedSide& side) {
  return std::ranges::count(side.status, RowStatus::kError);
}

std::int64_t CountScored(const ComparedSide& side) {
  return std::ranges::count(side.is_scored, std::uint8_t{1});
}

std::optional<double> Share(std::int64_t part, std::int64_t whole) {
  return whole > 0 ? std::optional(static_cast<double>(part) / static_cast<double>(whole))
                   : std::nullopt;
}

}  // namespace

std::vector<std::uint8_t> CountPairs(const ComparedRows& rows, store::ComparisonResult& result) {
  const ComparedSide& baseline = rows.baseline;
  const ComparedSide& candidate = rows.candidate;
  result.num_baseline_errors = CountErrors(baseline);
  result.num_candidate_errors = CountErrors(candidate);
  std::vector<std::uint8_t> is_paired(candidate.is_scored.size(), 0);
  std::int64_t num_changed_before = 0;  // scored examples of changed content, by side
  std::int64_t num_changed_after = 0;
  for (std::size_t row = 0; row < is_paired.size(); ++row) {
    const auto candidate_row = static_cast<std::int64_t>(row);
    const std::int64_t other = rows.pairing.BaselineRow(candidate_row);
    if (candidate.is_scored[row] != 0 && other >= 0 &&
        baseline.is_scored[static_cast<std::size_t>(other)] != 0) {
      is_paired[row] = 1;
      ++result.num_paired;
    }
    if (rows.pairing.HasChanged(candidate_row)) {
      const auto same_key = static_cast<std::size_t>(rows.pairing.SameKeyRow(candidate_row));
      num_changed_before += baseline.is_scored[same_key];
      num_changed_after += candidate.is_scored[row];
    }
  }
  const std::int64_t num_baseline = CountScored(baseline);
  const std::int64_t num_candidate = CountScored(candidate);
  result.num_only_baseline = num_baseline - result.num_paired - num_changed_before;
  result.num_only_candidate = num_candidate - result.num_paired - num_changed_after;
  result.coverage = Share(result.num_paired, num_baseline);
  result.baseline_error_rate =
      Share(result.num_baseline_errors, num_baseline + result.num_baseline_errors);
  result.candidate_error_rate =
      Share(result.num_candidate_errors, num_candidate + result.num_candidate_errors);
  return is_paired;
}

std::string CountFlips(const MetricScores& scores, store::ComparisonResult& result) {
  result.flip_metric = scores.metric.id;
  std::string flips((scores.candidate.values.size() + 7) / 8, '\0');
  const bool is_higher_better = scores.metric.direction != Direction::kLower;
  for (std::size_t row = 0; row < scores.candidate.values.size(); ++row) {
    const double before = scores.baseline.values[row];
    const double after = scores.candidate.values[row];
    if (scores.baseline.defined[row] == 0 || scores.candidate.defined[row] == 0 || before == 0.5 ||
        after == 0.5) {
      continue;
    }
    const bool was_right = (before > 0.5) == is_higher_better;
    const bool is_right = (after > 0.5) == is_higher_better;
    ++(was_right ? (is_right ? result.num_both_right : result.num_broken)
                 : (is_right ? result.num_fixed : result.num_both_wrong));
    if (was_right != is_right) {
      flips[row / 8] = static_cast<char>(flips[row / 8] | (1 << (row % 8)));
    }
  }
  return flips;
}

}  // namespace assay::run
