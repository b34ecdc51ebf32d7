#include "server/run/corpus_resampling.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/str_format.h"
#include "evaluators/compare/resampled_cell.h"
#include "evaluators/statistics/ordered_bootstrap.h"
#include "server/base/status_macros.h"

namespace assay::run {
namespace {

// The same numbers for a metric and a cohort whatever else is compared.
RandomSource SourceOf(const MetricDescriptor& metric, const std::string& cohort,
                      const TestOptions& options) {
  return {.seed = options.seed,
          .stream = StreamOf(absl::StrFormat("corpus\n%s\n%s", metric.id, cohort))};
}

PairedBootstrap Resample(const CorpusPair& pair, std::span<const std::uint32_t> rows,
                         const TestOptions& options, double factor, const Cell& cell) {
  using Areas = CorpusOutcomes::Areas;
  using Confidences = CorpusOutcomes::Confidences;
  using Outcomes = CorpusOutcomes::Outcomes;
  const RandomSource source = SourceOf(*pair.metric, cell.cohort, options);
  // One definition on both sides, so one alternative.
  assert(pair.baseline->index() == pair.candidate->index());
  if (const auto* const areas = std::get_if<Areas>(pair.baseline)) {
    return BootstrapAreas(areas->classes, std::get<Areas>(*pair.candidate).classes, factor, rows,
                          options.cluster_of, source, options.draws);
  }
  if (const auto* const confidences = std::get_if<Confidences>(pair.baseline)) {
    return BootstrapCalibration(confidences->column, std::get<Confidences>(*pair.candidate).column,
                                confidences->num_bins, factor, rows, options.cluster_of, source,
                                options.draws);
  }
  const auto& before = std::get<Outcomes>(*pair.baseline);
  const auto& after = std::get<Outcomes>(*pair.candidate);
  return BootstrapPairs({.baseline = before.column,
                         .candidate = after.column,
                         .baseline_statistic = before.statistic,
                         .candidate_statistic = after.statistic,
                         .factor = factor},
                        rows, options.cluster_of, source, options.draws);
}

}  // namespace

const CorpusOutcomes::Resampled* SideOutcomes::Find(const std::string& id) const {
  const auto found = std::ranges::find(metrics, id, &Metric::id);
  return found == metrics.end() ? nullptr : &found->resampled;
}

absl::StatusOr<SideOutcomes> LoadOutcomes(store::Store& store, const PreparedRun& prepared,
                                          std::span<const std::int64_t> place_of,
                                          std::int64_t num_places, const JobControl& control) {
  SideOutcomes side;
  std::vector<const Evaluator*> evaluators;
  for (const auto& evaluator : prepared.evaluators) {
    const auto* const source = dynamic_cast<const OutcomeSource*>(evaluator.get());
    std::unique_ptr<CorpusOutcomes> outcomes =
        source == nullptr ? nullptr : source->NewOutcomes(num_places);
    if (outcomes != nullptr) {
      evaluators.push_back(evaluator.get());
      side.outcomes.push_back(std::move(outcomes));
    }
  }
  if (evaluators.empty()) {
    return side;
  }
  RowSource source = prepared.Source(store, evaluators);
  std::vector<std::int64_t> rows;
  std::vector<std::int64_t> places;
  for (std::int64_t chunk = 0; chunk < prepared.inputs->num_chunks(); ++chunk) {
    ASSAY_RETURN_IF_ERROR(control.Check());
    ASSAY_ASSIGN_OR_RETURN(const RowBlock block, source.Read(chunk));
    for (std::size_t i = 0; i < evaluators.size(); ++i) {
      const LinedUpRows& lined_up = block.Rows(evaluators[i]->ScoresMissingOutputs());
      rows.clear();
      places.clear();
      for (std::size_t row = 0; row < lined_up.examples.size(); ++row) {
        if (row > 0 && lined_up.examples[row] == lined_up.examples[row - 1]) {
          side = SideOutcomes();
          side.has_repetitions = true;
          return side;
        }
        const std::int64_t example = block.first_row + lined_up.examples[row];
        const std::int64_t place =
            place_of.empty() ? example : place_of[static_cast<std::size_t>(example)];
        if (place >= 0) {
          rows.push_back(static_cast<std::int64_t>(row));
          places.push_back(place);
        }
      }
      side.outcomes[i]->Add(lined_up.Batch(), rows, places);
    }
  }
  for (std::size_t i = 0; i < evaluators.size(); ++i) {
    std::vector<std::optional<CorpusOutcomes::Resampled>> resampled = side.outcomes[i]->Finish();
    std::size_t next = 0;
    for (const MetricDescriptor& metric : evaluators[i]->metrics()) {
      if (metric.kind == MetricKind::kCorpus && next < resampled.size()) {
        if (std::optional<CorpusOutcomes::Resampled>& one = resampled[next++]; one.has_value()) {
          side.metrics.push_back({metric.id, *std::move(one)});
        }
      }
    }
  }
  return side;
}

void ResampleCell(const CorpusPair& pair, std::span<const std::uint32_t> rows,
                  const TestOptions& options, Cell& cell) {
  FillFromResamples(Resample(pair, rows, options, 1, cell), options, cell);
}

CorpusDraws DrawForGates(const CorpusPair& pair, std::span<const std::uint32_t> rows,
                         const TestOptions& options, double factor, const Cell& cell) {
  return DrawsFromResamples(Resample(pair, rows, options, factor, cell), *pair.metric, cell,
                            factor);
}

}  // namespace assay::run
