#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/compare/comparison.h"
#include "evaluators/compare/gate.h"
#include "evaluators/corpus_outcomes.h"
#include "server/run/job_control.h"
#include "server/run/prepared_run.h"
#include "server/store/store.h"

namespace assay::run {

// The corpus metrics of one side of a comparison, reduced to what they depend on by row.
struct SideOutcomes {
  struct Metric {
    std::string id;
    CorpusOutcomes::Resampled resampled;
  };
  std::vector<std::unique_ptr<CorpusOutcomes>> outcomes;  // what `metrics` refers to
  std::vector<Metric> metrics;                            // those that can be resampled
  // Some example has several outputs, so that rows are no units to draw. No metric then.
  bool has_repetitions = false;

  const CorpusOutcomes::Resampled* Find(const std::string& id) const;
};

// Reads the rows of a run. `place_of[row]` is where a row of its dataset version counts among
// `num_places`, -1 for nowhere; empty: row i counts as i.
absl::StatusOr<SideOutcomes> LoadOutcomes(store::Store& store, const PreparedRun& prepared,
                                          std::span<const std::int64_t> place_of,
                                          std::int64_t num_places, const JobControl& control);

// One corpus metric on both sides.
struct CorpusPair {
  const MetricDescriptor* metric = nullptr;
  const CorpusOutcomes::Resampled* baseline = nullptr;
  const CorpusOutcomes::Resampled* candidate = nullptr;
};

// Fills interval, p and method of a cell whose values are known, by resampling `rows`.
void ResampleCell(const CorpusPair& pair, std::span<const std::uint32_t> rows,
                  const TestOptions& options, Cell& cell);

// Draws for gates of the cell with that factor; the values are those of the cell.
CorpusDraws DrawForGates(const CorpusPair& pair, std::span<const std::uint32_t> rows,
                         const TestOptions& options, double factor, const Cell& cell);

}  // namespace assay::run
