#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "client/cli/table.h"

namespace assay::v1 {
class Trace;
}

namespace assay::cli {

// A name without the package that all of ours share.
std::string ShortSpanName(const std::string& name);

// What two traces did under one path of span names, such as `request > query`.
struct PathDifference {
  std::string name;       // of the last span of the path
  std::size_t depth = 0;  // spans above it
  std::int64_t num_before = 0;
  std::int64_t num_after = 0;
  std::int64_t before_ns = 0;  // durations added up
  std::int64_t after_ns = 0;
  std::int64_t self_before_ns = 0;
  std::int64_t self_after_ns = 0;
};

// Aligns two traces by the paths of their spans: in the order of `before`, each path that only
// `after` has behind its siblings.
std::vector<PathDifference> CompareTraces(const v1::Trace& before, const v1::Trace& after);

// One row a path; names are indented in text.
Table PathsTable(const std::vector<PathDifference>& paths, bool is_text);

}  // namespace assay::cli
