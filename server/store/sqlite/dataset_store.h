#pragma once

#include <string_view>
#include <vector>

#include "server/store/dataset_store.h"
#include "server/store/sqlite/read_pool.h"

namespace assay::store {

class SqliteDatasetStore : public DatasetStore {
 public:
  explicit SqliteDatasetStore(ReadPool& readers) : readers_(readers) {}

  absl::StatusOr<ProjectRecord> FindProject(std::string_view name) const override;
  absl::StatusOr<DatasetRecord> FindDataset(Id project, std::string_view name) const override;
  absl::StatusOr<std::vector<DatasetRecord>> ListDatasets(Id project,
                                                          PageRequest page) const override;
  absl::StatusOr<DatasetVersionRecord> GetVersion(Id project, Id version) const override;
  absl::StatusOr<DatasetVersionRecord> FindVersion(Id project, std::string_view dataset,
                                                   std::string_view version) const override;
  absl::StatusOr<std::vector<DatasetVersionRecord>> ListVersions(Id project, Id dataset,
                                                                 PageRequest page) const override;

 private:
  ReadPool& readers_;
};

}  // namespace assay::store
