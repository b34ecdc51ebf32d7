#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "evaluators/columns.h"

namespace assay::formats {

// `text` as a JSON string, quotes included; only what must be escaped is.
void AppendJsonString(std::string_view text, std::string& out);

// The value of row `row`, which is not null, as JSON on one line. Rankings are lists of
// {"document":, "score":}, relevance objects of grades; numbers that JSON lacks are the strings
// "NaN", "Infinity" and "-Infinity".
void AppendJsonValue(const Column& column, std::int64_t row, std::string& out);

}  // namespace assay::formats
