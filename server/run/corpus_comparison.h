#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/compare/comparison.h"
#include "evaluators/compare/gate.h"
#include "server/run/job_control.h"
#include "server/run/pairing.h"
#include "server/store/store.h"

namespace assay::run {

// What the corpus metrics of two runs are compared on.
struct CorpusRequest {
  store::Id project = 0;
  store::Id baseline_run = 0;
  store::Id candidate_run = 0;
  const Pairing& pairing;
  std::span<const CohortColumn> cohorts;    // of the candidate's rows
  std::span<const std::uint8_t> is_paired;  // by the candidate's rows
  std::span<const Gate> gates;
  TestOptions options;
};

// Fills the cells of every corpus metric among `metrics`: values over paired rows, and for those
// that are a function of totals over rows the percentile interval of resampled rows. Returns the
// draws that gates on them need. Bit-identical for any `parallel_for`.
absl::StatusOr<std::vector<CorpusDraws>> CompareCorpus(store::Store& store,
                                                       const CorpusRequest& request,
                                                       const ParallelFor& parallel_for,
                                                       const JobControl& control,
                                                       std::vector<MetricComparison>& metrics);

}  // namespace assay::run
