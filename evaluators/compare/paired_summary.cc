#include "evaluators/compare/paired_summary.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <limits>

#include "evaluators/compare/cell_rows.h"

namespace assay {
namespace {

// Unit of parallel work: at most 64 blocks, whatever the number of rows, so that many cohorts do
// not need much memory.
constexpr std::int64_t kLeastBlockRows = 16'384;
constexpr std::int64_t kMostBlocks = 64;
// Rows handled while their scores stay in the first-level cache.
constexpr std::int64_t kTileRows = 1'024;

// Where the accumulators of each cohort column begin. Accumulator 0 is for all rows; each column
// has one for rows without a value, which is dropped in the end, and then one for each value.
struct Layout {
  std::vector<std::size_t> no_value;  // by column
  std::size_t size = 1;
};

Layout MakeLayout(std::span<const CohortColumn> cohorts) {
  Layout layout;
  for (const CohortColumn& cohort : cohorts) {
    layout.no_value.push_back(layout.size);
    layout.size += cohort.values.size() + 1;
  }
  return layout;
}

// The paired rows among kTileRows consecutive ones.
struct Tile {
  std::size_t size = 0;
  std::array<std::size_t, kTileRows> row;
  std::array<double, kTileRows> baseline;
  std::array<double, kTileRows> candidate;
};

void Fill(const PairedScores& scores, std::size_t begin, std::size_t end, Tile& tile) {
  std::size_t size = 0;
  for (std::size_t row = begin; row < end; ++row) {
    tile.row[size] = row;
    tile.baseline[size] = scores.baseline[row];
    tile.candidate[size] = scores.candidate[row];
    size += scores.baseline_defined[row] & scores.candidate_defined[row];
  }
  tile.size = size;
}

// Passes over all rows in blocks. `add(accumulator, baseline, candidate, cell)` is called for every
// paired row and each cell that it belongs to; the blocks' accumulators are merged in block order.
template <typename Accumulator>
class BlockedPass {
 public:
  BlockedPass(const PairedScores& scores, std::span<const CohortColumn> cohorts,
              const ParallelFor& parallel_for)
      : scores_(scores),
        cohorts_(cohorts),
        parallel_for_(parallel_for),
        layout_(MakeLayout(cohorts)) {}

  const Layout& layout() const { return layout_; }

  template <typename Add>
  std::vector<Accumulator> Run(const Add& add) const {
    const auto num_rows = static_cast<std::int64_t>(scores_.baseline.size());
    const std::int64_t block_rows =
        std::max(kLeastBlockRows, (num_rows + kMostBlocks - 1) / kMostBlocks);
    const std::int64_t num_blocks = (num_rows + block_rows - 1) / block_rows;
    std::vector<std::vector<Accumulator>> blocks(static_cast<std::size_t>(num_blocks));
    parallel_for_(num_blocks, [&](std::int64_t block) {
      const std::int64_t begin = block * block_rows;
      blocks[static_cast<std::size_t>(block)] =
          RunBlock(begin, std::min(num_rows, begin + block_rows), add);
    });
    std::vector<Accumulator> total(layout_.size);
    for (const std::vector<Accumulator>& block : blocks) {
      for (std::size_t cell = 0; cell < total.size(); ++cell) {
        total[cell].Merge(block[cell]);
      }
    }
    return total;
  }

 private:
  template <typename Add>
  std::vector<Accumulator> RunBlock(std::int64_t begin, std::int64_t end, const Add& add) const {
    std::vector<Accumulator> cells(layout_.size);
    Tile tile;
    for (std::int64_t first = begin; first < end; first += kTileRows) {
      Fill(scores_, static_cast<std::size_t>(first),
           static_cast<std::size_t>(std::min(end, first + kTileRows)), tile);
      for (std::size_t i = 0; i < tile.size; ++i) {
        add(cells[0], tile.baseline[i], tile.candidate[i], std::size_t{0});
      }
      for (std::size_t column = 0; column < cohorts_.size(); ++column) {
        const std::vector<std::int32_t>& value_of = cohorts_[column].value_of;
        const std::size_t first_value = layout_.no_value[column] + 1;
        for (std::size_t i = 0; i < tile.size; ++i) {
          const std::int32_t value = value_of[tile.row[i]];
          assert(value >= -1 && value < static_cast<std::int32_t>(cohorts_[column].values.size()));
          const std::size_t cell = first_value + static_cast<std::size_t>(std::int64_t{value});
          add(cells[cell], tile.baseline[i], tile.candidate[i], cell);
        }
      }
    }
    return cells;
  }

  const PairedScores& scores_;
  const std::span<const CohortColumn> cohorts_;
  const ParallelFor& parallel_for_;
  const Layout layout_;
};

// How often each pair of right (1) and wrong (0) answers occurs: [2 * baseline + candidate].
struct Outcomes {
  std::array<std::int64_t, 4> count{};

  void Merge(const Outcomes& later) {
    for (std::size_t i = 0; i < count.size(); ++i) {
      count[i] += later.count[i];
    }
  }
};

// First pass over scores. Doubles throughout so that the four advance together.
struct Sums {
  double num_rows = 0;
  double baseline = 0;
  double candidate = 0;
  double difference = 0;

  void Merge(const Sums& later) {
    num_rows += later.num_rows;
    baseline += later.baseline;
    candidate += later.candidate;
    difference += later.difference;
  }
};

// Second pass: differences about the mean of their cell, so that no digits cancel.
struct Deviations {
  double sum = 0;
  double sum_of_squares = 0;
  double sum_of_cubes = 0;
  double num_higher = 0;
  double num_lower = 0;
  double largest_score = 0;  // by size

  void Merge(const Deviations& later) {
    sum += later.sum;
    sum_of_squares += later.sum_of_squares;
    sum_of_cubes += later.sum_of_cubes;
    num_higher += later.num_higher;
    num_lower += later.num_lower;
    largest_score = std::max(largest_score, later.largest_score);
  }
};

PairedSummary FromOutcomes(const Outcomes& outcomes) {
  PairedSummary summary;
  const std::int64_t both_right = outcomes.count[3];
  summary.num_higher = outcomes.count[1];
  summary.num_lower = outcomes.count[2];
  summary.num_rows = outcomes.count[0] + summary.num_higher + summary.num_lower + both_right;
  const double n = static_cast<double>(std::max<std::int64_t>(summary.num_rows, 1));
  const double higher = static_cast<double>(summary.num_higher);
  const double lower = static_cast<double>(summary.num_lower);
  summary.baseline = static_cast<double>(both_right + summary.num_lower) / n;
  summary.candidate = static_cast<double>(both_right + summary.num_higher) / n;
  summary.delta = (higher - lower) / n;
  const std::int64_t changed = summary.num_higher + summary.num_lower;
  summary.is_constant = changed == 0 || summary.num_higher == summary.num_rows ||
                        summary.num_lower == summary.num_rows;
  if (!summary.is_constant) {
    summary.standard_deviation = std::sqrt((higher + lower) / n - summary.delta * summary.delta);
  }
  return summary;
}

PairedSummary FromSums(const Sums& sums, const Deviations& deviations) {
  PairedSummary summary;
  summary.num_rows = static_cast<std::int64_t>(sums.num_rows);
  summary.num_higher = static_cast<std::int64_t>(deviations.num_higher);
  summary.num_lower = static_cast<std::int64_t>(deviations.num_lower);
  const double n = std::max(sums.num_rows, 1.0);
  summary.baseline = sums.baseline / n;
  summary.candidate = sums.candidate / n;
  summary.delta = (sums.difference + deviations.sum) / n;
  if (summary.num_rows < 2) {
    return summary;
  }
  const double centred = deviations.sum_of_squares - deviations.sum * (deviations.sum / n);
  summary.standard_deviation = std::sqrt(std::max(0.0, centred) / (n - 1));
  // Each score carries a rounding error of half a unit in its last place, and so does the
  // difference; a spread of that size is no spread.
  const double rounding = 4 * std::numeric_limits<double>::epsilon() * deviations.largest_score;
  summary.is_constant = summary.standard_deviation <= rounding;
  if (summary.is_constant) {
    summary.standard_deviation = 0;
  } else {
    // The deviations are about a mean rounded to a last place, which moves the third moment by no
    // more than rounding does.
    const double variance = centred / n;
    summary.skewness = deviations.sum_of_cubes / n / (variance * std::sqrt(variance));
  }
  return summary;
}

void AddClusterErrors(const PairedScores& scores, std::span<const CohortColumn> cohorts,
                      std::span<const std::int32_t> cluster_of, const ParallelFor& parallel_for,
                      std::vector<PairedSummary>& summaries) {
  std::size_t first = 0;
  for (std::size_t i = 0; i <= cohorts.size(); ++i) {
    const CellRows cells(scores, i == 0 ? nullptr : &cohorts[i - 1]);
    parallel_for(static_cast<std::int64_t>(cells.size()), [&](std::int64_t cell) {
      PairedSummary& summary = summaries[first + static_cast<std::size_t>(cell)];
      const std::vector<ClusterSum> sums =
          SumClusters(scores, cells.rows(static_cast<std::size_t>(cell)), cluster_of);
      summary.num_clusters = static_cast<std::int64_t>(sums.size());
      if (sums.size() < 2 || summary.is_constant) {
        return;
      }
      double squares = 0;
      for (const ClusterSum& sum : sums) {
        const double excess = sum.difference - static_cast<double>(sum.num_rows) * summary.delta;
        squares += excess * excess;
      }
      const double count = static_cast<double>(sums.size());
      summary.cluster_error =
          std::sqrt(squares * (count / (count - 1))) / static_cast<double>(summary.num_rows);
    });
    first += cells.size();
  }
}

// Drops the accumulators of rows without a cohort value.
template <typename Summarize>
std::vector<PairedSummary> Collect(const Layout& layout, const Summarize& summarize) {
  std::vector<PairedSummary> summaries;
  std::size_t next_no_value = 0;
  for (std::size_t cell = 0; cell < layout.size; ++cell) {
    if (next_no_value < layout.no_value.size() && cell == layout.no_value[next_no_value]) {
      ++next_no_value;
      continue;
    }
    summaries.push_back(summarize(cell));
  }
  return summaries;
}

std::vector<PairedSummary> SummarizeBinary(const PairedScores& scores,
                                           std::span<const CohortColumn> cohorts,
                                           const ParallelFor& parallel_for) {
  const BlockedPass<Outcomes> pass(scores, cohorts, parallel_for);
  const std::vector<Outcomes> outcomes =
      pass.Run([](Outcomes& cell, double baseline, double candidate, std::size_t /*index*/) {
        assert((baseline == 0 || baseline == 1) && (candidate == 0 || candidate == 1));
        ++cell.count[2 * std::size_t{baseline >= 0.5} + std::size_t{candidate >= 0.5}];
      });
  return Collect(pass.layout(), [&](std::size_t cell) { return FromOutcomes(outcomes[cell]); });
}

std::vector<PairedSummary> SummarizeMeans(const PairedScores& scores,
                                          std::span<const CohortColumn> cohorts,
                                          const ParallelFor& parallel_for) {
  const BlockedPass<Sums> first_pass(scores, cohorts, parallel_for);
  const std::vector<Sums> sums =
      first_pass.Run([](Sums& cell, double baseline, double candidate, std::size_t /*index*/) {
        cell.num_rows += 1;
        cell.baseline += baseline;
        cell.candidate += candidate;
        cell.difference += candidate - baseline;
      });
  std::vector<double> centre(sums.size());
  for (std::size_t cell = 0; cell < sums.size(); ++cell) {
    centre[cell] = sums[cell].difference / std::max(sums[cell].num_rows, 1.0);
  }
  const BlockedPass<Deviations> second_pass(scores, cohorts, parallel_for);
  const std::vector<Deviations> deviations = second_pass.Run(
      [&centre](Deviations& cell, double baseline, double candidate, std::size_t index) {
        const double difference = candidate - baseline;
        const double deviation = difference - centre[index];
        cell.sum += deviation;
        const double square = deviation * deviation;
        cell.sum_of_squares += square;
        cell.sum_of_cubes += square * deviation;
        cell.num_higher += difference > 0 ? 1 : 0;
        cell.num_lower += difference < 0 ? 1 : 0;
        cell.largest_score =
            std::max(cell.largest_score, std::max(std::fabs(baseline), std::fabs(candidate)));
      });
  return Collect(first_pass.layout(),
                 [&](std::size_t cell) { return FromSums(sums[cell], deviations[cell]); });
}

}  // namespace

std::vector<PairedSummary> SummarizePairs(const PairedScores& scores,
                                          std::span<const CohortColumn> cohorts,
                                          const ParallelFor& parallel_for,
                                          std::span<const std::int32_t> cluster_of) {
  assert(scores.candidate.size() == scores.baseline.size());
  assert(scores.baseline_defined.size() == scores.baseline.size());
  assert(scores.candidate_defined.size() == scores.baseline.size());
  assert(cluster_of.empty() || cluster_of.size() == scores.baseline.size());
  assert(std::all_of(cohorts.begin(), cohorts.end(), [&](const CohortColumn& cohort) {
    return cohort.value_of.size() == scores.baseline.size();
  }));
  std::vector<PairedSummary> summaries = scores.metric.kind == MetricKind::kBinaryMean
                                             ? SummarizeBinary(scores, cohorts, parallel_for)
                                             : SummarizeMeans(scores, cohorts, parallel_for);
  if (!cluster_of.empty()) {
    AddClusterErrors(scores, cohorts, cluster_of, parallel_for, summaries);
  }
  return summaries;
}

PairedSummary ByCluster(const PairedSummary& summary) {
  if (summary.num_clusters == 0) {
    return summary;
  }
  PairedSummary clustered = summary;
  clustered.num_rows = summary.num_clusters;
  clustered.standard_deviation =
      summary.cluster_error * std::sqrt(static_cast<double>(summary.num_clusters));
  clustered.is_constant = !(summary.cluster_error > 0);
  return clustered;
}

}  // namespace assay
