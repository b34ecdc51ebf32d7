#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "assay/v1/comparison_service.pb.h"

namespace assay::cli {

// A gate policy as written in TOML and in flags, and where its gates stand: first those of the
// file, then those of flags.
struct PolicyFile {
  v1::Policy policy;
  std::vector<int> gate_lines;          // line of `[[gate]]`
  std::vector<std::string> gate_flags;  // as typed: `--max-drop accuracy=0.01`
  std::string path;                     // as it was named; empty: there is no file
  int allow_changed_line = 0;           // 0: the file has none
};

// Reads the text of a policy file. INVALID_ARGUMENT is `PATH:LINE: ...` for what is no TOML,
// unknown keys, values of the wrong type or range, keys that contradict each other, and rules given
// twice. What metrics there are only the server knows.
absl::StatusOr<PolicyFile> ParsePolicy(std::string_view text, const std::string& path);
absl::StatusOr<PolicyFile> ReadPolicyFile(const std::string& path);

// `status` with the line or the flag of the gate that it names as `gates[i]`, or with the line of
// `allow_changed`; otherwise as it is.
absl::Status AtGateOrigin(const absl::Status& status, const PolicyFile& file);

}  // namespace assay::cli
