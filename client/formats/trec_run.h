#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/formats/input_file.h"
#include "client/formats/trec_lines.h"
#include "client/formats/trec_segments.h"
#include "evaluators/metrics/document_judge.h"

namespace assay::formats {

// Reads a run file query by query. Texts lie in the file, which outlives this. The errors and the
// lines taken are those of OpenTrecRun, but columns behind the tag are passed over, as trec_eval
// does, and a document twice in a query is for the caller to find. Thread-compatible.
class TrecRunReader {
 public:
  // Consecutive lines of one query, in the order of the file; valid until the next call of Next.
  struct Segment {
    std::string_view query;
    std::span<const RankedDocument> documents;
  };

  // `rounds_scores` to float32, which is how trec_eval 9 and others hold them: more are equal.
  explicit TrecRunReader(const InputFile& file, bool rounds_scores = false)
      : file_(file), rounds_scores_(rounds_scores), lines_(file.bytes()) {}

  // Absent at the end. A query may come in several segments.
  absl::StatusOr<std::optional<Segment>> Next();
  // Of the last line read, as trec_eval has it.
  std::string_view tag() const { return tag_; }
  // Lines read whose rank is above that of the line before, of the same query, although their score
  // is higher, or the other way round. Ranks play no role otherwise.
  std::int64_t num_rank_conflicts() const { return num_rank_conflicts_; }

 private:
  // Adds the current line to documents_.
  absl::Status AddLine();

  const InputFile& file_;
  const bool rounds_scores_;
  TrecLines lines_;
  bool is_started_ = false;
  bool has_line_ = false;  // lines_ stands on the first line of the next segment
  std::vector<RankedDocument> documents_;
  std::optional<std::int64_t> last_rank_;
  std::string_view tag_;
  std::int64_t num_rank_conflicts_ = 0;
};

// The rankings of a whole run file, by query, for one whose queries come in several segments. As
// TrecRunReader otherwise. Immutable, so thread-safe.
class TrecRun {
 public:
  static absl::StatusOr<TrecRun> Read(const InputFile& file, bool rounds_scores = false);

  std::string_view tag() const { return tag_; }
  std::int64_t num_rank_conflicts() const { return num_rank_conflicts_; }
  // Queries in byte order.
  std::size_t num_queries() const { return queries_.size(); }
  TrecRunReader::Segment query(std::size_t i) const {
    return {
        .query = queries_[i].query,
        .documents =
            std::span(documents_).subspan(queries_[i].begin, queries_[i].end - queries_[i].begin)};
  }

 private:
  std::vector<TrecSegment> queries_;
  std::vector<RankedDocument> documents_;
  std::string_view tag_;
  std::int64_t num_rank_conflicts_ = 0;
};

}  // namespace assay::formats
