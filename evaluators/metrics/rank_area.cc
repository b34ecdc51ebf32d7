#include "evaluators/metrics/rank_area.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace assay {

std::optional<double> RankArea(std::vector<std::pair<double, bool>> rows) {
  std::ranges::sort(rows);
  std::int64_t positives = 0;
  std::int64_t negatives = 0;
  std::int64_t half_wins = 0;
  for (std::size_t begin = 0; begin < rows.size();) {
    std::int64_t tied_positives = 0;
    std::int64_t tied_negatives = 0;
    std::size_t end = begin;
    for (; end < rows.size() && rows[end].first == rows[begin].first; ++end) {
      ++(rows[end].second ? tied_positives : tied_negatives);
    }
    half_wins += tied_positives * (2 * negatives + tied_negatives);
    positives += tied_positives;
    negatives += tied_negatives;
    begin = end;
  }
  if (positives == 0 || negatives == 0) {
    return std::nullopt;
  }
  return static_cast<double>(half_wins) /
         (2.0 * static_cast<double>(positives) * static_cast<double>(negatives));
}

}  // namespace assay
