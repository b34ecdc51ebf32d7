#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "evaluators/columns.h"
#include "evaluators/evaluator.h"

namespace assay {

using Texts = std::vector<std::optional<std::string>>;

inline Column MakeColumn(ColumnType type) {
  Column column;
  column.name = "column";
  column.type = type;
  return column;
}

// A kText column; absent is null.
inline Column TextColumn(const Texts& values) {
  Column column = MakeColumn(ColumnType::kText);
  for (const std::optional<std::string>& value : values) {
    AppendText(column, value.value_or(""));
    ++column.num_rows;
    AppendValidity(column, value.has_value());
  }
  return column;
}

// The same, dictionary-coded; entries in the order of `dictionary`, then as they come.
inline Column CodedTextColumn(const Texts& values,
                              const std::vector<std::string>& dictionary = {}) {
  Column column = MakeColumn(ColumnType::kText);
  column.is_coded = true;
  std::map<std::string, std::int32_t> code_of;
  const auto code = [&](const std::string& text) {
    const auto [found, is_new] =
        code_of.try_emplace(text, static_cast<std::int32_t>(code_of.size()));
    if (is_new) {
      AppendText(column, text);
    }
    return found->second;
  };
  for (const std::string& entry : dictionary) {
    code(entry);
  }
  for (const std::optional<std::string>& value : values) {
    column.codes.push_back(value ? code(*value) : 0);
    ++column.num_rows;
    AppendValidity(column, value.has_value());
  }
  return column;
}

inline Column TextListColumn(const std::vector<std::optional<std::vector<std::string>>>& rows) {
  Column column = MakeColumn(ColumnType::kTextList);
  std::int32_t num_items = 0;
  column.list_offsets.push_back(0);
  for (const auto& row : rows) {
    for (const std::string& item : row.value_or(std::vector<std::string>())) {
      AppendText(column, item);
      ++num_items;
    }
    column.list_offsets.push_back(num_items);
    ++column.num_rows;
    AppendValidity(column, row.has_value());
  }
  return column;
}

template <typename Number>
using Documents = std::vector<std::pair<std::string, Number>>;

template <typename Number>
Column DocumentsColumn(ColumnType type, std::vector<Number> Column::*numbers,
                       const std::vector<std::optional<Documents<Number>>>& rows) {
  Column column = MakeColumn(type);
  column.is_coded = true;
  column.list_offsets.push_back(0);
  absl::flat_hash_map<std::string, std::int32_t> code_of;
  for (const auto& row : rows) {
    for (const auto& [document, number] : row.value_or(Documents<Number>())) {
      const auto [found, is_new] =
          code_of.try_emplace(document, static_cast<std::int32_t>(code_of.size()));
      if (is_new) {
        AppendText(column, document);
      }
      column.codes.push_back(found->second);
      (column.*numbers).push_back(number);
    }
    column.list_offsets.push_back(static_cast<std::int32_t>(column.codes.size()));
    ++column.num_rows;
    AppendValidity(column, row.has_value());
  }
  return column;
}

inline Column RankingColumn(const std::vector<std::optional<Documents<double>>>& rows) {
  return DocumentsColumn<double>(ColumnType::kRanking, &Column::doubles, rows);
}

inline Column RelevanceColumn(const std::vector<std::optional<Documents<std::int32_t>>>& rows) {
  return DocumentsColumn<std::int32_t>(ColumnType::kRelevance, &Column::int32s, rows);
}

inline Column DoubleColumn(const std::vector<std::optional<double>>& values) {
  Column column = MakeColumn(ColumnType::kFloat64);
  for (const std::optional<double>& value : values) {
    column.doubles.push_back(value.value_or(0));
    ++column.num_rows;
    AppendValidity(column, value.has_value());
  }
  return column;
}

inline Column FloatVectorColumn(std::int32_t dimension, std::vector<float> components) {
  Column column = MakeColumn(ColumnType::kFloat32Vector);
  column.dimension = dimension;
  column.num_rows = static_cast<std::int64_t>(components.size()) / dimension;
  column.floats = std::move(components);
  return column;
}

inline Column DoubleVectorColumn(std::int32_t dimension, std::vector<double> components) {
  Column column = MakeColumn(ColumnType::kFloat64Vector);
  column.dimension = dimension;
  column.num_rows = static_cast<std::int64_t>(components.size()) / dimension;
  column.doubles = std::move(components);
  return column;
}

// Examples with their outputs, and what evaluators say of them.
struct Rows {
  std::map<std::string, Column, std::less<>> examples;
  std::map<std::string, Column, std::less<>> outputs;

  static const Column* Find(const std::map<std::string, Column, std::less<>>& columns,
                            std::string_view name) {
    const auto found = columns.find(name);
    return found == columns.end() ? nullptr : &found->second;
  }
  EvaluationBatch Batch() const {
    EvaluationBatch batch;
    batch.num_rows = outputs.begin()->second.num_rows;
    batch.example = [this](std::string_view name) { return Find(examples, name); };
    batch.output = [this](std::string_view name) { return Find(outputs, name); };
    return batch;
  }
  ColumnTypes Types() const {
    const auto type_in = [](const std::map<std::string, Column, std::less<>>& columns) {
      return [&columns](std::string_view name) -> std::optional<ColumnType> {
        const Column* const column = Find(columns, name);
        return column == nullptr ? std::nullopt : std::optional(column->type);
      };
    };
    ColumnTypes types;
    types.example = type_in(examples);
    types.output = type_in(outputs);
    const auto dimension_in = [](const std::map<std::string, Column, std::less<>>& columns) {
      return [&columns](std::string_view name) {
        const Column* const column = Find(columns, name);
        return column == nullptr ? 0 : column->dimension;
      };
    };
    types.example_dimension = dimension_in(examples);
    types.output_dimension = dimension_in(outputs);
    for (const auto& [name, column] : examples) {
      types.example_names.push_back(name);
    }
    for (const auto& [name, column] : outputs) {
      types.output_names.push_back(name);
    }
    return types;
  }
  // Row scores by metric id; absent is undefined.
  std::map<std::string, std::vector<std::optional<double>>> Score(
      const Evaluator& evaluator) const {
    std::vector<std::string> ids;
    for (const MetricDescriptor& metric : evaluator.metrics()) {
      if (metric.kind != MetricKind::kCorpus) {
        ids.push_back(metric.id);
      }
    }
    std::vector<ScoreColumn> scores(ids.size());
    std::map<std::string, std::vector<std::optional<double>>> by_id;
    if (!evaluator.Score(Batch(), scores).ok()) {
      return by_id;
    }
    for (std::size_t i = 0; i < ids.size(); ++i) {
      for (std::size_t row = 0; row < scores[i].values.size(); ++row) {
        by_id[ids[i]].push_back(
            scores[i].is_defined[row] != 0 ? std::optional(scores[i].values[row]) : std::nullopt);
      }
    }
    return by_id;
  }
};

}  // namespace assay
