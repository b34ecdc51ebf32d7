#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/cli/terminal.h"

namespace assay::cli {

enum class Align { kLeft, kRight };

struct TableColumn {
  std::string title;
  Align align = Align::kLeft;
  // May be cut with `…` when the terminal is too narrow. The widest such column gives way first.
  bool may_shrink = false;
  // Goes on in the next line, broken at blanks, instead of being cut: for sentences.
  bool wraps = false;
  // The `…` stands inside, because the ends of texts tell them apart.
  bool keeps_end = false;
};

// Text of a cell and its colour in a terminal.
struct Cell {
  Cell(std::string cell_text) : text(std::move(cell_text)) {}  // NOLINT: cells are mostly text
  Cell(const char* cell_text) : text(cell_text) {}             // NOLINT
  Cell(std::string cell_text, Ink cell_ink) : text(std::move(cell_text)), ink(cell_ink) {}

  std::string text;
  std::optional<Ink> ink;
};

// Rows of text under titles, written for a terminal, as CSV or as Markdown. Owned by one thread.
class Table {
 public:
  explicit Table(std::vector<TableColumn> columns);
  // One cell a column. Cells may come from data: Text() makes them safe for a terminal.
  void AddRow(std::vector<Cell> cells);
  std::size_t num_rows() const { return rows_.size(); }

  // Titles, then rows, each line indented by `indent` and at most `width` columns as long as the
  // columns that may shrink allow it; two blanks between columns; no trailing blanks. Titles only
  // when there is no row.
  std::string Text(std::size_t width, const Palette& palette, std::size_t indent = 0) const;
  // RFC 4180 with a header; lines end in CR LF. A cell that a spreadsheet would read as a formula
  // gets a leading apostrophe; numbers do not.
  std::string Csv() const;
  // GitHub's tables.
  std::string Markdown() const;

 private:
  std::vector<std::size_t> Widths(std::size_t width) const;

  std::vector<TableColumn> columns_;
  std::vector<std::vector<Cell>> rows_;
};

// `text` as one CSV field, quoted where needed.
std::string CsvField(std::string_view text);

// `text` for a Markdown table cell or paragraph: on one line, with its marks escaped.
std::string MarkdownText(std::string_view text);

}  // namespace assay::cli
