#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "client/formats/row_reader.h"
#include "evaluators/columns.h"

namespace assay::formats {

// What every reader promises on any bytes: rows or an INVALID_ARGUMENT with a message of one line
// that starts with the file's name; well-formed columns, the same in every batch; a place for each
// row; and the same answer for batches of one row and of many. Aborts when one is broken. Result:
// all rows, absent after an error.
std::optional<Rows> ReadRows(std::string_view bytes, const ReaderOptions& options);

// Aborts with `what` unless `holds`.
void Require(bool holds, std::string_view what);

}  // namespace assay::formats
