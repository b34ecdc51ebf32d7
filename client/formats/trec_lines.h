#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace assay::formats {

// Cuts a text into lines and these into columns between blanks and tabs. Blank lines and comments
// are passed over. Thread-compatible.
class TrecLines {
 public:
  static constexpr std::size_t kMaxColumns = 7;  // one more than any line may have

  // Eight zero bytes must be readable behind `text`.
  explicit TrecLines(std::string_view text);

  // Moves to the next line; false at the end.
  bool Next();
  // Columns of the line, at most kMaxColumns of them.
  std::size_t num_columns() const { return num_columns_; }
  std::string_view column(std::size_t i) const { return columns_[i]; }
  // From 1.
  std::int64_t number() const { return number_; }
  // True when the line holds a byte >= 0x80.
  bool has_high_bytes() const { return (high_bits_ & 0x8080808080808080U) != 0; }
  // True when the line holds a control character other than tab and carriage return.
  bool has_control() const { return has_control_; }
  // The line as it stands in the file, without its end.
  std::string_view line() const { return {begin_, static_cast<std::size_t>(end_ - begin_)}; }
  std::size_t position() const { return static_cast<std::size_t>(position_ - text_begin_); }

 private:
  // Each cuts the line at position_ and sets end_. The first looks at many bytes together; false
  // when the line is not plain: not one blank or tab between columns, more columns than there is
  // room for, control characters, bytes >= 0x80 nearby, or too near to the end of the text.
  bool CutPlainLine();
  void CutLine();

  const char* const text_begin_;
  const char* const text_end_;
  const char* position_;
  const char* begin_;
  const char* end_;
  std::array<std::string_view, kMaxColumns> columns_;
  std::size_t num_columns_ = 0;
  std::int64_t number_ = 0;
  std::uint64_t high_bits_ = 0;
  bool has_control_ = false;
};

}  // namespace assay::formats
