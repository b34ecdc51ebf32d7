#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace assay::api {

// OTLP's JSON form of an ExportTraceServiceRequest as its binary form, except that ids stay the
// texts that they are in the JSON, hex digits or not: see OtlpDecoder::Ids::kHexText. Unknown
// fields are ignored; numbers may be texts and enumerations numbers. INVALID_ARGUMENT says where
// the text is wrong.
absl::StatusOr<std::string> OtlpJsonToBinary(std::string_view json);

}  // namespace assay::api
