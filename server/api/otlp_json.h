#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace assay::api {

// OTLP's JSON form of an ExportTraceServiceRequest as its binary form, except that ids, which are
// hex digits in the JSON, are as protobuf's reader takes them: see
// OtlpDecoder::Ids::kHexTakenForBase64. Unknown fields are ignored; numbers may be texts and
// enumerations numbers. INVALID_ARGUMENT says where the text is wrong.
absl::StatusOr<std::string> OtlpJsonToBinary(std::string_view json);

}  // namespace assay::api
