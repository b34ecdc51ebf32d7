#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/store/records.h"

namespace assay::store {

// Names for runs that others are compared with, with their history. Thread-safe.
class BaselineStore {
 public:
  virtual ~BaselineStore() = default;
  // Adds a record; its id and time are ignored. A `request_id` that was used before returns the
  // record it made.
  virtual absl::StatusOr<BaselineRecord> Set(Id project, const BaselineRecord& baseline,
                                             const std::string& request_id) = 0;
  // The newest record of that name; NOT_FOUND, naming it.
  virtual absl::StatusOr<BaselineRecord> Find(Id project, std::string_view name) const = 0;
  virtual absl::StatusOr<BaselineRecord> Get(Id project, Id baseline) const = 0;
  // The newest record of every name, newest first.
  virtual absl::StatusOr<std::vector<BaselineRecord>> List(Id project, PageRequest page) const = 0;
  // Every record of a name, newest first.
  virtual absl::StatusOr<std::vector<BaselineRecord>> History(Id project, std::string_view name,
                                                              PageRequest page) const = 0;
};

}  // namespace assay::store
