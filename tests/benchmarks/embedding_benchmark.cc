// Embedding measures on one thread, each beside its limit in the same run: paired similarity beside
// a plain read of the same memory, k-NN overlap beside oneDNN's matrix product of the same size.
//
// Usage: OMP_NUM_THREADS=1 embedding_benchmark [NUM_ROWS]   # of the k-NN part; default 20000

#include <dnnl.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "evaluators/columns.h"
#include "evaluators/kernels/isa.h"
#include "evaluators/metrics/nearest_neighbors.h"
#include "evaluators/metrics/vector_similarity.h"

namespace {

using assay::Column;
using assay::ColumnType;
using Clock = std::chrono::steady_clock;

double SecondsOf(const std::function<void()>& work) {
  const Clock::time_point begin = Clock::now();
  work();
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double BestOf(int rounds, const std::function<void()>& work) {
  double best = SecondsOf(work);
  for (int round = 1; round < rounds; ++round) {
    best = std::min(best, SecondsOf(work));
  }
  return best;
}

// Uniform in [-1, 1); cheap, because there are hundreds of millions.
std::vector<float> Components(std::int64_t size, std::uint64_t seed) {
  std::vector<float> values(static_cast<std::size_t>(size));
  for (float& value : values) {
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    value = static_cast<float>(static_cast<std::int32_t>(seed >> 32)) * 0x1p-31F;
  }
  return values;
}

typedef std::uint64_t Words __attribute__((vector_size(32)));

// As fast as one thread reads.
__attribute__((target("avx2"))) std::uint64_t Read(const std::vector<float>& values) {
  constexpr std::size_t kStep = 4 * sizeof(Words) / sizeof(float);
  Words sums[4] = {};
  for (std::size_t i = 0; i + kStep <= values.size(); i += kStep) {
    for (std::size_t j = 0; j < 4; ++j) {
      Words words;
      std::memcpy(&words, values.data() + i + j * kStep / 4, sizeof words);
      sums[j] ^= words;
    }
  }
  const Words sum = sums[0] ^ sums[1] ^ sums[2] ^ sums[3];
  return sum[0] ^ sum[1] ^ sum[2] ^ sum[3];
}

void MeasureSimilarity() {
  constexpr std::int64_t kPairs = 200'000;
  constexpr std::int64_t kDimension = 768;
  const std::vector<float> a = Components(kPairs * kDimension, 1);
  const std::vector<float> b = Components(kPairs * kDimension, 2);
  volatile std::uint64_t sink = 0;
  const double read = BestOf(7, [&] { sink = Read(a) ^ Read(b); });
  std::printf("plain read of %d x %d x 2 float32: %.1f ms, %.1f GB/s\n", static_cast<int>(kPairs),
              static_cast<int>(kDimension), read * 1e3,
              8e-9 * static_cast<double>(kPairs * kDimension) / read);
  for (const assay::Isa isa : {assay::Isa::kBaseline, assay::Isa::kV3, assay::Isa::kV4}) {
    if (!assay::SelectIsa(isa)) {
      continue;
    }
    volatile double total = 0;
    const double compare = BestOf(7, [&] {
      double sum = 0;
      for (std::int64_t row = 0; row < kPairs; ++row) {
        const auto begin = static_cast<std::size_t>(row * kDimension);
        const auto similarity = assay::CompareVectors(std::span(a).subspan(begin, kDimension),
                                                      std::span(b).subspan(begin, kDimension));
        sum += similarity->cosine + similarity->l2 + similarity->norm_a + similarity->norm_b;
      }
      total = sum;
    });
    std::printf("  cosine, L2, norms, finite check, %s: %.1f ms, %.2fx the read (at most 1.3x)\n",
                std::string(assay::IsaName(isa)).c_str(), compare * 1e3, compare / read);
  }
}

// One thread's rate of x W^T by oneDNN, the best over blocks of queries.
double ReferenceRate(const std::vector<float>& values, std::int64_t num_rows,
                     std::int64_t dimension) {
  double best = 0;
  for (const std::int64_t block : {128, 512, 2048}) {
    std::vector<float> scores(static_cast<std::size_t>(block * num_rows));
    const double seconds = BestOf(3, [&] {
      dnnl_sgemm('N', 'T', block, num_rows, dimension, 1.0F, values.data(), dimension,
                 values.data(), dimension, 0.0F, scores.data(), num_rows);
    });
    best = std::max(best, 2e-9 * static_cast<double>(block * num_rows * dimension) / seconds);
  }
  return best;
}

void MeasureNeighbors(std::int64_t num_rows) {
  constexpr std::int64_t kDimension = 384;
  Column vectors;
  vectors.type = ColumnType::kFloat32Vector;
  vectors.num_rows = num_rows;
  vectors.dimension = kDimension;
  vectors.floats = Components(num_rows * kDimension, 3);
  std::vector<std::int64_t> rows(static_cast<std::size_t>(num_rows));
  std::iota(rows.begin(), rows.end(), 0);
  const auto in_order = [](std::int64_t n, const std::function<void(std::int64_t)>& body) {
    for (std::int64_t i = 0; i < n; ++i) {
      body(i);
    }
  };
  const double reference = ReferenceRate(vectors.floats, num_rows, kDimension);
  std::printf("oneDNN sgemm %d x %d x %d: %.1f GFLOP/s\n", static_cast<int>(num_rows),
              static_cast<int>(num_rows), static_cast<int>(kDimension), reference);
  for (const assay::Isa isa : {assay::Isa::kV3, assay::Isa::kV4}) {
    if (!assay::SelectIsa(isa)) {
      continue;
    }
    const double seconds = BestOf(2, [&] { assay::NearestNeighbors(vectors, rows, 10, in_order); });
    const double rate = 2e-9 * static_cast<double>(num_rows * num_rows * kDimension) / seconds;
    std::printf(
        "  exact 10 nearest of one side, %s: %.2f s, %.1f GFLOP/s, %.0f %% of oneDNN "
        "(at least 60 %%)\n",
        std::string(assay::IsaName(isa)).c_str(), seconds, rate, 100 * rate / reference);
  }
}

}  // namespace

int main(int argc, char** argv) {
  MeasureSimilarity();
  MeasureNeighbors(argc > 1 ? std::atol(argv[1]) : 20'000);
  return 0;
}
