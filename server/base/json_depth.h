#pragma once

#include <string_view>

namespace assay {

// Whether arrays and objects of a JSON text lie within each other deeper than `max_depth`, which
// parsers that recurse, or that report every open level, must not be handed. One pass; a text that
// is no JSON is judged by its brackets outside of strings.
bool IsNestedDeeper(std::string_view json, int max_depth);

}  // namespace assay
