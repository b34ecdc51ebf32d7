#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "evaluators/columns.h"

// Well-formed columns from plain values, for tests. An absent value is a null row.
namespace assay::test {

template <typename T>
using Rows = std::vector<std::optional<T>>;

namespace internal {

template <typename T, typename AppendValue>
Column BuildColumn(std::string name, ColumnType type, const Rows<T>& rows,
                   AppendValue append_value) {
  Column column;
  column.name = std::move(name);
  column.type = type;
  for (const std::optional<T>& row : rows) {
    append_value(column, row);
    ++column.num_rows;
    AppendValidity(column, row.has_value());
  }
  return column;
}

// Gives `column` list offsets and a dictionary, and calls `append_number` for every item.
template <typename T, typename AppendNumber>
Column BuildDocuments(std::string name, ColumnType type,
                      const Rows<std::vector<std::pair<std::string, T>>>& rows,
                      AppendNumber append_number) {
  absl::flat_hash_map<std::string, std::int32_t> code_of;
  Column built = BuildColumn(
      std::move(name), type, rows,
      [&](Column& column, const std::optional<std::vector<std::pair<std::string, T>>>& row) {
        if (column.list_offsets.empty()) {
          column.list_offsets.push_back(0);
        }
        for (const auto& [document, number] :
             row.value_or(std::vector<std::pair<std::string, T>>())) {
          const auto next = static_cast<std::int32_t>(code_of.size());
          const auto [found, is_new] = code_of.try_emplace(document, next);
          if (is_new) {
            AppendText(column, document);
          }
          column.codes.push_back(found->second);
          append_number(column, number);
        }
        column.list_offsets.push_back(static_cast<std::int32_t>(column.codes.size()));
      });
  built.is_coded = true;
  return built;
}

}  // namespace internal

inline Column TextColumn(std::string name, const Rows<std::string>& rows) {
  return internal::BuildColumn(std::move(name), ColumnType::kText, rows,
                               [](Column& column, const std::optional<std::string>& row) {
                                 AppendText(column, row.value_or(""));
                               });
}

inline Column JsonColumn(std::string name, const Rows<std::string>& rows) {
  Column column = TextColumn(std::move(name), rows);
  column.type = ColumnType::kJson;
  return column;
}

// As TextColumn, dictionary-coded in order of first appearance.
inline Column CodedTextColumn(std::string name, const Rows<std::string>& rows) {
  absl::flat_hash_map<std::string, std::int32_t> code_of;
  Column built = internal::BuildColumn(
      std::move(name), ColumnType::kText, rows,
      [&code_of](Column& column, const std::optional<std::string>& row) {
        const auto next = static_cast<std::int32_t>(code_of.size());
        const auto [found, is_new] = code_of.try_emplace(row.value_or(""), next);
        if (is_new) {
          AppendText(column, row.value_or(""));
        }
        column.codes.push_back(found->second);
      });
  built.is_coded = true;
  return built;
}

inline Column Float64Column(std::string name, const Rows<double>& rows) {
  return internal::BuildColumn(std::move(name), ColumnType::kFloat64, rows,
                               [](Column& column, std::optional<double> row) {
                                 column.doubles.push_back(row.value_or(0.0));
                               });
}

inline Column Int64Column(std::string name, const Rows<std::int64_t>& rows) {
  return internal::BuildColumn(std::move(name), ColumnType::kInt64, rows,
                               [](Column& column, std::optional<std::int64_t> row) {
                                 column.int64s.push_back(row.value_or(0));
                               });
}

// `dimension` values a row; null rows are zeros.
inline Column Float32VectorColumn(std::string name, std::int32_t dimension,
                                  const Rows<std::vector<float>>& rows) {
  Column built = internal::BuildColumn(
      std::move(name), ColumnType::kFloat32Vector, rows,
      [dimension](Column& column, const std::optional<std::vector<float>>& row) {
        const std::vector<float> zeros(static_cast<std::size_t>(dimension), 0.0F);
        const std::vector<float>& values = row.has_value() ? *row : zeros;
        column.floats.insert(column.floats.end(), values.begin(), values.end());
      });
  built.dimension = dimension;
  return built;
}

inline Column Float64VectorColumn(std::string name, std::int32_t dimension,
                                  const Rows<std::vector<double>>& rows) {
  Column built = internal::BuildColumn(
      std::move(name), ColumnType::kFloat64Vector, rows,
      [dimension](Column& column, const std::optional<std::vector<double>>& row) {
        const std::vector<double> zeros(static_cast<std::size_t>(dimension), 0.0);
        const std::vector<double>& values = row.has_value() ? *row : zeros;
        column.doubles.insert(column.doubles.end(), values.begin(), values.end());
      });
  built.dimension = dimension;
  return built;
}

inline Column Int32ListColumn(std::string name, const Rows<std::vector<std::int32_t>>& rows) {
  return internal::BuildColumn(
      std::move(name), ColumnType::kInt32List, rows,
      [](Column& column, const std::optional<std::vector<std::int32_t>>& row) {
        if (column.list_offsets.empty()) {
          column.list_offsets.push_back(0);
        }
        if (row.has_value()) {
          column.int32s.insert(column.int32s.end(), row->begin(), row->end());
        }
        column.list_offsets.push_back(static_cast<std::int32_t>(column.int32s.size()));
      });
}

inline Column TextListColumn(std::string name, const Rows<std::vector<std::string>>& rows) {
  return internal::BuildColumn(
      std::move(name), ColumnType::kTextList, rows,
      [](Column& column, const std::optional<std::vector<std::string>>& row) {
        if (column.list_offsets.empty()) {
          column.list_offsets.push_back(0);
        }
        std::int32_t num_items = column.list_offsets.back();
        if (row.has_value()) {
          for (const std::string& item : *row) {
            AppendText(column, item);
            ++num_items;
          }
        }
        column.list_offsets.push_back(num_items);
      });
}

// Documents with scores, any order.
inline Column RankingColumn(std::string name,
                            const Rows<std::vector<std::pair<std::string, double>>>& rows) {
  return internal::BuildDocuments<double>(
      std::move(name), ColumnType::kRanking, rows,
      [](Column& column, double score) { column.doubles.push_back(score); });
}

// Documents with grades.
inline Column RelevanceColumn(std::string name,
                              const Rows<std::vector<std::pair<std::string, std::int32_t>>>& rows) {
  return internal::BuildDocuments<std::int32_t>(
      std::move(name), ColumnType::kRelevance, rows,
      [](Column& column, std::int32_t grade) { column.int32s.push_back(grade); });
}

}  // namespace assay::test
