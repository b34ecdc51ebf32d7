#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"

namespace assay::formats {

// Kinds of files that rows come from.
enum class Format : std::uint8_t {
  kDetect,     // by name, else by content: see DetectFormat
  kJsonl,      // one JSON object a line
  kCsv,        // RFC 4180 with a header, comma
  kTsv,        // the same, tab
  kTrecQrels,  // query, iteration, document, grade
  kTrecRun,    // query, Q0, document, rank, score, tag
  kNpy,        // NumPy array
};

// `jsonl`, `csv`, `tsv`, `qrels`, `run`, `npy`; `auto` for kDetect.
std::string_view FormatName(Format format);

// The format of that name; INVALID_ARGUMENT lists the names.
absl::StatusOr<Format> ParseFormatName(std::string_view name);

// The format of the file `path` that holds `content` (after gzip). By extension, with `.gz` set
// aside: .jsonl .ndjson .json, .csv, .tsv, .qrels, .run, .npy. Otherwise (.txt, .trec, standard
// input) by content: the NumPy signature; `{` first; a first line of 4 or 6 columns without commas;
// a first line with a comma or a tab. INVALID_ARGUMENT when nothing fits. Never kDetect.
absl::StatusOr<Format> DetectFormat(std::string_view path, std::string_view content);

}  // namespace assay::formats
