#include "evaluators/metrics/embedding_change.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "evaluators/kernels/linear_algebra.h"
#include "evaluators/kernels/packed_matrix.h"
#include "evaluators/metrics/embedding_moments.h"
#include "evaluators/metrics/nearest_neighbors.h"
#include "evaluators/metrics/vector_rows.h"

namespace assay {
namespace {

std::optional<double> Mean(std::span<const double> values) {
  if (values.empty()) {
    return std::nullopt;
  }
  double sum = 0;
  for (const double value : values) {
    sum += value;
  }
  return sum / static_cast<double>(values.size());
}

// True when the vector at `row` can be measured; counted otherwise.
bool IsUsable(const Column& column, std::int64_t row, UnusableVectors& unusable) {
  if (!column.IsValid(row)) {
    ++unusable.num_missing;
    return false;
  }
  const VectorState state = StateOfVectorRow(column, row);
  unusable.num_zero += state == VectorState::kZero ? 1 : 0;
  unusable.num_not_finite += state == VectorState::kNotFinite ? 1 : 0;
  return state == VectorState::kUsable;
}

double SquaredNorm(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) {
    sum += value * value;
  }
  return sum;
}

double SumOfProducts(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += a[i] * b[i];
  }
  return sum;
}

// n (n - 3) times the unbiased estimate of HSIC between centred X and Y with linear kernels (Song
// et al., "Feature selection via dependence maximization", JMLR 2012, equation 5), from X^T Y.
double UnbiasedHsic(const CenteredRows& x, const CenteredRows& y, std::span<const double> product) {
  const auto n = static_cast<double>(x.num_rows());
  const double diagonal = SumOfProducts(x.squared_norms(), y.squared_norms());
  return SquaredNorm(product) - diagonal + x.total() * y.total() / ((n - 1) * (n - 2)) -
         2 / (n - 2) * diagonal;
}

std::optional<double> DebiasedCka(const CenteredRows& x, const CenteredRows& y,
                                  std::span<const double> xx, std::span<const double> yy,
                                  std::span<const double> xy) {
  if (x.num_rows() < 4 || x.is_constant() || y.is_constant()) {
    return std::nullopt;
  }
  const double of_x = UnbiasedHsic(x, x, xx);
  const double of_y = UnbiasedHsic(y, y, yy);
  if (!(of_x > 0) || !(of_y > 0)) {
    return std::nullopt;
  }
  return UnbiasedHsic(x, y, xy) / (std::sqrt(of_x) * std::sqrt(of_y));
}

// Mean norm, and mean cosine over the pairs of rows: |sum of unit vectors|^2 without the diagonal.
void MeasureDirections(const Column& column, std::span<const std::int64_t> rows,
                       EmbeddingSpread& spread) {
  const auto n = static_cast<double>(rows.size());
  std::vector<double> sum(static_cast<std::size_t>(column.dimension));
  double sum_norms = 0;
  for (const std::int64_t row : rows) {
    const double norm = CompareVectorRows(column, row, column, row)->norm_a;
    sum_norms += norm / n;
    VisitVector(column, row, [&](auto vector) {
      for (std::size_t j = 0; j < vector.size(); ++j) {
        sum[j] += static_cast<double>(vector[j]) / norm;
      }
    });
  }
  spread.mean_norm = sum_norms;
  if (rows.size() >= 2) {
    spread.mean_pairwise_cosine = std::clamp((SquaredNorm(sum) - n) / (n * (n - 1)), -1.0, 1.0);
  }
}

// `gram` is X^T X.
void MeasureRank(const CenteredRows& x, std::span<const double> gram, EmbeddingSpread& spread) {
  if (x.is_constant()) {
    return;
  }
  double trace = 0;
  for (std::int64_t j = 0; j < x.dimension(); ++j) {
    trace += gram[static_cast<std::size_t>(j * x.dimension() + j)];
  }
  spread.participation_ratio = trace * trace / SquaredNorm(gram);
  if (x.dimension() > kMaxDecomposedDimension) {
    return;
  }
  const std::vector<double> eigenvalues = SymmetricEigenvalues(gram, x.dimension());
  if (eigenvalues.empty()) {
    return;
  }
  const double smallest = eigenvalues.back() * 1e-14;
  std::vector<double> singular_values;
  double sum = 0;
  for (const double eigenvalue : eigenvalues) {
    if (eigenvalue > smallest) {
      singular_values.push_back(std::sqrt(eigenvalue));
      sum += singular_values.back();
    }
  }
  double entropy = 0;
  for (const double value : singular_values) {
    entropy -= value / sum * std::log(value / sum);
  }
  spread.effective_rank = std::exp(entropy);
}

// The rotation of the candidate Y onto the baseline X, filled up to a square.
void MeasureProcrustes(const CenteredRows& x, const CenteredRows& y, std::span<const double> xy,
                       const ParallelFor& parallel_for, EmbeddingChange& change) {
  constexpr std::int64_t kRowBlock = 256;
  const std::int64_t size = std::max(x.dimension(), y.dimension());
  if (size > kMaxDecomposedDimension || x.is_constant() || y.is_constant()) {
    return;
  }
  const double norm_x = std::sqrt(x.total());
  const double norm_y = std::sqrt(y.total());
  std::vector<double> square(static_cast<std::size_t>(size * size));
  for (std::int64_t i = 0; i < x.dimension(); ++i) {
    for (std::int64_t j = 0; j < y.dimension(); ++j) {
      square[static_cast<std::size_t>(i * size + j)] =
          xy[static_cast<std::size_t>(i * y.dimension() + j)] / norm_x / norm_y;
    }
  }
  // X^T Y = U S V^T, and Y V U^T comes nearest to X: row j of U V^T gives component j.
  const OrthogonalFit fit = NearestOrthogonal(square, size);
  if (fit.rotation.empty()) {
    return;
  }
  const double scale = std::min(fit.sum_singular_values, 1.0);
  const PackedMatrix<double> rotation(fit.rotation, size, size);
  change.procrustes_residual.resize(static_cast<std::size_t>(x.num_rows()));
  parallel_for((x.num_rows() + kRowBlock - 1) / kRowBlock, [&](std::int64_t block) {
    const std::int64_t begin = block * kRowBlock;
    const std::int64_t num_rows = std::min(kRowBlock, x.num_rows() - begin);
    std::vector<double> from(static_cast<std::size_t>(num_rows * size));
    std::vector<double> fitted(static_cast<std::size_t>(num_rows * size));
    std::vector<double> target(static_cast<std::size_t>(size));
    for (std::int64_t i = 0; i < num_rows; ++i) {
      y.Read(begin + i, from.data() + i * size, 1);
    }
    rotation.Multiply(from.data(), num_rows, size, {}, fitted.data(), size);
    for (std::int64_t i = 0; i < num_rows; ++i) {
      x.Read(begin + i, target.data(), 1);
      double squared = 0;
      for (std::int64_t j = 0; j < size; ++j) {
        const double difference = target[static_cast<std::size_t>(j)] / norm_x -
                                  scale * fitted[static_cast<std::size_t>(i * size + j)] / norm_y;
        squared += difference * difference;
      }
      change.procrustes_residual[static_cast<std::size_t>(begin + i)] =
          squared * static_cast<double>(x.num_rows());
    }
  });
  change.procrustes_disparity = Mean(change.procrustes_residual);
}

void MeasureInOneSpace(const Column& baseline, const Column& candidate, EmbeddingChange& change) {
  for (const std::int64_t row : change.rows) {
    const VectorSimilarity similarity = *CompareVectorRows(baseline, row, candidate, row);
    change.cosine.push_back(similarity.cosine);
    change.l2.push_back(similarity.l2);
  }
  change.mean_cosine = Mean(change.cosine);
  change.mean_l2 = Mean(change.l2);
}

void MeasureNeighbors(const Column& baseline, const Column& candidate, std::int64_t k,
                      const ParallelFor& parallel_for, EmbeddingChange& change) {
  if (k < 1 || std::ssize(change.rows) <= k) {
    return;
  }
  std::vector<std::int32_t> before = NearestNeighbors(baseline, change.rows, k, parallel_for);
  std::vector<std::int32_t> after = NearestNeighbors(candidate, change.rows, k, parallel_for);
  for (auto a = before.begin(), b = after.begin(); a != before.end(); a += k, b += k) {
    std::sort(a, a + k);
    std::sort(b, b + k);
    std::int64_t num_shared = 0;
    for (auto i = a, j = b; i != a + k && j != b + k;) {
      if (*i == *j) {
        ++num_shared;
        ++i;
        ++j;
      } else {
        *i < *j ? ++i : ++j;
      }
    }
    change.neighbor_overlap.push_back(static_cast<double>(num_shared) / static_cast<double>(k));
  }
  change.mean_neighbor_overlap = Mean(change.neighbor_overlap);
}

absl::Status CheckSide(std::string_view side, const Column& column) {
  return IsVector(column.type) && column.dimension > 0
             ? absl::OkStatus()
             : absl::InvalidArgumentError(
                   absl::StrFormat("%s embedding: is %s, must be float32_vector or float64_vector",
                                   side, ColumnTypeName(column.type)));
}

}  // namespace

absl::StatusOr<EmbeddingChange> MeasureEmbeddingChange(const Column& baseline,
                                                       const Column& candidate,
                                                       const EmbeddingChangeOptions& options,
                                                       const ParallelFor& parallel_for) {
  absl::Status status = CheckSide("baseline", baseline);
  status.Update(CheckSide("candidate", candidate));
  if (!status.ok()) {
    return status;
  }
  if (baseline.num_rows != candidate.num_rows) {
    return absl::InvalidArgumentError(absl::StrFormat("baseline has %d rows, candidate has %d",
                                                      baseline.num_rows, candidate.num_rows));
  }
  if (options.same_space && baseline.dimension != candidate.dimension) {
    return absl::InvalidArgumentError(
        absl::StrFormat("embeddings of %d and of %d components cannot be in one space",
                        baseline.dimension, candidate.dimension));
  }
  EmbeddingChange change;
  change.baseline_dimension = baseline.dimension;
  change.candidate_dimension = candidate.dimension;
  for (std::int64_t row = 0; row < baseline.num_rows; ++row) {
    const bool is_before = IsUsable(baseline, row, change.baseline_unusable);
    const bool is_after = IsUsable(candidate, row, change.candidate_unusable);
    if (is_before && is_after) {
      change.rows.push_back(row);
    }
  }
  if (change.rows.empty()) {
    return change;
  }
  if (options.same_space) {
    MeasureInOneSpace(baseline, candidate, change);
  }
  MeasureNeighbors(baseline, candidate, options.k, parallel_for, change);
  MeasureDirections(baseline, change.rows, change.baseline_spread);
  MeasureDirections(candidate, change.rows, change.candidate_spread);
  const CenteredRows x(baseline, change.rows);
  const CenteredRows y(candidate, change.rows);
  const std::vector<double> xx = CrossProduct(x, x, parallel_for);
  const std::vector<double> yy = CrossProduct(y, y, parallel_for);
  const std::vector<double> xy = CrossProduct(x, y, parallel_for);
  MeasureRank(x, xx, change.baseline_spread);
  MeasureRank(y, yy, change.candidate_spread);
  change.debiased_cka = DebiasedCka(x, y, xx, yy, xy);
  MeasureProcrustes(x, y, xy, parallel_for, change);
  return change;
}

}  // namespace assay
