#include "server/run/row_facts.h"

#include <charconv>
#include <cstddef>

#include "absl/strings/str_format.h"
#include "server/run/score_columns.h"

namespace assay::run {

void RowFacts::Add(const std::vector<std::pair<std::string, std::int64_t>>& counts) {
  for (const auto& [name, count] : counts) {
    if (count != 0) {
      counts_[name] += count;
    }
  }
}

void RowFacts::Add(const RowFacts& other) {
  for (const auto& [name, count] : other.counts_) {
    counts_[name] += count;
  }
}

Column RowFacts::ToColumn(std::int64_t num_rows) const {
  std::string lines;  // COUNT, a blank, NAME, a line feed
  for (const auto& [name, count] : counts_) {
    lines.append(absl::StrFormat("%d %s\n", count, name));
  }
  Column column;
  column.name = kFactsColumn;
  column.type = ColumnType::kText;
  for (std::int64_t row = 0; row < num_rows; ++row) {
    ++column.num_rows;
    AppendText(column, row == 0 ? lines : std::string_view());
    AppendValidity(column, row == 0);
  }
  return column;
}

void RowFacts::AddColumn(const Column& column) {
  std::string_view lines = column.num_rows == 0 ? std::string_view() : column.Text(0);
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
    std::int64_t count = 0;
    const std::size_t blank = line.find(' ');
    if (blank != std::string_view::npos &&
        std::from_chars(line.data(), line.data() + blank, count).ec == std::errc()) {
      counts_[std::string(line.substr(blank + 1))] += count;
    }
  }
}

std::vector<std::string> RowFacts::Sentences() const {
  std::vector<std::string> sentences;
  for (const auto& [name, count] : counts_) {
    sentences.push_back(
        absl::StrFormat("%d %s %s", count, count == 1 ? "example" : "examples", name));
  }
  return sentences;
}

}  // namespace assay::run
