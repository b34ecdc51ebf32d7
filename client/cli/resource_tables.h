#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "client/cli/table.h"

namespace google::protobuf {
class Timestamp;
}

namespace assay::cli {

// How resources are shown, the same in every command.

// `2025-01-31 23:59:59`, UTC; empty when unset.
std::string TimeText(const google::protobuf::Timestamp& time);

// `sha256:1f3a5c7e9b0d`: enough to tell digests apart, and a prefix that references take.
std::string ShortDigest(std::string_view digest);

// `float32 x 64`, `text`: a column's type by its number, with the dimension of vectors.
std::string ColumnTypeText(int type, std::int32_t dimension);

// A table of name, type, nulls and digest.
template <class Columns>
Table ColumnsTable(const Columns& columns) {
  Table table({{"COLUMN", Align::kLeft, true},
               {"TYPE"},
               {"NULLS", Align::kRight},
               {"DIGEST", Align::kLeft, true}});
  for (const auto& column : columns) {
    table.AddRow({column.name(), ColumnTypeText(column.type(), column.dimension()),
                  std::to_string(column.null_count()), ShortDigest(column.digest())});
  }
  return table;
}

}  // namespace assay::cli
