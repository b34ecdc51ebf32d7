#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "server/store/records.h"
#include "server/store/upload_store.h"

namespace assay::store {

// Models, their versions and recorded outputs. Thread-safe. Get and Find answer NOT_FOUND, naming
// what was asked for.
class ModelStore {
 public:
  virtual ~ModelStore() = default;
  // Adds a version to the model of that name; the record's ids, number and time are ignored, but
  // for the number of a derived version, which is that of its base. `artifacts` become columns of
  // the version. The second value is true when a version with the same digest was there and is
  // returned.
  virtual absl::StatusOr<std::pair<ModelVersionRecord, bool>> AddVersion(
      Id project, const ModelVersionRecord& version, const std::string& request_id,
      const std::vector<ColumnChunks>& artifacts) = 0;
  virtual absl::StatusOr<ModelRecord> FindModel(Id project, std::string_view name) const = 0;
  virtual absl::StatusOr<std::vector<ModelRecord>> ListModels(Id project,
                                                              PageRequest page) const = 0;
  virtual absl::StatusOr<ModelVersionRecord> GetVersion(Id project, Id version) const = 0;
  // As DatasetStore::FindVersion; `3+fc1.gelu=silu` is a derived version. `latest` is never one.
  virtual absl::StatusOr<ModelVersionRecord> FindVersion(Id project, std::string_view model,
                                                         std::string_view version) const = 0;
  // Pages by version number: `before` is a number here. Derived versions are left out.
  virtual absl::StatusOr<std::vector<ModelVersionRecord>> ListVersions(Id project, Id model,
                                                                       PageRequest page) const = 0;
  virtual absl::StatusOr<OutputSetRecord> GetOutputSet(Id project, Id output_set) const = 0;
  // 0 for either version means any.
  virtual absl::StatusOr<std::vector<OutputSetRecord>> ListOutputSets(Id project,
                                                                      Id dataset_version,
                                                                      Id model_version,
                                                                      PageRequest page) const = 0;
};

}  // namespace assay::store
