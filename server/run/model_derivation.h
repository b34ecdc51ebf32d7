#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/run/run_spec.h"
#include "server/store/store.h"

namespace assay::run {

// Declared changes of a model version.
struct ModelChanges {
  std::vector<std::string> activations;  // `[LAYER:]OLD=NEW`, done in order
  std::string quantization;              // empty: as the base
  std::string dtype;                     // empty: as the base
  std::optional<double> temperature;
  std::optional<store::DatasetVersionRecord> calibration;  // for a static scheme
  RowFilter calibration_rows;
};

// The version that `changes` make of `base`, stored: the same changes give the same version.
// INVALID_ARGUMENT names what does not fit; nothing is stored then.
absl::StatusOr<store::ModelVersionRecord> DeriveVersion(store::Store& store, store::Id project,
                                                        const store::ModelVersionRecord& base,
                                                        const ModelChanges& changes);

}  // namespace assay::run
