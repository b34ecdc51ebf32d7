#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "evaluators/columns.h"
#include "tests/unit/evaluators/column_makers.h"

namespace assay {

// Every row as text, whatever the type: two columns print alike when they hold the same values.
inline std::vector<std::string> RowsOf(const Column& column) {
  std::vector<std::string> rows;
  for (std::int64_t row = 0; row < column.num_rows; ++row) {
    if (!column.IsValid(row)) {
      rows.emplace_back("null");
      continue;
    }
    std::string text = "[";
    const std::int64_t begin = IsList(column.type) ? column.ListBegin(row) : row;
    const std::int64_t end = IsList(column.type) ? column.ListEnd(row) : row + 1;
    const std::int64_t width = column.dimension > 0 ? column.dimension : 1;
    for (std::int64_t item = begin; item < end; ++item) {
      if (HasText(column.type)) {
        text += column.Text(item);
      }
      for (std::int64_t i = item * width; i < (item + 1) * width; ++i) {
        const auto at = static_cast<std::size_t>(i);
        text += column.int32s.empty() ? "" : ":" + std::to_string(column.int32s[at]);
        text += column.int64s.empty() ? "" : ":" + std::to_string(column.int64s[at]);
        text += column.floats.empty() ? "" : ":" + std::to_string(column.floats[at]);
        text += column.doubles.empty() ? "" : ":" + std::to_string(column.doubles[at]);
      }
      text += ",";
    }
    rows.push_back(text + "]");
  }
  return rows;
}

// What FindFault says of the column; `none` when nothing is wrong.
inline std::string FaultOf(const Column& column) {
  const std::optional<ColumnFault> fault = FindFault(column);
  return fault ? fault->problem : "none";
}

// Well-formed columns of any type, the same for equal seeds.
class RandomColumns {
 public:
  explicit RandomColumns(std::uint32_t seed) : random_(seed) {}

  std::int64_t Below(std::int64_t bound) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(bound));
  }
  Column Make(ColumnType type, std::int64_t num_rows, bool is_coded, bool has_nulls) {
    Column column = MakeColumn(type);
    const bool is_documents = type == ColumnType::kRanking || type == ColumnType::kRelevance;
    column.is_coded = HasText(type) && (is_coded || is_documents);
    const bool is_vector = type == ColumnType::kFloat32Vector || type == ColumnType::kFloat64Vector;
    column.dimension = is_vector ? 3 : 0;
    const std::int64_t first_entry = Below(5);
    if (column.is_coded) {
      for (std::int64_t entry = 0; entry < 8; ++entry) {
        AppendText(column, Word(first_entry + entry));
      }
    }
    if (IsList(type)) {
      column.list_offsets.push_back(0);
    }
    for (std::int64_t row = 0; row < num_rows; ++row) {
      const bool is_valid = !has_nulls || Below(3) != 0;
      std::int64_t num_items = 1;
      if (IsList(type)) {
        num_items = is_valid ? Below(4) : 0;
        column.list_offsets.push_back(column.list_offsets.back() +
                                      static_cast<std::int32_t>(num_items));
      }
      for (std::int64_t item = 0; item < num_items; ++item) {
        AddItem(column, is_valid, item);
      }
      ++column.num_rows;
      AppendValidity(column, is_valid);
    }
    return column;
  }

 private:
  static std::string Word(std::int64_t i) {
    return "w" + std::to_string(i) + (i % 3 == 0 ? "\xC3\xA9" : "");
  }
  void AddItem(Column& column, bool is_valid, std::int64_t item) {
    if (column.is_coded) {
      column.codes.push_back(is_valid ? static_cast<std::int32_t>((column.num_rows + item) % 8)
                                      : 0);
    } else if (HasText(column.type)) {
      AppendText(column, is_valid ? Word(Below(9)) : "");
    }
    const std::int64_t number = is_valid ? Below(1000) : 0;
    switch (column.type) {
      case ColumnType::kFloat64:
      case ColumnType::kRanking:
        column.doubles.push_back(static_cast<double>(number));
        break;
      case ColumnType::kInt64:
        column.int64s.push_back(number);
        break;
      case ColumnType::kInt32List:
      case ColumnType::kRelevance:
        column.int32s.push_back(static_cast<std::int32_t>(number));
        break;
      case ColumnType::kFloat32Vector:
        column.floats.insert(column.floats.end(), 3, static_cast<float>(number));
        break;
      case ColumnType::kFloat64Vector:
        column.doubles.insert(column.doubles.end(), 3, static_cast<double>(number));
        break;
      default:
        break;
    }
  }

  std::mt19937 random_;
};

inline constexpr ColumnType kAllTypes[] = {
    ColumnType::kText,      ColumnType::kJson,          ColumnType::kFloat64,
    ColumnType::kInt64,     ColumnType::kFloat32Vector, ColumnType::kFloat64Vector,
    ColumnType::kInt32List, ColumnType::kTextList,      ColumnType::kRanking,
    ColumnType::kRelevance,
};

}  // namespace assay
