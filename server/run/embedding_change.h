#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/compare/comparison.h"
#include "evaluators/evaluator.h"
#include "server/run/fairness.h"
#include "server/run/job_control.h"
#include "server/run/pairing.h"
#include "server/store/store.h"

namespace assay::run {

// Most pairs that the embedding change is measured on: searching neighbours takes time with their
// square. Fewer where vectors are long, so that a side takes at most kMaxEmbeddingValues components
// in memory.
inline constexpr std::int64_t kMaxEmbeddingRows = 5'000;
inline constexpr std::int64_t kMaxEmbeddingValues = kMaxEmbeddingRows * 2048;

// What is compared. `is_paired` and `cohorts` go by the candidate's rows.
struct EmbeddingRequest {
  const ComparedRun& baseline;
  const ComparedRun& candidate;
  const Pairing& pairing;
  std::span<const std::uint8_t> is_paired;
  std::span<const CohortColumn> cohorts;
};

// What happened to the column `embedding` of the paired examples; absent when a side has no such
// vectors. Of too many pairs a sample, spread evenly over the dataset version. An example with
// several outputs takes part with its first that is no error. CANCELLED when `control` asks to
// stop.
absl::StatusOr<std::optional<store::EmbeddingChangeRecord>> MeasureEmbeddings(
    store::Store& store, store::Id project, const EmbeddingRequest& request,
    const ParallelFor& parallel_for, const JobControl& control);

// True when both models embed into one space, so that vectors compare directly: they declare the
// same config `embedding_space`, or, where a side declares none, have the same weights.
bool HaveOneSpace(const store::ModelVersionRecord& baseline,
                  const store::ModelVersionRecord& candidate);

}  // namespace assay::run
