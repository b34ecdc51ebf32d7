#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "evaluators/columns.h"
#include "server/run/run_inputs.h"
#include "server/store/store.h"

namespace assay::run {

// Which rows of a dataset version belong to a cohort, read chunk by chunk. Thread-compatible.
class CohortRows {
 public:
  // `cohort`: `COLUMN=VALUE`; empty: every row belongs. `inputs` must outlive it.
  // INVALID_ARGUMENT when there is no such column.
  static absl::StatusOr<CohortRows> Open(store::Store& store, const RunInputs& inputs,
                                         const std::string& cohort);

  // Reads chunk `number`.
  absl::Status Seek(std::int64_t number);
  // Whether row `i` of that chunk belongs.
  bool Holds(std::int64_t i);

  // True when some row that was asked about belongs to the cohort.
  bool is_found() const { return column_ == nullptr || is_found_; }
  // INVALID_ARGUMENT when none does.
  absl::Status CheckFound() const;

 private:
  CohortRows(store::Store& store, const RunInputs& inputs) : store_(store), inputs_(inputs) {}

  store::Store& store_;
  const RunInputs& inputs_;
  const store::ColumnRecord* column_ = nullptr;
  std::string value_;
  Column chunk_;
  bool is_found_ = false;
};

}  // namespace assay::run
