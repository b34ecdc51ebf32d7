#include "client/formats/row_writer.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "client/formats/input_error.h"
#include "client/formats/json_text.h"
#include "client/formats/number_text.h"
#include "evaluators/columns.h"

namespace assay::formats {
namespace {

std::int64_t NumRows(std::span<const Column> columns) {
  return columns.empty() ? 0 : columns.front().num_rows;
}

bool LooksLikeFormula(std::string_view text) {
  constexpr std::string_view kStarts = "=+-@\t\r";
  return !text.empty() && kStarts.find(text[0]) != std::string_view::npos &&
         !ParseDouble(text).has_value();
}

void AppendCell(std::string_view text, char delimiter, std::string& out) {
  const char special[] = {delimiter, '"', '\n', '\r'};
  const bool needs_quotes =
      text.empty() || text.starts_with("\xEF\xBB\xBF") ||
      text.find_first_of(std::string_view(special, sizeof(special))) != std::string_view::npos;
  if (!needs_quotes) {
    out.append(text);
    return;
  }
  out.push_back('"');
  for (const char c : text) {
    out.push_back(c);
    if (c == '"') {
      out.push_back('"');
    }
  }
  out.push_back('"');
}

void AppendTextCell(std::string_view text, const CsvOptions& options, std::string& out) {
  if (options.guards_formulas && LooksLikeFormula(text)) {
    std::string guarded = "'";
    guarded.append(text);
    AppendCell(guarded, options.delimiter, out);
  } else {
    AppendCell(text, options.delimiter, out);
  }
}

template <typename T>
void AppendBytes(const T* values, std::size_t count, std::string& out) {
  out.append(reinterpret_cast<const char*>(values), count * sizeof(T));
}

template <typename T>
void AppendNpyRows(const Column& column, const std::vector<T>& values, std::string& out) {
  const std::size_t width = column.dimension == 0 ? 1 : static_cast<std::size_t>(column.dimension);
  if (column.validity.empty()) {
    AppendBytes(values.data(), static_cast<std::size_t>(column.num_rows) * width, out);
    return;
  }
  const std::vector<T> undefined(width, std::numeric_limits<T>::quiet_NaN());
  for (std::int64_t row = 0; row < column.num_rows; ++row) {
    AppendBytes(column.IsValid(row) ? values.data() + static_cast<std::size_t>(row) * width
                                    : undefined.data(),
                width, out);
  }
}

}  // namespace

void AppendJsonl(std::span<const Column> columns, std::string& out) {
  std::vector<std::string> names;
  for (const Column& column : columns) {
    std::string name;
    AppendJsonString(column.name, name);
    name.push_back(':');
    names.push_back(std::move(name));
  }
  for (std::int64_t row = 0; row < NumRows(columns); ++row) {
    out.push_back('{');
    bool is_first = true;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (!columns[i].IsValid(row)) {
        continue;
      }
      if (!is_first) {
        out.push_back(',');
      }
      is_first = false;
      out.append(names[i]);
      AppendJsonValue(columns[i], row, out);
    }
    out.append("}\n");
  }
}

void AppendCsvHeader(std::span<const Column> columns, const CsvOptions& options, std::string& out) {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) {
      out.push_back(options.delimiter);
    }
    AppendTextCell(columns[i].name, options, out);
  }
  out.push_back('\n');
}

void AppendCsv(std::span<const Column> columns, const CsvOptions& options, std::string& out) {
  std::string json;
  for (std::int64_t row = 0; row < NumRows(columns); ++row) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const Column& column = columns[i];
      if (i > 0) {
        out.push_back(options.delimiter);
      }
      if (!column.IsValid(row)) {
        continue;
      }
      switch (column.type) {
        case ColumnType::kText:
          AppendTextCell(column.Text(row), options, out);
          break;
        case ColumnType::kFloat64:
          AppendNumber(column.doubles[static_cast<std::size_t>(row)], out);
          break;
        case ColumnType::kInt64:
          AppendNumber(column.int64s[static_cast<std::size_t>(row)], out);
          break;
        default:
          json.clear();
          AppendJsonValue(column, row, json);
          AppendCell(json, options.delimiter, out);
      }
    }
    out.push_back('\n');
  }
}

absl::StatusOr<std::string> NpyHeader(const Column& column, std::int64_t num_rows) {
  std::string_view descr;
  switch (column.type) {
    case ColumnType::kFloat64:
    case ColumnType::kFloat64Vector:
      descr = "<f8";
      break;
    case ColumnType::kFloat32Vector:
      descr = "<f4";
      break;
    case ColumnType::kInt64:
      descr = "<i8";
      break;
    default:
      return absl::InvalidArgumentError(
          absl::StrFormat("column %s is %s; only numbers and vectors can be written as NumPy files",
                          Quoted(column.name), ColumnTypeName(column.type)));
  }
  const std::string shape = column.dimension > 0
                                ? absl::StrFormat("(%d, %d)", num_rows, column.dimension)
                                : absl::StrFormat("(%d,)", num_rows);
  std::string fields =
      absl::StrFormat("{'descr': '%s', 'fortran_order': False, 'shape': %s, }", descr, shape);
  // Magic, version and length are 10 bytes; the whole is a multiple of 64 and ends a line.
  constexpr std::size_t kStartBytes = 10;
  constexpr std::size_t kAlignment = 64;
  const std::size_t size =
      (kStartBytes + fields.size() + 1 + kAlignment - 1) / kAlignment * kAlignment;
  fields.append(size - kStartBytes - fields.size() - 1, ' ');
  fields.push_back('\n');
  std::string header("\x93NUMPY\x01\x00", 8);
  header.push_back(static_cast<char>(fields.size() & 0xFF));
  header.push_back(static_cast<char>(fields.size() >> 8));
  header.append(fields);
  return header;
}

absl::Status AppendNpy(const Column& column, std::string& out) {
  switch (column.type) {
    case ColumnType::kFloat64:
    case ColumnType::kFloat64Vector:
      AppendNpyRows(column, column.doubles, out);
      return absl::OkStatus();
    case ColumnType::kFloat32Vector:
      AppendNpyRows(column, column.floats, out);
      return absl::OkStatus();
    case ColumnType::kInt64:
      if (!column.validity.empty()) {
        for (std::int64_t row = 0; row < column.num_rows; ++row) {
          if (!column.IsValid(row)) {
            return absl::InvalidArgumentError(absl::StrFormat(
                "column %s has null rows, which integers in a NumPy file cannot show",
                Quoted(column.name)));
          }
        }
      }
      AppendBytes(column.int64s.data(), column.int64s.size(), out);
      return absl::OkStatus();
    default:
      return NpyHeader(column, column.num_rows).status();
  }
}

}  // namespace assay::formats
