#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <thread>

#include "absl/status/status.h"
#include "server/store/store.h"

namespace assay::test {

// A store whose reads of chunks can be slowed down or made to fail. Everything else passes through.
// Thread-safe.
class FaultyStore : public store::Store, private store::ColumnStore {
 public:
  explicit FaultyStore(store::Store& store) : store_(store) {}

  // Every read of a chunk takes at least this long.
  void set_delay(std::chrono::milliseconds delay) { delay_ms_ = delay.count(); }
  // The next `count` reads of a column named `label` fail with `code`.
  void FailLabels(std::int64_t count, absl::StatusCode code) {
    code_ = code;
    num_failures_left_ = count;
  }
  std::int64_t num_reads() const { return num_reads_; }
  std::int64_t num_failed() const { return num_failed_; }

  store::ColumnStore& columns() override { return *this; }
  store::UploadStore& uploads() override { return store_.uploads(); }
  store::DatasetStore& datasets() override { return store_.datasets(); }
  store::ModelStore& models() override { return store_.models(); }
  store::RunStore& runs() override { return store_.runs(); }
  store::BaselineStore& baselines() override { return store_.baselines(); }
  store::TraceStore& traces() override { return store_.traces(); }
  int schema_version() const override { return store_.schema_version(); }
  store::StoreSizes Sizes() const override { return store_.Sizes(); }
  absl::StatusOr<store::CheckResult> Check() const override { return store_.Check(); }

 private:
  absl::StatusOr<std::vector<store::ColumnRecord>> ListColumns(store::Id project,
                                                               store::Id owner) const override {
    return store_.columns().ListColumns(project, owner);
  }
  absl::StatusOr<Column> ReadChunk(store::Id project, store::Id owner,
                                   const store::ColumnRecord& column,
                                   std::int64_t chunk) const override {
    ++num_reads_;
    if (delay_ms_ > 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(delay_ms_));
    }
    if (column.name == "label" && num_failures_left_.fetch_sub(1) > 0) {
      ++num_failed_;
      return absl::Status(code_.load(), "the disk coughed");
    }
    return store_.columns().ReadChunk(project, owner, column, chunk);
  }

  store::Store& store_;
  std::atomic<std::int64_t> delay_ms_{0};
  std::atomic<absl::StatusCode> code_{absl::StatusCode::kUnavailable};
  mutable std::atomic<std::int64_t> num_failures_left_{0};
  mutable std::atomic<std::int64_t> num_reads_{0};
  mutable std::atomic<std::int64_t> num_failed_{0};
};

}  // namespace assay::test
