#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/compare/gate.h"
#include "evaluators/compare/gate_evidence.h"

namespace assay {

// What a gate looks at.
struct GateTarget {
  const MetricDescriptor* metric = nullptr;
  const PairedScores* scores = nullptr;  // nullptr for a corpus metric
  const CorpusDraws* draws = nullptr;    // nullptr for row scores
  std::size_t cell = 0;                  // of SummarizePairs: 0 for all rows, then cohort values
  bool is_refused = false;               // nothing of the above is known
};

// Finds metric and cohort of every gate. Errors as JudgeGates.
absl::StatusOr<std::vector<GateTarget>> FindTargets(std::span<const Gate> gates,
                                                    const GateInputs& inputs);

// What was found in the cell of a gate.
struct GateFinding {
  GateEvidence evidence;
  std::int64_t num_rows = 0;  // paired ones, also where the evidence counts clusters
  bool is_share = false;      // the evidence is a share of rows, counted as worse
  double margin = 0;          // that the evidence must hold
  // What a relative limit allows: added to bounds of the evidence it gives bounds of the delta.
  double allowance = 0;
  std::optional<double> baseline;
  std::optional<double> candidate;
};

// Findings of every gate, by position: one pass over the rows for each metric and kind of limit.
std::vector<GateFinding> FindEvidence(std::span<const Gate> gates,
                                      std::span<const GateTarget> targets, const GateInputs& inputs,
                                      const ParallelFor& parallel_for);

}  // namespace assay
