#include "client/cli/table.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <sstream>
#include <utility>

#include "client/cli/text_width.h"

namespace assay::cli {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowestShrunk = 8;
constexpr std::size_t kNarrowestWrapped = 16;  // while another column can give way

bool IsNumber(std::string_view text) {
  if (!text.empty() && text[0] == '+') {
    text.remove_prefix(1);
  }
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

bool LooksLikeFormula(std::string_view text) {
  return !text.empty() && std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos &&
         !IsNumber(text);
}

std::string Aligned(std::string_view cell, std::size_t width, Align align) {
  return align == Align::kRight ? PaddedLeft(cell, width) : PaddedRight(cell, width);
}

// The lines of a cell, at least one.
std::vector<std::string> Lines(const std::string& text, std::size_t width,
                               const TableColumn& column) {
  if (!column.wraps || DisplayWidth(text) <= width) {
    return {column.keeps_end ? ShortenedInside(text, width) : Shortened(text, width)};
  }
  std::vector<std::string> lines;
  std::istringstream wrapped(Wrapped(text, width, 0));
  for (std::string line; std::getline(wrapped, line);) {
    lines.push_back(Shortened(line, width));
  }
  return lines.empty() ? std::vector<std::string>(1) : lines;
}

std::string WithoutTrailingBlanks(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

}  // namespace

std::string CsvField(std::string_view text) {
  if (text.find_first_of("\",\r\n") == std::string_view::npos) {
    return std::string(text);
  }
  std::string field = "\"";
  for (const char c : text) {
    field += c;
    if (c == '"') {
      field += '"';
    }
  }
  return field + '"';
}

std::string MarkdownText(std::string_view text) {
  std::string escaped;
  for (const char c : OneLine(text)) {
    if (std::string_view("\\|`*_<>[]&").find(c) != std::string_view::npos) {
      escaped += '\\';
    }
    escaped += c;
  }
  return escaped;
}

Table::Table(std::vector<TableColumn> columns) : columns_(std::move(columns)) {}

void Table::AddRow(std::vector<Cell> cells) {
  assert(cells.size() == columns_.size());
  rows_.push_back(std::move(cells));
}

std::vector<std::size_t> Table::Widths(std::size_t width) const {
  std::vector<std::size_t> widths(columns_.size());
  std::size_t total = kGap * (columns_.size() - 1);
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    widths[c] = DisplayWidth(columns_[c].title);
    for (const std::vector<Cell>& row : rows_) {
      widths[c] = std::max(widths[c], DisplayWidth(OneLine(row[c].text)));
    }
    total += widths[c];
  }
  // What wraps loses nothing, and so gives way before what is cut.
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    while (columns_[c].wraps && total > width && widths[c] > kNarrowestWrapped) {
      --widths[c];
      --total;
    }
  }
  while (total > width) {
    std::size_t widest = columns_.size();
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      const bool gives_way = columns_[c].may_shrink || columns_[c].wraps;
      if (gives_way && widths[c] > kNarrowestShrunk &&
          (widest == columns_.size() || widths[c] > widths[widest])) {
        widest = c;
      }
    }
    if (widest == columns_.size()) {
      break;
    }
    --widths[widest];
    --total;
  }
  return widths;
}

std::string Table::Text(std::size_t width, const Palette& palette, std::size_t indent) const {
  const std::vector<std::size_t> widths = Widths(width > indent ? width - indent : 0);
  const std::string margin(indent, ' ');
  const std::string gap(kGap, ' ');
  std::string titles;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    titles += Aligned(columns_[c].title, widths[c], columns_[c].align) + gap;
  }
  std::string text = margin + palette(Ink::kBold, WithoutTrailingBlanks(titles)) + "\n";
  for (const std::vector<Cell>& row : rows_) {
    std::vector<std::vector<std::string>> cells;
    std::size_t num_lines = 1;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      cells.push_back(Lines(OneLine(row[c].text), widths[c], columns_[c]));
      num_lines = std::max(num_lines, cells.back().size());
    }
    for (std::size_t i = 0; i < num_lines; ++i) {
      std::string line = margin;
      for (std::size_t c = 0; c < columns_.size(); ++c) {
        const std::string cell = i < cells[c].size() ? cells[c][i] : std::string();
        const bool is_painted = row[c].ink.has_value() && !cell.empty();
        line +=
            Aligned(is_painted ? palette(*row[c].ink, cell) : cell, widths[c], columns_[c].align) +
            gap;
      }
      text += WithoutTrailingBlanks(line) + "\n";
    }
  }
  return text;
}

std::string Table::Csv() const {
  std::string text;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    text += (c == 0 ? "" : ",") + CsvField(columns_[c].title);
  }
  text += "\r\n";
  for (const std::vector<Cell>& row : rows_) {
    for (std::size_t c = 0; c < row.size(); ++c) {
      text += c == 0 ? "" : ",";
      const std::string& cell = row[c].text;
      text += CsvField(LooksLikeFormula(cell) ? "'" + cell : cell);
    }
    text += "\r\n";
  }
  return text;
}

std::string Table::Markdown() const {
  std::string text = "|";
  std::string rule = "|";
  for (const TableColumn& column : columns_) {
    text += " " + MarkdownText(column.title) + " |";
    rule += column.align == Align::kRight ? " ---: |" : " --- |";
  }
  text += "\n" + rule + "\n";
  for (const std::vector<Cell>& row : rows_) {
    text += "|";
    for (const Cell& cell : row) {
      text += " " + MarkdownText(cell.text) + " |";
    }
    text += "\n";
  }
  return text;
}

}  // namespace assay::cli
