#include "client/formats/csv_records.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "client/formats/input_error.h"
#include "evaluators/columns.h"

namespace assay::formats {

CsvRecords::CsvRecords(std::string_view name, std::string_view text, char delimiter)
    : name_(name), text_(text), delimiter_(delimiter) {
  if (text.starts_with("\xEF\xBB\xBF")) {
    position_ = 3;
  }
}

absl::StatusOr<bool> CsvRecords::Next() {
  const char* const end = text_.data() + text_.size();
  const std::size_t num_cells_before = cells_.size();
  for (;;) {
    if (position_ >= text_.size()) {
      return false;
    }
    cells_.clear();
    line_ = next_line_;
    const char* const begin = text_.data() + position_;
    const char* p = begin;
    for (bool is_last = false; !is_last;) {
      Cell cell;
      if (p != end && *p == '"') {
        cell.is_quoted = true;
        const std::int64_t quote_line = next_line_;
        const char* const first = ++p;
        for (;;) {
          const auto* const quote =
              static_cast<const char*>(std::memchr(p, '"', static_cast<std::size_t>(end - p)));
          if (quote == nullptr) {
            line_ = quote_line;
            return CellError(cells_.size(), "a quote is opened and never closed");
          }
          next_line_ += std::count(p, quote, '\n');
          p = quote + 1;
          if (p == end || *p != '"') {
            break;
          }
          cell.has_doubled_quotes = true;
          ++p;
        }
        cell.text = {first, static_cast<std::size_t>(p - 1 - first)};
        const bool is_line_end = p != end && *p == '\r' && (end - p == 1 || p[1] == '\n');
        p += is_line_end ? 1 : 0;
        if (p != end && *p != delimiter_ && *p != '\n') {
          line_ = next_line_;
          return CellError(cells_.size(),
                           absl::StrFormat("text behind a closing quote: %s",
                                           Quoted({p, static_cast<std::size_t>(end - p)})));
        }
      } else {
        const char* const first = p;
        while (p != end && *p != delimiter_ && *p != '\n') {
          ++p;
        }
        cell.text = {first, static_cast<std::size_t>(p - first)};
        if ((p == end || *p == '\n') && cell.text.ends_with('\r')) {
          cell.text.remove_suffix(1);
        }
      }
      cells_.push_back(cell);
      is_last = p == end || *p == '\n';
      if (p != end) {
        ++p;
      }
    }
    position_ = static_cast<std::size_t>(p - text_.data());
    ++next_line_;
    const std::string_view record(begin, static_cast<std::size_t>(p - begin));
    if (absl::Status status = CheckBytes(record); !status.ok()) {
      return status;
    }
    if (cells_.size() > 1 || !cells_[0].IsNull() || num_cells_before == 1) {
      return true;
    }
  }
}

absl::Status CsvRecords::CheckBytes(std::string_view record) const {
  if (IsUtf8(record) && std::memchr(record.data(), '\0', record.size()) == nullptr) {
    return absl::OkStatus();
  }
  const auto bad = std::find_if(cells_.begin(), cells_.end(), [](const Cell& cell) {
    return !IsUtf8(cell.text) || cell.text.find('\0') != std::string_view::npos;
  });
  if (bad == cells_.end()) {
    return LineError({.file = name_, .line = line_}, "invalid UTF-8");
  }
  const bool is_utf16 =
      line_ == 1 && (record.starts_with("\xFF\xFE") || record.starts_with("\xFE\xFF"));
  return CellError(static_cast<std::size_t>(bad - cells_.begin()),
                   absl::StrFormat("%s: %s",
                                   is_utf16            ? "UTF-16, where UTF-8 is expected"
                                   : IsUtf8(bad->text) ? "a NUL byte"
                                                       : "invalid UTF-8",
                                   Quoted(bad->text)));
}

absl::Status CsvRecords::CellError(std::size_t column, std::string_view problem) const {
  const Place place = {.file = name_, .line = line_};
  return column < names_.size()
             ? FieldError(place, names_[column], problem)
             : LineError(place, absl::StrFormat("column %d: %s", column + 1, problem));
}

std::string_view CsvRecords::Value(const Cell& cell, std::string& scratch) {
  if (!cell.has_doubled_quotes) {
    return cell.text;
  }
  scratch.clear();
  for (std::size_t i = 0; i < cell.text.size(); ++i) {
    scratch.push_back(cell.text[i]);
    if (cell.text[i] == '"') {
      ++i;  // Its double.
    }
  }
  return scratch;
}

}  // namespace assay::formats
