#include "evaluators/model/retrieval.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <numeric>

namespace assay {

std::vector<std::int32_t> SearchExactly(std::span<const double> queries,
                                        std::span<const double> documents, std::int64_t width,
                                        std::int64_t k) {
  const auto dimension = static_cast<std::size_t>(width);
  const std::size_t num_documents = documents.size() / dimension;
  const std::size_t depth = std::min(static_cast<std::size_t>(k), num_documents);
  std::vector<std::int32_t> rankings;
  std::vector<double> scores(num_documents);
  std::vector<std::int32_t> order(num_documents);
  for (std::size_t begin = 0; begin < queries.size(); begin += dimension) {
    for (std::size_t document = 0; document < num_documents; ++document) {
      double sum = 0;
      for (std::size_t i = 0; i < dimension; ++i) {
        sum += queries[begin + i] * documents[document * dimension + i];
      }
      scores[document] = sum;
    }
    std::iota(order.begin(), order.end(), 0);
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(depth),
                      order.end(), [&scores](std::int32_t a, std::int32_t b) {
                        const double score_a = scores[static_cast<std::size_t>(a)];
                        const double score_b = scores[static_cast<std::size_t>(b)];
                        return score_a != score_b ? score_a > score_b : a < b;
                      });
    rankings.insert(rankings.end(), order.begin(),
                    order.begin() + static_cast<std::ptrdiff_t>(depth));
  }
  return rankings;
}

RetrievalQuality MeasureRetrieval(
    std::span<const std::int32_t> rankings, std::int64_t k,
    std::span<const std::int64_t> num_relevant,
    const std::function<bool(std::int64_t query, std::int32_t document)>& is_relevant) {
  RetrievalQuality quality;
  const auto depth = static_cast<std::size_t>(k);
  for (std::size_t query = 0; query < num_relevant.size(); ++query) {
    double found = 0;
    double gain = 0;
    double ideal = 0;
    double first = 0;
    for (std::size_t rank = 0; rank < depth; ++rank) {
      const double discount = 1 / std::log2(static_cast<double>(rank) + 2);
      if (static_cast<std::int64_t>(rank) < num_relevant[query]) {
        ideal += discount;
      }
      if (is_relevant(static_cast<std::int64_t>(query), rankings[query * depth + rank])) {
        found += 1;
        gain += discount;
        first = first == 0 ? 1 / (static_cast<double>(rank) + 1) : first;
        quality.precision_at_1 += rank == 0 ? 1 : 0;
      }
    }
    quality.precision_at_k += found / static_cast<double>(depth);
    quality.mrr += first;
    quality.ndcg += ideal > 0 ? gain / ideal : 0;
  }
  const auto n = static_cast<double>(num_relevant.size());
  quality.precision_at_1 /= n;
  quality.precision_at_k /= n;
  quality.mrr /= n;
  quality.ndcg /= n;
  return quality;
}

double MeanJaccard(std::span<const std::int32_t> a, std::span<const std::int32_t> b,
                   std::int64_t k) {
  const auto depth = static_cast<std::ptrdiff_t>(k);
  double total = 0;
  std::vector<std::int32_t> common;
  for (auto begin = a.begin(); begin != a.end(); begin += depth) {
    std::vector<std::int32_t> left(begin, begin + depth);
    const auto other = b.begin() + (begin - a.begin());
    std::vector<std::int32_t> right(other, other + depth);
    std::sort(left.begin(), left.end());
    std::sort(right.begin(), right.end());
    common.clear();
    std::set_intersection(left.begin(), left.end(), right.begin(), right.end(),
                          std::back_inserter(common));
    const auto shared = static_cast<double>(common.size());
    total += shared / (2 * static_cast<double>(k) - shared);
  }
  return total / (static_cast<double>(a.size()) / static_cast<double>(k));
}

}  // namespace assay
