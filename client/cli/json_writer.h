#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace assay::cli {

// A JSON object or list built in order, indented by two blanks a level. Owned by one thread.
class JsonObject {
 public:
  // An empty text is left out.
  void Text(std::string_view name, std::string_view text);
  // An absent number is left out, and one that JSON does not have.
  void Number(std::string_view name, std::optional<double> number);
  void Bool(std::string_view name, bool value);
  void Object(std::string_view name, const JsonObject& value) { Raw(name, value.Json()); }
  // `json` is the value.
  void Raw(std::string_view name, std::string_view json);

  std::string Json() const { return body_.empty() ? "{}" : "{" + body_ + "\n}"; }

 private:
  std::string body_;
};

class JsonList {
 public:
  void Add(const JsonObject& value);

  std::size_t size() const { return size_; }
  std::string Json() const { return size_ == 0 ? "[]" : "[" + body_ + "\n]"; }

 private:
  std::string body_;
  std::size_t size_ = 0;
};

}  // namespace assay::cli
