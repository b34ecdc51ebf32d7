#include <limits>
#include <vector>

#include "absl/strings/str_format.h"
#include "evaluators/metrics/embedding_change.h"

namespace assay {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr char kUnusableRows[] =
    "a vector of the row is missing, zero, or holds NaN or infinity on either side";

MetricDescriptor NeighborOverlap(std::int64_t k) {
  return {.id = absl::StrFormat("neighbor_overlap@%d", k),
          .definition_id = "assay/neighbor_overlap@k/1",
          .direction = Direction::kHigher,
          .formula = absl::StrFormat(
              "share of a row's %d nearest rows by cosine before that are among its %d nearest "
              "after; exact search, the row itself left out",
              k, k),
          .undefined = kUnusableRows,
          .source = "Wendlandt et al. 2018; holds across rotations and dimensions"};
}

MetricDescriptor ProcrustesResidual() {
  return {.id = "procrustes_residual",
          .definition_id = "scipy/procrustes_residual/1",
          .direction = Direction::kLower,
          .highest = kInfinity,
          .formula =
              "squared distance of the row's vectors after the best shift, rotation or reflection "
              "and common scale, over the baseline's mean squared distance from its centroid",
          .undefined = absl::StrFormat("%s; more than %d components", kUnusableRows,
                                       kMaxDecomposedDimension),
          .source = "scipy.spatial.procrustes; the mean over rows is its disparity"};
}

MetricDescriptor DebiasedCka() {
  return {.id = "debiased_cka",
          .definition_id = "assay/debiased_linear_cka/1",
          .direction = Direction::kHigher,
          .kind = MetricKind::kCorpus,
          .lowest = -1,
          .formula =
              "HSIC of both sides over the root of the product of each side's own, linear kernels, "
              "U-statistic of HSIC",
          .undefined = "under 4 usable rows, or all vectors of a side are equal",
          .source = "Kornblith et al. 2019; Song et al. 2012 for the U-statistic"};
}

MetricDescriptor PairedCosine() {
  return {.id = "paired_cosine",
          .definition_id = "assay/paired_cosine/1",
          .direction = Direction::kHigher,
          .lowest = -1,
          .formula = "cosine of the row's vectors before and after, summed in double",
          .undefined = absl::StrFormat("%s; the sides are not in one space", kUnusableRows),
          .source = "scikit-learn cosine_similarity, but a zero vector has no cosine"};
}

MetricDescriptor PairedDistance() {
  return {.id = "paired_l2",
          .definition_id = "assay/paired_l2/1",
          .direction = Direction::kLower,
          .highest = kInfinity,
          .formula = "Euclidean distance of the row's vectors before and after, summed in double",
          .undefined = absl::StrFormat("%s; the sides are not in one space", kUnusableRows),
          .source = "scipy.spatial.distance.euclidean"};
}

// Of one side, to be read before against after; no direction is better.
MetricDescriptor Spread(MetricDescriptor metric) {
  metric.direction = Direction::kNone;
  metric.kind = MetricKind::kCorpus;
  return metric;
}

}  // namespace

std::vector<MetricDescriptor> EmbeddingChangeMetrics() {
  return {
      NeighborOverlap(EmbeddingChangeOptions().k),
      ProcrustesResidual(),
      DebiasedCka(),
      PairedCosine(),
      PairedDistance(),
      Spread({.id = "mean_norm",
              .definition_id = "assay/mean_norm/1",
              .highest = kInfinity,
              .formula = "mean Euclidean norm of the vectors of a side",
              .undefined = "no usable row",
              .source = "numpy.linalg.norm"}),
      Spread({.id = "mean_pairwise_cosine",
              .definition_id = "assay/mean_pairwise_cosine/1",
              .lowest = -1,
              .formula = "mean cosine over all pairs of rows of a side; near 1 after a collapse "
                         "into a narrow cone",
              .undefined = "under 2 usable rows",
              .source = "Ethayarajh 2019, anisotropy"}),
      Spread({.id = "effective_rank",
              .definition_id = "assay/effective_rank/1",
              .lowest = 1,
              .highest = kInfinity,
              .unit = "directions",
              .formula = "exp of the entropy of the singular values of the centred vectors of a "
                         "side, scaled to sum 1; those below 1e-7 of the largest count as 0",
              .undefined = absl::StrFormat("all vectors are equal; more than %d components",
                                           kMaxDecomposedDimension),
              .source = "Roy and Vetterli 2007"}),
      Spread({.id = "participation_ratio",
              .definition_id = "assay/participation_ratio/1",
              .lowest = 1,
              .highest = kInfinity,
              .unit = "directions",
              .formula = "1 / sum of p^2, p the squared singular values of the centred vectors of "
                         "a side, scaled to sum 1",
              .undefined = absl::StrFormat("all vectors are equal; more than %d components",
                                           kMaxDecomposedDimension),
              .source = "Gao et al. 2017"}),
  };
}

}  // namespace assay
