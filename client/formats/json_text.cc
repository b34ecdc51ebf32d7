#include "client/formats/json_text.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/strings/str_format.h"
#include "client/formats/number_text.h"
#include "evaluators/columns.h"

namespace assay::formats {
namespace {

template <typename T>
void AppendFloating(T value, std::string& out) {
  if (std::isfinite(value)) {
    AppendNumber(value, out);
    return;
  }
  out.push_back('"');
  AppendNumber(value, out);
  out.push_back('"');
}

template <typename T>
void AppendVector(const T* values, std::int32_t dimension, std::string& out) {
  out.push_back('[');
  for (std::int32_t i = 0; i < dimension; ++i) {
    if (i > 0) {
      out.push_back(',');
    }
    AppendFloating(values[i], out);
  }
  out.push_back(']');
}

// Line breaks between the tokens of JSON may be any blank.
void AppendOnOneLine(std::string_view json, std::string& out) {
  for (const char c : json) {
    out.push_back(c == '\n' || c == '\r' ? ' ' : c);
  }
}

void AppendItem(const Column& column, std::int64_t item, std::string& out) {
  const auto i = static_cast<std::size_t>(item);
  switch (column.type) {
    case ColumnType::kInt32List:
      AppendNumber(std::int64_t{column.int32s[i]}, out);
      break;
    case ColumnType::kTextList:
      AppendJsonString(column.Text(item), out);
      break;
    case ColumnType::kRanking:
      out.append("{\"document\":");
      AppendJsonString(column.Text(item), out);
      out.append(",\"score\":");
      AppendFloating(column.doubles[i], out);
      out.push_back('}');
      break;
    case ColumnType::kRelevance:
      AppendJsonString(column.Text(item), out);
      out.push_back(':');
      AppendNumber(std::int64_t{column.int32s[i]}, out);
      break;
    default:
      break;
  }
}

}  // namespace

void AppendJsonString(std::string_view text, std::string& out) {
  out.push_back('"');
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\') {
      continue;
    }
    out.append(text.substr(begin, i - begin));
    begin = i + 1;
    switch (c) {
      case '"':
        out.append("\\\"");
        break;
      case '\\':
        out.append("\\\\");
        break;
      case '\n':
        out.append("\\n");
        break;
      case '\r':
        out.append("\\r");
        break;
      case '\t':
        out.append("\\t");
        break;
      default:
        absl::StrAppendFormat(&out, "\\u%04x", static_cast<int>(c));
    }
  }
  out.append(text.substr(begin));
  out.push_back('"');
}

void AppendJsonValue(const Column& column, std::int64_t row, std::string& out) {
  const auto i = static_cast<std::size_t>(row);
  const std::size_t first = i * static_cast<std::size_t>(column.dimension);
  switch (column.type) {
    case ColumnType::kText:
      AppendJsonString(column.Text(row), out);
      return;
    case ColumnType::kJson:
      AppendOnOneLine(column.Text(row), out);
      return;
    case ColumnType::kFloat64:
      AppendFloating(column.doubles[i], out);
      return;
    case ColumnType::kInt64:
      AppendNumber(column.int64s[i], out);
      return;
    case ColumnType::kFloat32Vector:
      AppendVector(column.floats.data() + first, column.dimension, out);
      return;
    case ColumnType::kFloat64Vector:
      AppendVector(column.doubles.data() + first, column.dimension, out);
      return;
    default:
      break;
  }
  const bool is_object = column.type == ColumnType::kRelevance;
  out.push_back(is_object ? '{' : '[');
  for (std::int64_t item = column.ListBegin(row); item < column.ListEnd(row); ++item) {
    if (item > column.ListBegin(row)) {
      out.push_back(',');
    }
    AppendItem(column, item, out);
  }
  out.push_back(is_object ? '}' : ']');
}

}  // namespace assay::formats
