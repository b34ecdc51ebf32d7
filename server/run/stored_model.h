#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/model/numerics.h"
#include "evaluators/model/reference_model.h"
#include "server/store/store.h"

namespace assay::run {

// A model version with artifacts, ready to be made into a Forward.
struct StoredModel {
  ReferenceModel model;
  Numerics numerics;
};

// Checks artifacts against each other and makes the record of a version from them: architecture in
// its one spelling, activations, digests. INVALID_ARGUMENT names block and tensor.
absl::StatusOr<store::ModelVersionRecord> MakeStoredVersion(std::string_view architecture,
                                                            std::string_view weights);

// The weights as a column of the version.
std::vector<store::ColumnChunks> WeightsColumn(std::string_view file);

// Reads a version back. FAILED_PRECONDITION when it is external; DATA_LOSS when the weights are not
// those that were stored.
absl::StatusOr<StoredModel> LoadStoredModel(store::Store& store, store::Id project,
                                            const store::ModelVersionRecord& version);

// Digest of a version with artifacts: architecture, weights, numerics, configuration, and for
// derived versions the declared changes.
store::Digest StoredVersionDigest(const store::ModelVersionRecord& version);

// Fills what a version says about itself: architecture, activation, dtype, quantisation and
// preprocessing. Only activations change `activation`, and so on, so that a claim is provable.
void Describe(const Architecture& architecture, const Numerics& numerics,
              store::ModelVersionRecord& version);

}  // namespace assay::run
