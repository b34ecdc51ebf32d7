#include "server/run/document_index.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "evaluators/model/retrieval.h"
#include "server/base/status_macros.h"
#include "server/run/model_outputs.h"

namespace assay::run {
namespace {

const store::ColumnRecord* DocumentColumn(const std::vector<store::ColumnRecord>& columns,
                                          std::string_view name) {
  const auto found = std::ranges::find_if(columns, [name](const store::ColumnRecord& column) {
    return column.table == store::Table::kDocuments && column.name == name;
  });
  return found == columns.end() ? nullptr : &*found;
}

}  // namespace

absl::StatusOr<std::optional<DocumentIndex>> DocumentIndex::Build(
    store::Store& store, store::Id project, const store::DatasetVersionRecord& dataset,
    const Forward& forward) {
  const int step = forward.program().embedding;
  ASSAY_ASSIGN_OR_RETURN(const std::vector<store::ColumnRecord> columns,
                         store.columns().ListColumns(project, dataset.id));
  const store::ColumnRecord* const key_column = DocumentColumn(columns, "key");
  if (step == kInput || key_column == nullptr || DocumentColumn(columns, "features") == nullptr) {
    return std::nullopt;
  }
  ASSAY_ASSIGN_OR_RETURN(
      const store::ColumnRecord features_column,
      FindFeatures(store, project, dataset, forward.num_features(), store::Table::kDocuments));
  DocumentIndex index;
  index.width_ = forward.program().steps[static_cast<std::size_t>(step)].out;
  const std::int64_t num_chunks =
      (dataset.num_documents + store::kChunkRows - 1) / store::kChunkRows;
  for (std::int64_t chunk = 0; chunk < num_chunks; ++chunk) {
    ASSAY_ASSIGN_OR_RETURN(const Column keys,
                           store.columns().ReadChunk(project, dataset.id, *key_column, chunk));
    ASSAY_ASSIGN_OR_RETURN(const Column features,
                           store.columns().ReadChunk(project, dataset.id, features_column, chunk));
    for (std::int64_t row = 0; row < keys.num_rows; ++row) {
      index.keys_.emplace_back(keys.Text(row));
      if (!features.IsValid(row)) {
        return absl::FailedPreconditionError(absl::StrFormat("%s@%d: document '%s' has no features",
                                                             dataset.dataset_name, dataset.number,
                                                             index.keys_.back()));
      }
    }
    LayerCapture capture(forward.program().steps.size(), std::vector<int>{step});
    ASSAY_RETURN_IF_ERROR(forward.Run(features.floats, capture));
    const std::vector<double> encoded = capture.TakeLayer(static_cast<std::size_t>(step));
    index.embeddings_.insert(index.embeddings_.end(), encoded.begin(), encoded.end());
  }
  return std::optional(std::move(index));
}

void DocumentIndex::Rank(std::span<const double> query, Column& rankings,
                         absl::flat_hash_map<std::int32_t, std::int32_t>& codes) const {
  if (rankings.list_offsets.empty()) {
    rankings.list_offsets.push_back(0);
  }
  const std::vector<std::int32_t> best = query.empty()
                                             ? std::vector<std::int32_t>()
                                             : SearchExactly(query, embeddings_, width_, kDepth);
  for (const std::int32_t document : best) {
    const auto [code, is_new] = codes.emplace(document, static_cast<std::int32_t>(codes.size()));
    if (is_new) {
      AppendText(rankings, keys_[static_cast<std::size_t>(document)]);
    }
    rankings.codes.push_back(code->second);
    double score = 0;
    const double* const embedding = embeddings_.data() + document * width_;
    for (std::size_t i = 0; i < query.size(); ++i) {
      score += query[i] * embedding[i];
    }
    rankings.doubles.push_back(score);
  }
  rankings.list_offsets.push_back(static_cast<std::int32_t>(rankings.codes.size()));
  ++rankings.num_rows;
  AppendValidity(rankings, !query.empty());
}

}  // namespace assay::run
