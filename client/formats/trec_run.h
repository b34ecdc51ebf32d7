#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "client/formats/input_file.h"
#include "evaluators/metrics/document_judge.h"

namespace assay::formats {

// The rankings of a run file, by query. Texts lie in the file, which outlives this. The errors and
// the lines taken are those of OpenTrecRun, but columns behind the tag are passed over, as
// trec_eval does, and a document twice in a query is for the caller to find. Immutable, so
// thread-safe.
class TrecRun {
 public:
  static absl::StatusOr<TrecRun> Read(const InputFile& file);

  // Of the last line, as trec_eval has it.
  std::string_view tag() const { return tag_; }
  std::int64_t num_queries() const { return static_cast<std::int64_t>(queries_.size()); }
  bool Has(std::string_view query) const { return queries_.contains(query); }
  // In the order of the file; empty for a query that the run lacks.
  std::span<const RankedDocument> Ranking(std::string_view query) const;
  // Lines whose rank is above that of the line before, of the same query, although their score is
  // higher, or the other way round. Ranks play no role otherwise.
  std::int64_t num_rank_conflicts() const { return num_rank_conflicts_; }

 private:
  struct Query {
    std::size_t begin = 0;
    std::size_t size = 0;
  };
  absl::flat_hash_map<std::string_view, Query> queries_;
  std::vector<RankedDocument> documents_;
  std::string_view tag_;
  std::int64_t num_rank_conflicts_ = 0;
};

}  // namespace assay::formats
