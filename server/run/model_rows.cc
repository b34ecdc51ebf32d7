#include "server/run/model_rows.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "evaluators/model/program.h"
#include "server/base/status_macros.h"
#include "server/run/model_outputs.h"
#include "server/run/run_inputs.h"

namespace assay::run {
namespace {

constexpr std::int64_t kMaxRows = 4096;
constexpr std::int64_t kMaxLayerValues = 8 << 20;  // of one copy of all layers

bool IsFinite(std::span<const float> values) {
  return std::ranges::all_of(values, [](float value) { return std::isfinite(value); });
}

std::int32_t TargetOf(const Architecture& architecture, const Column* labels, std::int64_t row) {
  if (labels == nullptr || !labels->IsValid(row)) {
    return -1;
  }
  const auto found = std::ranges::find(architecture.labels, labels->Text(row));
  return found == architecture.labels.end()
             ? -1
             : static_cast<std::int32_t>(found - architecture.labels.begin());
}

// Chunks of some columns of one table, side by side.
class ChunkReader {
 public:
  ChunkReader(store::Store& store, store::Id project, store::Id owner)
      : store_(store), project_(project), owner_(owner) {}

  absl::StatusOr<Column> Read(const store::ColumnRecord& column, std::int64_t chunk) const {
    return store_.columns().ReadChunk(project_, owner_, column, chunk);
  }

 private:
  store::Store& store_;
  const store::Id project_;
  const store::Id owner_;
};

// Rows of a chunk that pass the filter.
absl::StatusOr<std::vector<bool>> Passing(const ChunkReader& reader,
                                          const std::vector<store::ColumnRecord>& columns,
                                          const RowFilter& filter, std::int64_t chunk,
                                          std::int64_t num_rows) {
  std::vector<bool> passes(static_cast<std::size_t>(num_rows), true);
  for (const RowCondition& condition : filter.conditions) {
    const store::ColumnRecord* const column = FindColumn(columns, condition.column);
    if (column == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrFormat("row filter: no column '%s'", condition.column));
    }
    ASSAY_ASSIGN_OR_RETURN(const Column values, reader.Read(*column, chunk));
    for (std::int64_t row = 0; row < num_rows; ++row) {
      if (!values.IsValid(row) || values.Text(row) != condition.value) {
        passes[static_cast<std::size_t>(row)] = false;
      }
    }
  }
  return passes;
}

}  // namespace

std::int64_t MaxLayerRows(const Architecture& architecture) {
  std::int64_t width = 1;
  for (const Step& step : MakeProgram(architecture).steps) {
    width += step.out;
  }
  return std::clamp<std::int64_t>(kMaxLayerValues / width, 1, kMaxRows);
}

absl::StatusOr<ModelRows> ReadModelRows(store::Store& store, store::Id project,
                                        const store::DatasetVersionRecord& dataset,
                                        const Architecture& architecture, const RowFilter& filter,
                                        std::int64_t max_rows) {
  const std::int64_t width = architecture.num_features;
  ASSAY_ASSIGN_OR_RETURN(const store::ColumnRecord features_column,
                         FindFeatures(store, project, dataset, width, store::Table::kRows));
  ASSAY_ASSIGN_OR_RETURN(const std::vector<store::ColumnRecord> columns,
                         ListRowColumns(store, project, dataset.id));
  const store::ColumnRecord* const label_column = FindColumn(columns, "label");
  const ChunkReader reader(store, project, dataset.id);
  ModelRows rows;
  const std::int64_t num_chunks = (dataset.num_rows + store::kChunkRows - 1) / store::kChunkRows;
  for (std::int64_t chunk = 0; chunk < num_chunks && rows.num_rows() < max_rows; ++chunk) {
    ASSAY_ASSIGN_OR_RETURN(const Column features, reader.Read(features_column, chunk));
    Column labels;
    if (label_column != nullptr) {
      ASSAY_ASSIGN_OR_RETURN(labels, reader.Read(*label_column, chunk));
    }
    ASSAY_ASSIGN_OR_RETURN(const std::vector<bool> passes,
                           Passing(reader, columns, filter, chunk, features.num_rows));
    for (std::int64_t row = 0; row < features.num_rows && rows.num_rows() < max_rows; ++row) {
      if (!passes[static_cast<std::size_t>(row)]) {
        continue;
      }
      const auto values =
          std::span(features.floats)
              .subspan(static_cast<std::size_t>(row * width), static_cast<std::size_t>(width));
      if (!features.IsValid(row) || !IsFinite(values)) {
        ++rows.num_skipped;
        continue;
      }
      rows.features.insert(rows.features.end(), values.begin(), values.end());
      rows.targets.push_back(
          TargetOf(architecture, label_column == nullptr ? nullptr : &labels, row));
      rows.rows.push_back(chunk * store::kChunkRows + row);
    }
  }
  return rows;
}

absl::StatusOr<ModelDocuments> ReadModelDocuments(store::Store& store, store::Id project,
                                                  const store::DatasetVersionRecord& dataset,
                                                  const Architecture& architecture,
                                                  const ModelRows& rows) {
  const absl::StatusOr<store::ColumnRecord> features_column =
      FindFeatures(store, project, dataset, architecture.num_features, store::Table::kDocuments);
  ASSAY_ASSIGN_OR_RETURN(const std::vector<store::ColumnRecord> all,
                         store.columns().ListColumns(project, dataset.id));
  const auto key_column = std::ranges::find_if(all, [](const store::ColumnRecord& column) {
    return column.table == store::Table::kDocuments && column.name == "key";
  });
  ASSAY_ASSIGN_OR_RETURN(const std::vector<store::ColumnRecord> row_columns,
                         ListRowColumns(store, project, dataset.id));
  const store::ColumnRecord* const relevance_column = FindColumn(row_columns, "relevance");
  if (!features_column.ok() || key_column == all.end() || relevance_column == nullptr) {
    return absl::NotFoundError("no documents with features and relevance");
  }
  const ChunkReader reader(store, project, dataset.id);
  ModelDocuments documents;
  documents.num_documents = dataset.num_documents;
  std::map<std::string, std::int32_t, std::less<>> positions;
  const auto chunks = [](std::int64_t n) {
    return (n + store::kChunkRows - 1) / store::kChunkRows;
  };
  for (std::int64_t chunk = 0; chunk < chunks(dataset.num_documents); ++chunk) {
    ASSAY_ASSIGN_OR_RETURN(const Column keys, reader.Read(*key_column, chunk));
    ASSAY_ASSIGN_OR_RETURN(const Column features, reader.Read(*features_column, chunk));
    for (std::int64_t row = 0; row < keys.num_rows; ++row) {
      positions.emplace(keys.Text(row), static_cast<std::int32_t>(positions.size()));
      if (!features.IsValid(row)) {
        return absl::FailedPreconditionError(absl::StrFormat("%s@%d: document '%s' has no features",
                                                             dataset.dataset_name, dataset.number,
                                                             std::string(keys.Text(row))));
      }
    }
    documents.features.insert(documents.features.end(), features.floats.begin(),
                              features.floats.end());
  }
  Column relevance;
  std::int64_t read_chunk = -1;
  for (const std::int64_t row : rows.rows) {
    if (row / store::kChunkRows != read_chunk) {
      read_chunk = row / store::kChunkRows;
      ASSAY_ASSIGN_OR_RETURN(relevance, reader.Read(*relevance_column, read_chunk));
    }
    const std::int64_t at = row % store::kChunkRows;
    std::vector<std::int32_t>& relevant = documents.relevant.emplace_back();
    for (std::int64_t item = relevance.ListBegin(at); item < relevance.ListEnd(at); ++item) {
      const auto found = positions.find(relevance.Text(item));
      if (relevance.int32s[static_cast<std::size_t>(item)] > 0 && found != positions.end()) {
        relevant.push_back(found->second);
      }
    }
    std::ranges::sort(relevant);
  }
  return documents;
}

}  // namespace assay::run
