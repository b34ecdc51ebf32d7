#pragma once

// Of jsonl_reader.cc, json_value.cc and json_cell.cc only, because simdjson compiles slowly.

#include <simdjson.h>

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "client/formats/column_builder.h"

namespace assay::formats {

// JSON nested deeper than this is an error.
inline constexpr int kMaxJsonDepth = 256;

// What `value` is, as an error says it: `text`, `a number`, `a list` ...
std::string_view JsonTypeName(simdjson::ondemand::value& value);

// True for null. A value that starts with n and is not null is an error where it is read.
bool IsNull(simdjson::ondemand::value& value);

// Gives `value`, which is not null, to the row that `builder` has started. `document` is the one
// that it belongs to. Errors are problems without their place.
absl::Status AddJson(simdjson::ondemand::document& document, simdjson::ondemand::value value,
                     ColumnBuilder& builder);

// What simdjson says, in words.
std::string_view JsonProblem(simdjson::error_code error);

}  // namespace assay::formats
