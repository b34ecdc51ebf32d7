#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/base/clock.h"
#include "server/store/model_store.h"
#include "server/store/sqlite/read_pool.h"
#include "server/store/sqlite/writer.h"

namespace assay::store {

class SqliteModelStore : public ModelStore {
 public:
  SqliteModelStore(ReadPool& readers, Writer& writer, Clock& clock)
      : readers_(readers), writer_(writer), clock_(clock) {}

  absl::StatusOr<std::pair<ModelVersionRecord, bool>> AddVersion(
      Id project, const ModelVersionRecord& version, const std::string& request_id,
      const std::vector<ColumnChunks>& artifacts) override;
  absl::StatusOr<ModelRecord> FindModel(Id project, std::string_view name) const override;
  absl::StatusOr<std::vector<ModelRecord>> ListModels(Id project, PageRequest page) const override;
  absl::StatusOr<ModelVersionRecord> GetVersion(Id project, Id version) const override;
  absl::StatusOr<ModelVersionRecord> FindVersion(Id project, std::string_view model,
                                                 std::string_view version) const override;
  absl::StatusOr<std::vector<ModelVersionRecord>> ListVersions(Id project, Id model,
                                                               PageRequest page) const override;
  absl::StatusOr<OutputSetRecord> GetOutputSet(Id project, Id output_set) const override;
  absl::StatusOr<std::vector<OutputSetRecord>> ListOutputSets(Id project, Id dataset_version,
                                                              Id model_version,
                                                              PageRequest page) const override;

 private:
  ReadPool& readers_;
  Writer& writer_;
  Clock& clock_;
};

}  // namespace assay::store
