#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/store/records.h"

namespace assay::store {

// Projects, datasets and their versions. Thread-safe. Get and Find answer NOT_FOUND, naming what
// was asked for.
class DatasetStore {
 public:
  virtual ~DatasetStore() = default;
  virtual absl::StatusOr<ProjectRecord> FindProject(std::string_view name) const = 0;
  virtual absl::StatusOr<DatasetRecord> FindDataset(Id project, std::string_view name) const = 0;
  virtual absl::StatusOr<std::vector<DatasetRecord>> ListDatasets(Id project,
                                                                  PageRequest page) const = 0;
  virtual absl::StatusOr<DatasetVersionRecord> GetVersion(Id project, Id version) const = 0;
  // `version` is a number, `latest`, or `sha256:` and a prefix of at least 4 hex digits;
  // INVALID_ARGUMENT when it is none of these or the prefix is not unique.
  virtual absl::StatusOr<DatasetVersionRecord> FindVersion(Id project, std::string_view dataset,
                                                           std::string_view version) const = 0;
  // Pages by version number: `before` is a number here.
  virtual absl::StatusOr<std::vector<DatasetVersionRecord>> ListVersions(
      Id project, Id dataset, PageRequest page) const = 0;
};

}  // namespace assay::store
