#pragma once

#include <optional>
#include <utility>
#include <vector>

namespace assay {

// Area under the ROC curve: the share of (positive, negative) pairs in which the positive has the
// higher score, equal scores counting half (Mann-Whitney). Rows are (score, is it positive?).
// Counted in integers, so the order of rows does not matter. Absent unless there are both kinds.
std::optional<double> RankArea(std::vector<std::pair<double, bool>> rows);

}  // namespace assay
