#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/store/baseline_store.h"
#include "server/store/column_store.h"
#include "server/store/dataset_store.h"
#include "server/store/model_store.h"
#include "server/store/run_store.h"
#include "server/store/trace_store.h"
#include "server/store/upload_store.h"

namespace assay::store {

struct StoreSizes {
  std::int64_t store_bytes = 0;
  std::int64_t traces_bytes = 0;
  // Of these, the write-ahead logs.
  std::int64_t store_wal_bytes = 0;
  std::int64_t traces_wal_bytes = 0;
};

struct CheckResult {
  std::vector<StoreFinding> findings;
  std::int64_t num_chunks = 0;
  std::int64_t num_bytes = 0;
};

// One open store: everything that an engine provides. Thread-safe; outlives what it hands out.
class Store {
 public:
  virtual ~Store() = default;
  virtual ColumnStore& columns() = 0;
  virtual UploadStore& uploads() = 0;
  virtual DatasetStore& datasets() = 0;
  virtual ModelStore& models() = 0;
  virtual RunStore& runs() = 0;
  virtual BaselineStore& baselines() = 0;
  virtual TraceStore& traces() = 0;
  virtual int schema_version() const = 0;
  virtual StoreSizes Sizes() const = 0;
  // Reads everything and reports damage: structure, checksums, references. Changes nothing.
  virtual absl::StatusOr<CheckResult> Check() const = 0;
};

}  // namespace assay::store
