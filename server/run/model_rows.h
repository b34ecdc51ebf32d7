#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/model/architecture.h"
#include "server/run/run_spec.h"
#include "server/store/store.h"

namespace assay::run {

// Rows of a dataset version that a model can run on.
struct ModelRows {
  std::vector<float> features;        // num_features a row
  std::vector<std::int32_t> targets;  // index of the right logit, -1 where it is not known
  std::vector<std::int64_t> rows;     // positions in the dataset
  std::int64_t num_skipped = 0;       // without features, or with one that is not finite
  std::int64_t num_rows() const { return std::ssize(rows); }
};

// Up to `max_rows` rows that pass `filter`. FAILED_PRECONDITION as FindFeatures.
absl::StatusOr<ModelRows> ReadModelRows(store::Store& store, store::Id project,
                                        const store::DatasetVersionRecord& dataset,
                                        const Architecture& architecture, const RowFilter& filter,
                                        std::int64_t max_rows);

// As many rows as keep the layers of a model, a few times over, in some hundred MiB.
std::int64_t MaxLayerRows(const Architecture& architecture);

// Documents of a retrieval dataset and what is relevant to its queries.
struct ModelDocuments {
  std::vector<float> features;
  // Of each row of ModelRows, positions of its relevant documents, ascending; grades above 0.
  std::vector<std::vector<std::int32_t>> relevant;
  std::int64_t num_documents = 0;
};

// NOT_FOUND when the dataset has no documents with features, or no `relevance`.
absl::StatusOr<ModelDocuments> ReadModelDocuments(store::Store& store, store::Id project,
                                                  const store::DatasetVersionRecord& dataset,
                                                  const Architecture& architecture,
                                                  const ModelRows& rows);

}  // namespace assay::run
