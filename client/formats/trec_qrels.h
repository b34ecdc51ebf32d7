#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "client/formats/input_file.h"
#include "evaluators/metrics/document_judge.h"

namespace assay::formats {

// The judgements of a qrels file, by query. Texts lie in the file, which outlives this. The errors
// and the lines taken are those of OpenTrecQrels. Immutable, so thread-safe.
class TrecQrels {
 public:
  static absl::StatusOr<TrecQrels> Read(const InputFile& file);

  // Queries are numbered in the byte order of their ids.
  std::size_t num_queries() const { return queries_.size(); }
  std::string_view query(std::size_t i) const { return queries_[i].id; }
  std::span<const Judgement> judgements(std::size_t i) const {
    return std::span(judgements_).subspan(queries_[i].begin, queries_[i].size);
  }
  // The number of a query.
  std::optional<std::size_t> Find(std::string_view query) const;

 private:
  struct Query {
    std::string_view id;
    std::size_t begin = 0;
    std::size_t size = 0;
  };
  std::vector<Query> queries_;
  std::vector<Judgement> judgements_;
};

}  // namespace assay::formats
