#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace assay {

// The `k` documents with the largest inner product for each query, best first, equal ones by
// position: k a query, all documents when there are fewer. `queries` and `documents` hold rows of
// `width`.
std::vector<std::int32_t> SearchExactly(std::span<const double> queries,
                                        std::span<const double> documents, std::int64_t width,
                                        std::int64_t k);

// Quality of rankings of equal length, means over queries.
struct RetrievalQuality {
  double precision_at_1 = 0;
  double precision_at_k = 0;
  double mrr = 0;   // within k
  double ndcg = 0;  // of k, gains 0 and 1
};
// `rankings` hold k documents a query. `num_relevant[query]` counts the query's relevant documents.
RetrievalQuality MeasureRetrieval(
    std::span<const std::int32_t> rankings, std::int64_t k,
    std::span<const std::int64_t> num_relevant,
    const std::function<bool(std::int64_t query, std::int32_t document)>& is_relevant);

// Mean Jaccard overlap of the k documents of a query in two rankings.
double MeanJaccard(std::span<const std::int32_t> a, std::span<const std::int32_t> b,
                   std::int64_t k);

}  // namespace assay
