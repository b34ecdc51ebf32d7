#include "evaluators/metrics/embedding_moments.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "evaluators/kernels/packed_matrix.h"
#include "evaluators/metrics/vector_rows.h"

namespace assay {
namespace {

constexpr std::int64_t kRowBlock = 1024;
constexpr std::int64_t kStripe = 48;  // rows of the product made at once

// Rows [begin, end) transposed: one line of kRowBlock values a component, filled up with zeros.
void Transpose(const CenteredRows& rows, std::int64_t begin, std::int64_t end,
               std::vector<double>& to) {
  std::ranges::fill(to, 0.0);
  for (std::int64_t i = begin; i < end; ++i) {
    rows.Read(i, to.data() + (i - begin), kRowBlock);
  }
}

}  // namespace

CenteredRows::CenteredRows(const Column& vectors, std::span<const std::int64_t> rows)
    : vectors_(&vectors), rows_(rows), center_(static_cast<std::size_t>(vectors.dimension)) {
  double largest = 0;
  for (const std::int64_t row : rows) {
    VisitVector(vectors, row, [&](auto vector) {
      for (const auto x : vector) {
        largest = std::max(largest, std::abs(static_cast<double>(x)));
      }
    });
  }
  scale_ = largest;
  std::vector<double> sum(center_.size());
  std::vector<double> row(center_.size());
  double uncentered = 0;
  for (std::int64_t i = 0; i < num_rows(); ++i) {
    Read(i, row.data(), 1);
    for (std::size_t j = 0; j < row.size(); ++j) {
      sum[j] += row[j];
      uncentered += row[j] * row[j];
    }
  }
  for (std::size_t j = 0; j < sum.size(); ++j) {
    center_[j] = sum[j] / static_cast<double>(num_rows());
  }
  squared_norms_.reserve(rows.size());
  for (std::int64_t i = 0; i < num_rows(); ++i) {
    Read(i, row.data(), 1);
    double squared = 0;
    for (const double x : row) {
      squared += x * x;
    }
    squared_norms_.push_back(squared);
    total_ += squared;
  }
  is_constant_ = total_ <= 1e-24 * uncentered;
}

void CenteredRows::Read(std::int64_t i, double* to, std::int64_t stride) const {
  VisitVector(*vectors_, rows_[static_cast<std::size_t>(i)], [&](auto vector) {
    for (std::size_t j = 0; j < vector.size(); ++j) {
      to[static_cast<std::int64_t>(j) * stride] =
          static_cast<double>(vector[j]) / scale_ - center_[j];
    }
  });
}

std::vector<double> CrossProduct(const CenteredRows& a, const CenteredRows& b,
                                 const ParallelFor& parallel_for) {
  const std::int64_t num_a = a.dimension();
  const std::int64_t num_b = b.dimension();
  std::vector<double> product(static_cast<std::size_t>(num_a * num_b));
  std::vector<double> a_lines(static_cast<std::size_t>(num_a * kRowBlock));
  std::vector<double> b_lines(static_cast<std::size_t>(num_b * kRowBlock));
  for (std::int64_t begin = 0; begin < a.num_rows(); begin += kRowBlock) {
    const std::int64_t end = std::min(begin + kRowBlock, a.num_rows());
    Transpose(a, begin, end, a_lines);
    Transpose(b, begin, end, b_lines);
    const PackedMatrix<double> packed(b_lines, num_b, kRowBlock);
    parallel_for((num_a + kStripe - 1) / kStripe, [&](std::int64_t stripe) {
      const std::int64_t first = stripe * kStripe;
      const std::int64_t num_lines = std::min(kStripe, num_a - first);
      std::vector<double> part(static_cast<std::size_t>(num_lines * num_b));
      packed.Multiply(a_lines.data() + first * kRowBlock, num_lines, kRowBlock, {}, part.data(),
                      num_b);
      double* const to = product.data() + first * num_b;
      for (std::size_t i = 0; i < part.size(); ++i) {
        to[i] += part[i];
      }
    });
  }
  return product;
}

}  // namespace assay
