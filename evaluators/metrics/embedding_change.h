#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/columns.h"
#include "evaluators/evaluator.h"

namespace assay {

// Vectors that cannot be measured, of one side.
struct UnusableVectors {
  std::int64_t num_missing = 0;
  std::int64_t num_zero = 0;
  std::int64_t num_not_finite = 0;
};

// How the vectors of one side fill their space. A collapse shows here and in no measure that
// centres or rescales.
struct EmbeddingSpread {
  double mean_norm = 0;
  // Mean cosine over all pairs of rows: near 1 when all vectors point the same way.
  std::optional<double> mean_pairwise_cosine;
  // exp(entropy of the singular values of the centred vectors, scaled to sum 1): the number of
  // directions in use. Singular values below 1e-7 of the largest count as 0. Absent when all
  // vectors are equal, and beyond kMaxDecomposedDimension.
  std::optional<double> effective_rank;
  // 1 / sum p^2, p the squared singular values scaled to sum 1.
  std::optional<double> participation_ratio;
};

// What happened to the embeddings of the same rows between two models. Where nothing else is said,
// a value is absent when too few rows are usable or when all vectors of a side are equal.
struct EmbeddingChange {
  std::int32_t baseline_dimension = 0;
  std::int32_t candidate_dimension = 0;
  UnusableVectors baseline_unusable;
  UnusableVectors candidate_unusable;
  // The rows measured: those with a usable vector on both sides, ascending. What follows by row is
  // in this order, and empty when the mean is absent.
  std::vector<std::int64_t> rows;

  // Only in one space (EmbeddingChangeOptions): a rotation changes them, though nothing else.
  std::vector<double> cosine;
  std::vector<double> l2;
  std::optional<double> mean_cosine;
  std::optional<double> mean_l2;

  // Share of a row's k nearest rows by cosine that stayed among its k nearest. Valid across
  // rotations and dimensions.
  std::vector<double> neighbor_overlap;
  std::optional<double> mean_neighbor_overlap;

  // Squared distance from the candidate's vector to the baseline's, after the best translation,
  // rotation or reflection, and scaling of all of the candidate's together, in units of the
  // baseline's mean squared distance from its centroid. The mean is the Procrustes disparity of
  // scipy. The side with fewer dimensions is filled up with zeros. Absent beyond
  // kMaxDecomposedDimension.
  std::vector<double> procrustes_residual;
  std::optional<double> procrustes_disparity;

  // Linear centred kernel alignment with the debiased (U-statistic) estimator of HSIC; about 0 for
  // unrelated rows, also below. Blind to rotation and scale. Needs 4 rows.
  std::optional<double> debiased_cka;

  EmbeddingSpread baseline_spread;
  EmbeddingSpread candidate_spread;
};

struct EmbeddingChangeOptions {
  std::int64_t k = 10;      // of neighbor_overlap
  bool same_space = false;  // both models embed into one space, so that vectors compare directly
};

// Decompositions take time with the third power of the dimension: a minute at 2,048, which is too
// long for a part of a comparison.
constexpr std::int32_t kMaxDecomposedDimension = 1024;

// Compares two vector columns, row i with row i. The columns have
// equally many rows. The same bits for any thread count, and at levels v3 and v4; at the baseline
// neighbour overlap, cosine and L2 are the same, the others agree to about 1e-9.
// INVALID_ARGUMENT when a column holds no vectors, or with same_space for unequal dimensions.
absl::StatusOr<EmbeddingChange> MeasureEmbeddingChange(const Column& baseline,
                                                       const Column& candidate,
                                                       const EmbeddingChangeOptions& options,
                                                       const ParallelFor& parallel_for);

// What each value of an EmbeddingChange and an EmbeddingSpread is, with the default k.
std::vector<MetricDescriptor> EmbeddingChangeMetrics();

}  // namespace assay
