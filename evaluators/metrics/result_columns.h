#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "evaluators/columns.h"

namespace assay {

// Columns of a ResultTable, made value by value.

inline Column ResultColumn(std::string name, ColumnType type) {
  Column column;
  column.name = std::move(name);
  column.type = type;
  return column;
}

// To a kText column.
inline void AppendValue(Column& column, std::string_view value) {
  AppendText(column, value);
  ++column.num_rows;
  AppendValidity(column, true);
}

// To a kInt64 column.
inline void AppendValue(Column& column, std::int64_t value) {
  column.int64s.push_back(value);
  ++column.num_rows;
  AppendValidity(column, true);
}

// To a kFloat64 column; absent is null.
inline void AppendValue(Column& column, std::optional<double> value) {
  column.doubles.push_back(value.value_or(0));
  ++column.num_rows;
  AppendValidity(column, value.has_value());
}

}  // namespace assay
