#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "client/formats/row_reader.h"
#include "client/formats/standard_columns.h"

namespace assay::formats {

// A column to make and the CSV columns (from 0) that it is made of: one, or for mapped features one
// for each component.
struct CsvTarget {
  std::string name;
  FieldKind kind = FieldKind::kText;
  std::vector<std::size_t> sources;
  bool is_components = false;
};

// What becomes of the columns of `header`, in its order. A column named in `mapping` gives what it
// is mapped to (several things, if so mapped) and no longer itself; others give themselves, text
// unless their name is a standard one. Errors are problems without their place: a mapped column
// that does not exist, one name made twice, a bad range.
absl::StatusOr<std::vector<CsvTarget>> MapColumns(std::span<const std::string> header,
                                                  const ColumnMapping& mapping);

}  // namespace assay::formats
