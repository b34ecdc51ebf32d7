#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "evaluators/columns.h"
#include "evaluators/model/forward.h"
#include "server/store/store.h"

namespace assay::run {

// The documents of a retrieval dataset, encoded by a model, searched exactly by inner product.
// Immutable once built.
class DocumentIndex {
 public:
  // Documents of a ranking.
  static constexpr std::int64_t kDepth = 100;

  // Absent when the model has no embedding or the dataset no documents with `features`.
  // FAILED_PRECONDITION when their length is not the model's, or a document has none.
  static absl::StatusOr<std::optional<DocumentIndex>> Build(
      store::Store& store, store::Id project, const store::DatasetVersionRecord& dataset,
      const Forward& forward);

  // Adds the best documents for `query` as a row of `rankings`, a coded kRanking column whose
  // dictionary `codes` keeps; an empty query adds a null row.
  void Rank(std::span<const double> query, Column& rankings,
            absl::flat_hash_map<std::int32_t, std::int32_t>& codes) const;

 private:
  std::vector<std::string> keys_;
  std::vector<double> embeddings_;
  std::int64_t width_ = 0;
};

}  // namespace assay::run
