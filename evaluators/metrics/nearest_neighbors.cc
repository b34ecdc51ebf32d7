#include "evaluators/metrics/nearest_neighbors.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include "evaluators/kernels/dense_kernels.h"
#include "evaluators/kernels/packed_matrix.h"
#include "evaluators/metrics/vector_rows.h"

namespace assay {
namespace {

constexpr std::int64_t kQueryBlock = 128;
constexpr std::int64_t kCorpusBlock = 512;  // a multiple of every kernel's group size

// `vector` with length 1, rounded to float once.
template <typename T>
void Normalize(std::span<const T> vector, float* unit) {
  double largest = 0;
  for (const T x : vector) {
    largest = std::max(largest, std::abs(static_cast<double>(x)));
  }
  double sum = 0;
  for (const T x : vector) {
    const double scaled = static_cast<double>(x) / largest;
    sum += scaled * scaled;
  }
  const double norm = std::sqrt(sum);
  for (const T x : vector) {
    *unit++ = static_cast<float>(static_cast<double>(x) / largest / norm);
  }
}

// How far the float32 product of two unit vectors can be from their cosine: d + 1 roundings of the
// product and its sum, one of each factor, those of the double computation, and a hundredth.
double ProductError(std::int64_t dimension) {
  constexpr double kUnit = 0x1p-24;
  return 1.01 * static_cast<double>(dimension + 4) * kUnit + 1e-12;
}

struct Candidate {
  float score;
  std::int32_t position;
};

// The rows that can be among the k nearest of one query, given float32 scores of all others.
class Candidates {
 public:
  Candidates(std::int64_t k, double error)
      : k_(static_cast<std::size_t>(k)), slack_(2 * error), capacity_(4 * k_ + 64) {
    found_.reserve(capacity_);
  }

  // What a score must reach to matter: the k-th best minus the error of both.
  float threshold() const { return threshold_; }
  std::span<const Candidate> found() const { return found_; }

  void Add(float score, std::int32_t position) {
    if (score < threshold_) {
      return;
    }
    found_.push_back({score, position});
    if (found_.size() >= capacity_) {
      Prune();
      capacity_ = std::max(capacity_, 2 * found_.size());  // ties may all have to stay
    }
  }

  void Prune() {
    if (found_.size() < k_) {
      return;
    }
    const auto kth = found_.begin() + static_cast<std::ptrdiff_t>(k_) - 1;
    std::nth_element(found_.begin(), kth, found_.end(),
                     [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
    // Rounded down, so that the float is never above the bound.
    threshold_ = std::nextafter(static_cast<float>(static_cast<double>(kth->score) - slack_),
                                -std::numeric_limits<float>::infinity());
    std::erase_if(found_, [&](const Candidate& one) { return one.score < threshold_; });
  }

 private:
  const std::size_t k_;
  const double slack_;
  std::size_t capacity_;
  float threshold_ = -std::numeric_limits<float>::infinity();
  std::vector<Candidate> found_;
};

class Search {
 public:
  Search(const Column& vectors, std::span<const std::int64_t> rows, std::int64_t k)
      : vectors_(vectors),
        rows_(rows),
        k_(k),
        units_(Units(vectors, rows)),
        corpus_(units_, std::ssize(rows), vectors.dimension),
        neighbors_(rows.size() * static_cast<std::size_t>(k)) {}

  std::vector<std::int32_t> Run(const ParallelFor& parallel_for) {
    const std::int64_t num_blocks = (std::ssize(rows_) + kQueryBlock - 1) / kQueryBlock;
    parallel_for(num_blocks, [this](std::int64_t block) { SearchBlock(block * kQueryBlock); });
    return std::move(neighbors_);
  }

 private:
  static std::vector<float> Units(const Column& vectors, std::span<const std::int64_t> rows) {
    const auto dimension = static_cast<std::size_t>(vectors.dimension);
    std::vector<float> units(rows.size() * dimension);
    float* unit = units.data();
    for (const std::int64_t row : rows) {
      VisitVector(vectors, row, [&](auto vector) { Normalize(vector, unit); });
      unit += dimension;
    }
    return units;
  }

  void SearchBlock(std::int64_t begin) {
    const std::int64_t num_rows = std::ssize(rows_);
    const std::int64_t num_queries = std::min(kQueryBlock, num_rows - begin);
    std::vector<Candidates> candidates(static_cast<std::size_t>(num_queries),
                                       Candidates(k_, ProductError(vectors_.dimension)));
    std::vector<float> scores(static_cast<std::size_t>(num_queries * kCorpusBlock));
    std::vector<std::int32_t> positions(static_cast<std::size_t>(kCorpusBlock));
    for (std::int64_t first = 0; first < num_rows; first += kCorpusBlock) {
      const std::int64_t last = std::min(first + kCorpusBlock, num_rows);
      corpus_.MultiplyRange(first, last, units_.data() + begin * vectors_.dimension, num_queries,
                            vectors_.dimension, scores.data(), kCorpusBlock);
      for (std::int64_t query = 0; query < num_queries; ++query) {
        Collect(scores.data() + query * kCorpusBlock, first, last, begin + query, positions,
                candidates[static_cast<std::size_t>(query)]);
      }
    }
    for (std::int64_t query = 0; query < num_queries; ++query) {
      Decide(begin + query, candidates[static_cast<std::size_t>(query)]);
    }
  }

  void Collect(const float* scores, std::int64_t first, std::int64_t last, std::int64_t query,
               std::vector<std::int32_t>& positions, Candidates& candidates) const {
    const std::int64_t num_found = kernels::ActiveDenseKernels().find_at_least(
        scores, last - first, candidates.threshold(), positions.data());
    for (std::int64_t i = 0; i < num_found; ++i) {
      const std::int32_t position = positions[static_cast<std::size_t>(i)];
      if (first + position != query) {
        candidates.Add(scores[position], static_cast<std::int32_t>(first) + position);
      }
    }
  }

  // Ranks the candidates of `query` by the cosine that users see.
  void Decide(std::int64_t query, Candidates& candidates) {
    struct Neighbor {
      double cosine;
      std::int32_t position;
    };
    candidates.Prune();
    std::vector<Neighbor> ranked;
    ranked.reserve(candidates.found().size());
    for (const Candidate& candidate : candidates.found()) {
      const auto similarity =
          CompareVectorRows(vectors_, rows_[static_cast<std::size_t>(query)], vectors_,
                            rows_[static_cast<std::size_t>(candidate.position)]);
      assert(similarity.has_value());
      ranked.push_back({similarity->cosine, candidate.position});
    }
    const auto is_nearer = [](const Neighbor& a, const Neighbor& b) {
      return a.cosine != b.cosine ? a.cosine > b.cosine : a.position < b.position;
    };
    std::partial_sort(ranked.begin(), ranked.begin() + k_, ranked.end(), is_nearer);
    for (std::int64_t i = 0; i < k_; ++i) {
      neighbors_[static_cast<std::size_t>(query * k_ + i)] =
          ranked[static_cast<std::size_t>(i)].position;
    }
  }

  const Column& vectors_;
  const std::span<const std::int64_t> rows_;
  const std::int64_t k_;
  const std::vector<float> units_;
  const PackedMatrix<float> corpus_;
  std::vector<std::int32_t> neighbors_;
};

}  // namespace

std::vector<std::int32_t> NearestNeighbors(const Column& vectors,
                                           std::span<const std::int64_t> rows, std::int64_t k,
                                           const ParallelFor& parallel_for) {
  assert(k > 0 && std::ssize(rows) > k);
  return Search(vectors, rows, k).Run(parallel_for);
}

}  // namespace assay
