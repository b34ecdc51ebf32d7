#pragma once

#include "assay/v1/embedding_change.pb.h"
#include "server/store/records.h"

namespace assay::api {

// `to` is empty.
void ToProto(const store::EmbeddingChangeRecord& from, v1::EmbeddingChange& to);

}  // namespace assay::api
