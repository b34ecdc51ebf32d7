#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/compare/comparison.h"
#include "server/run/job_control.h"
#include "server/run/prepared_run.h"
#include "server/store/store.h"

namespace assay::run {

// One corpus metric over some rows of a run: overall first, then every value of every cohort column
// in order.
struct CorpusValues {
  MetricDescriptor metric;
  std::vector<std::optional<double>> values;
  std::vector<std::int64_t> num_rows;  // examples that took part
};

// Computes the corpus metrics of a run over the examples for which `takes_part` is not 0; empty:
// over all that were scored. Every output of an example counts. Bit-identical for any
// `parallel_for`. Empty when the run has no corpus metric. With `tables`, adds what evaluators have
// to show of all those examples together.
absl::StatusOr<std::vector<CorpusValues>> MeasureCorpus(
    store::Store& store, const PreparedRun& prepared, std::span<const CohortColumn> cohorts,
    std::span<const std::uint8_t> takes_part, const ParallelFor& parallel_for,
    const JobControl& control, std::vector<ResultTable>* tables = nullptr);

}  // namespace assay::run
