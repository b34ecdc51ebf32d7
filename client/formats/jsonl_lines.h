#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace assay::formats {

// Lines of a text, one after the other. Blank lines and a byte order mark are passed over.
// Thread-compatible.
class JsonlLines {
 public:
  explicit JsonlLines(std::string_view text) : text_(text) {
    if (text.starts_with("\xEF\xBB\xBF")) {
      position_ = 3;
    }
  }
  // The next line that is not blank, without its end; false at the end.
  bool Next(std::string_view& line) {
    while (position_ < text_.size()) {
      const char* const begin = text_.data() + position_;
      const void* const end = std::memchr(begin, '\n', text_.size() - position_);
      const std::size_t length =
          end == nullptr ? text_.size() - position_ : static_cast<const char*>(end) - begin;
      ++number_;
      position_ += length + (end == nullptr ? 0 : 1);
      line = {begin, length};
      if (length > 0 &&
          (*begin == '{' || line.find_first_not_of(" \t\r") != std::string_view::npos)) {
        return true;
      }
    }
    return false;
  }
  std::int64_t number() const { return number_; }
  std::size_t position() const { return position_; }
  // True when the last line ended with the text and not with a line end.
  bool is_cut() const { return position_ == text_.size() && !text_.ends_with('\n'); }

 private:
  std::string_view text_;
  std::size_t position_ = 0;
  std::int64_t number_ = 0;
};

}  // namespace assay::formats
