#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/store/baseline_store.h"
#include "server/store/sqlite/read_pool.h"
#include "server/store/sqlite/writer.h"

namespace assay::store {

class SqliteBaselineStore : public BaselineStore {
 public:
  SqliteBaselineStore(ReadPool& readers, Writer& writer, Clock& clock)
      : readers_(readers), writer_(writer), clock_(clock) {}

  absl::StatusOr<BaselineRecord> Set(Id project, const BaselineRecord& baseline,
                                     const std::string& request_id) override;
  absl::StatusOr<BaselineRecord> Find(Id project, std::string_view name) const override;
  absl::StatusOr<BaselineRecord> Get(Id project, Id baseline) const override;
  absl::StatusOr<std::vector<BaselineRecord>> List(Id project, PageRequest page) const override;
  absl::StatusOr<std::vector<BaselineRecord>> History(Id project, std::string_view name,
                                                      PageRequest page) const override;

 private:
  ReadPool& readers_;
  Writer& writer_;
  Clock& clock_;
};

}  // namespace assay::store
