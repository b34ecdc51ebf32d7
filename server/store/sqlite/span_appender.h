#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/span_records.h"
#include "server/store/sqlite/database.h"

namespace assay::store {

// Bits of a name's or service's id in the signature of a trace.
std::uint64_t SignatureBits(Id id);

// Puts spans into traces.db. Remembers the ids of names, sources and recent traces from one
// transaction to the next. Owned by the writer's thread.
class SpanAppender {
 public:
  // Adds those of `spans` that are not there. After a failure, and when the transaction is undone
  // later, Forget must follow.
  absl::Status Append(Database& database, Id project, const std::vector<SpanRecord>& spans,
                      std::int64_t now_us);
  void Forget();
  // Of what it remembers, the traces; before some are removed.
  void ForgetTraces();

 private:
  class Batch;
  struct SourceIds {
    Id source = 0;
    Id service = 0;
  };
  // Ids of one project.
  struct Known {
    absl::flat_hash_map<std::string, Id> names;
    absl::flat_hash_map<std::array<std::uint8_t, 16>, SourceIds> sources;
    absl::flat_hash_map<TraceId, Id> traces;
  };

  absl::StatusOr<Id> NewId(Database& database);

  absl::flat_hash_map<Id, Known> known_;
  Id next_id_ = 0;  // Ids up to end_id_ are taken from the sequence but not used.
  Id end_id_ = 0;
};

}  // namespace assay::store
