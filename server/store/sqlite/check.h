#pragma once

#include <filesystem>

#include "absl/status/statusor.h"
#include "server/store/store.h"

namespace assay::store {

// Reads a store file from end to end over a connection of its own and reports what is damaged:
// structure, checksums, chunks that do not decode or do not match their hash, references to
// nothing, digests. Reads in short transactions, so writes go on; changes nothing.
absl::StatusOr<CheckResult> CheckStoreFile(const std::filesystem::path& path);

// The structure of any SQLite file.
absl::StatusOr<CheckResult> CheckFileStructure(const std::filesystem::path& path);

}  // namespace assay::store
