#pragma once

#include <string_view>
#include <vector>

#include "server/store/sqlite/read_pool.h"
#include "server/store/sqlite/writer.h"
#include "server/store/trace_store.h"

namespace assay::store {

class SqliteTraceStore : public TraceStore {
 public:
  SqliteTraceStore(ReadPool& readers, Writer& writer) : readers_(readers), writer_(writer) {}

  absl::Status Append(Id project, const std::vector<SpanRecord>& spans) override;
  absl::StatusOr<std::vector<TraceRecord>> ListTraces(Id project, std::string_view resource,
                                                      PageRequest page) const override;
  absl::StatusOr<TraceRecord> FindTrace(Id project, std::string_view hex_prefix) const override;
  absl::StatusOr<std::vector<SpanRecord>> ListSpans(Id project, Id trace) const override;

 private:
  ReadPool& readers_;
  Writer& writer_;
};

}  // namespace assay::store
