#include "client/cli/result_table_text.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/cli/numbers.h"
#include "client/cli/table.h"
#include "client/cpp/batch_codec.h"

namespace assay::cli {
namespace {

constexpr std::size_t kMaxRows = 20;

std::string ValueText(const Column& column, std::int64_t row) {
  if (!column.IsValid(row)) {
    return "-";
  }
  switch (column.type) {
    case ColumnType::kText:
      return std::string(column.Text(row));
    case ColumnType::kInt64:
      return CountText(column.int64s[static_cast<std::size_t>(row)]);
    case ColumnType::kFloat64:
      return NumberText(column.doubles[static_cast<std::size_t>(row)]);
    default:
      return "?";
  }
}

bool IsConfusion(const ResultTable& table) {
  return (table.name == "confusion" || table.name.ends_with("/confusion")) &&
         table.columns.size() == 3;
}

std::vector<std::int64_t> ShownRows(const ResultTable& table) {
  std::vector<std::int64_t> rows;
  const std::int64_t num_rows = table.columns.empty() ? 0 : table.columns[0].num_rows;
  for (std::int64_t row = 0; row < num_rows; ++row) {
    if (!IsConfusion(table) || table.columns[0].Text(row) != table.columns[1].Text(row)) {
      rows.push_back(row);
    }
  }
  return rows;
}

}  // namespace

std::string ResultTableText(const ResultTable& table, std::size_t width, const Palette& palette) {
  std::vector<TableColumn> columns;
  for (const Column& column : table.columns) {
    std::string title = column.name;
    std::ranges::transform(title, title.begin(), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    const bool is_text = column.type == ColumnType::kText;
    columns.push_back({std::move(title), is_text ? Align::kLeft : Align::kRight, is_text});
  }
  Table shown(std::move(columns));
  const std::vector<std::int64_t> rows = ShownRows(table);
  for (std::size_t i = 0; i < std::min(rows.size(), kMaxRows); ++i) {
    std::vector<Cell> cells;
    for (const Column& column : table.columns) {
      cells.emplace_back(ValueText(column, rows[i]));
    }
    shown.AddRow(std::move(cells));
  }
  std::string text = palette(Ink::kBold, table.name) +
                     (IsConfusion(table) ? ", mistakes only\n" : "\n") + shown.Text(width, palette);
  if (rows.size() > kMaxRows) {
    text += absl::StrFormat("%d of %d rows: -o json has all\n", kMaxRows, rows.size());
  }
  return text;
}

std::string ResultTablesText(const v1::Run& run, std::size_t width, const Palette& palette) {
  std::string text;
  for (const v1::ResultTable& from : run.tables()) {
    absl::StatusOr<std::vector<Column>> columns = client::DecodeBatch(from.batch());
    if (!columns.ok()) {
      continue;
    }
    const ResultTable table = {
        .name = from.name(), .description = from.description(), .columns = *std::move(columns)};
    text += "\n" + ResultTableText(table, width, palette);
  }
  return text;
}

}  // namespace assay::cli
