#include "server/ingest/example_matcher.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>

#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/ingest/checked_batch.h"
#include "server/ingest/key_index.h"

namespace assay::ingest {
namespace {

using store::kChunkRows;

// Finds examples by key: first where outputs in the order of the examples would have it, then in an
// index that is made when that fails for the first time.
class Matcher {
 public:
  // `examples` is loaded whole.
  explicit Matcher(const StoredKeys& examples) : examples_(examples) {}

  // Rows of the examples with the keys of `outputs`, -1 where there is none.
  void Match(const Column& outputs, const std::uint64_t* hashes, std::int64_t* rows) {
    constexpr std::int64_t kAhead = 16;
    for (std::int64_t i = 0; i < outputs.num_rows; ++i) {
      if (index_ != nullptr && i + kAhead < outputs.num_rows) {
        index_->Prefetch(hashes[i + kAhead]);
      }
      rows[i] = FindRow(outputs.Text(i), hashes[i]);
      last_ = rows[i] >= 0 ? rows[i] : last_;
    }
  }

 private:
  std::int64_t FindRow(std::string_view key, std::uint64_t hash) {
    for (const std::int64_t guess : {last_ + 1, last_}) {
      if (guess >= 0 && guess < examples_.num_rows() && examples_.Loaded(guess) == key) {
        return guess;
      }
    }
    if (index_ == nullptr) {
      MakeIndex();
    }
    return index_->Find(hash, [&](std::int64_t row) { return examples_.Loaded(row) == key; });
  }

  void MakeIndex() {
    std::vector<std::uint64_t> hashes;
    hashes.reserve(static_cast<std::size_t>(examples_.num_rows()));
    for (std::int64_t chunk = 0; chunk * kChunkRows < examples_.num_rows(); ++chunk) {
      AppendKeyHashes(examples_.LoadedChunk(chunk), hashes);
    }
    index_ = std::make_unique<KeyIndex>(hashes);
  }

  const StoredKeys& examples_;
  std::unique_ptr<KeyIndex> index_;
  std::int64_t last_ = -1;
};

}  // namespace

absl::StatusOr<std::vector<std::int64_t>> MatchExamples(
    StoredKeys& outputs, const std::vector<std::uint64_t>& output_hashes, StoredKeys& examples,
    std::string_view dataset) {
  ASSAY_RETURN_IF_ERROR(examples.LoadAll());
  Matcher matcher(examples);
  std::vector<std::int64_t> rows(output_hashes.size(), -1);
  std::int64_t num_unknown = 0;
  std::int64_t first_unknown = -1;
  std::string unknown_key;
  for (std::int64_t begin = 0; begin < outputs.num_rows(); begin += kChunkRows) {
    ASSAY_ASSIGN_OR_RETURN(const Column* const keys, outputs.Chunk(begin / kChunkRows));
    matcher.Match(*keys, output_hashes.data() + begin, rows.data() + begin);
    for (std::int64_t i = 0; i < keys->num_rows; ++i) {
      if (rows[static_cast<std::size_t>(begin + i)] >= 0) {
        continue;
      }
      if (num_unknown++ == 0) {
        first_unknown = begin + i;
        unknown_key = QuoteKey(keys->Text(i));
      }
    }
    outputs.Forget(begin / kChunkRows + 1);
  }
  if (num_unknown > 0) {
    const std::string others = num_unknown > 1
                                   ? absl::StrFormat(" (and %d more such rows)", num_unknown - 1)
                                   : std::string();
    return absl::InvalidArgumentError(
        absl::StrFormat("column 'key', row %d: no such key in dataset %s: %s%s", first_unknown,
                        dataset, unknown_key, others));
  }
  return rows;
}

}  // namespace assay::ingest
