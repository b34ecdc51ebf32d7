#pragma once

#include "absl/status/statusor.h"
#include "evaluators/model/retrieval.h"
#include "server/run/model_rows.h"
#include "server/run/stored_model.h"

namespace assay::run {

// One way of searching, against the baseline on both sides.
struct SearchSide {
  RetrievalQuality quality;
  double top_jaccard = 1;
  std::int64_t top1_changed = 0;
};

struct SearchComparison {
  SearchSide baseline;     // queries and documents by the baseline
  SearchSide both_sides;   // both by the candidate: a rebuilt index
  SearchSide stale_index;  // queries by the candidate, documents by the baseline
};

inline constexpr std::int64_t kSearchDepth = 10;

// Encodes queries and documents with both models and searches exactly, by inner product.
absl::StatusOr<SearchComparison> CompareSearch(const StoredModel& baseline,
                                               const StoredModel& candidate, const ModelRows& rows,
                                               const ModelDocuments& documents);

}  // namespace assay::run
