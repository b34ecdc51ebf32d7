#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/records.h"

namespace assay::api {

// Checks the declared fields of a model version: at most 256 configuration keys of 1 to 128 bytes
// with values of up to 4,096 bytes, an activation of up to 128 bytes, a weights digest as
// `sha256:` and 64 hex digits, the other fields of up to 256 bytes. INVALID_ARGUMENT names the
// field.
absl::Status CheckModelVersion(const store::ModelVersionRecord& version);

// SHA-256 over what identifies a model version: whether it is external, its activation, its weights
// digest, its other declared fields and its configuration by key; not its name. When none of them
// is declared, over 32 random bytes instead, so that every such version is new. INTERNAL when the
// system gives no random bytes.
absl::StatusOr<store::Digest> ModelVersionDigest(const store::ModelVersionRecord& version);

}  // namespace assay::api
