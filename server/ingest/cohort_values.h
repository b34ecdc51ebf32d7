#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_set.h"
#include "evaluators/columns.h"

namespace assay::ingest {

// A cohort column has at most this many distinct values.
inline constexpr std::size_t kMaxCohortValues = 1000;

// The distinct values of a cohort column, up to one more than are allowed. Thread-compatible.
class CohortValues {
 public:
  // Adds the values of a well-formed text column; null rows have none.
  void Add(const Column& column);
  bool HasTooMany() const { return values_.size() > kMaxCohortValues; }

 private:
  void AddValue(std::string_view value);
  void AddCoded(const Column& column);
  void AddPlain(const Column& column);

  absl::flat_hash_set<std::string> values_;
};

}  // namespace assay::ingest
