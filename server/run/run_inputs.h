#pragma once

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/evaluator.h"
#include "server/run/run_spec.h"
#include "server/store/store.h"

namespace assay::run {

// Where the data of a run lie. Immutable once opened.
struct RunInputs {
  store::Id project = 0;
  store::DatasetVersionRecord dataset;
  store::OutputSetRecord outputs;
  std::vector<store::ColumnRecord> example_columns;  // of the rows, hidden ones included
  std::vector<store::ColumnRecord> output_columns;   // hidden ones included

  std::int64_t num_chunks() const {
    return (dataset.num_rows + store::kChunkRows - 1) / store::kChunkRows;
  }
};

// NOT_FOUND when there is no such output set.
absl::StatusOr<RunInputs> OpenRunInputs(store::Store& store, store::Id project,
                                        store::Id output_set);

// Rows columns of an owner: what belongs to documents is left out.
absl::StatusOr<std::vector<store::ColumnRecord>> ListRowColumns(store::Store& store,
                                                                store::Id project, store::Id owner);

// The column of that name, or nullptr.
const store::ColumnRecord* FindColumn(const std::vector<store::ColumnRecord>& columns,
                                      std::string_view name);

// The columns that evaluators may see, hidden ones left out. Refers to `inputs`.
ColumnTypes TypesOf(const RunInputs& inputs);

// INVALID_ARGUMENT when the dataset lacks a column of the filter, listing those it has.
absl::Status CheckRowFilter(const RowFilter& filter, const RunInputs& inputs);

}  // namespace assay::run
