#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/push.h"

namespace CLI {
class App;
}

namespace assay::cli {

// How to read files of rows, as it was typed.
struct FileOptions {
  std::string format = "auto";
  std::string key;
  std::string label;
  std::string input;
  std::string features;  // number columns, or a NumPy file
  std::vector<std::string> cohorts;
};

// Adds --format, --key, --label, --input, --features and --cohort.
void AddFileOptions(CLI::App& command, FileOptions& options);

// How to read `path`. INVALID_ARGUMENT for an unknown format.
absl::StatusOr<RowSource> MakeRowSource(const FileOptions& options, const std::string& path);

}  // namespace assay::cli
