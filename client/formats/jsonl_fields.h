#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "client/formats/column_builder.h"
#include "client/formats/standard_columns.h"

namespace assay::formats {

// One field of the file, known from the scan.
struct Field {
  std::string name;
  FieldKind kind = FieldKind::kOther;  // decided once a value was seen
  std::int64_t line = 0;               // of the first value; 0: none so far
  std::int32_t dimension = 0;          // of vectors
  bool is_other_number = false;        // its name says nothing and its first value is a number
  std::unique_ptr<ColumnBuilder> builder;
};

// The fields of a file by name. The same fields tend to come in the same order on every line, so
// the place within the line is tried before the hash table.
class FieldIndex {
 public:
  static constexpr std::size_t kMaxFields = 1024;

  // The field `name`, the `place`-th of its line; nullptr when there is none.
  Field* Find(std::string_view name, std::size_t place) {
    if (place < order_.size() && order_[place]->name == name) {
      return order_[place];
    }
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) {
      return nullptr;
    }
    Remember(found->second, place);
    return found->second;
  }
  // As Find, from where the name starts in the JSON text, behind its quote. nullptr when the guess
  // is wrong.
  Field* Guess(const char* quoted_name, std::size_t place) const {
    if (place >= order_.size()) {
      return nullptr;
    }
    const std::string& name = order_[place]->name;
    return std::strncmp(quoted_name, name.data(), name.size()) == 0 &&
                   quoted_name[name.size()] == '"' && name.find('\\') == std::string::npos
               ? order_[place]
               : nullptr;
  }
  Field* Add(std::string_view name, std::size_t place) {
    Field& field = fields_.emplace_back();
    field.name = name;
    field.kind = KindOfName(name);
    by_name_.emplace(field.name, &field);
    Remember(&fields_.back(), place);
    return &fields_.back();
  }
  std::size_t size() const { return fields_.size(); }
  std::deque<Field>& fields() { return fields_; }

 private:
  void Remember(Field* field, std::size_t place) {
    if (place < kMaxFields) {
      if (place >= order_.size()) {
        order_.resize(place + 1, field);
      }
      order_[place] = field;
    }
  }

  std::deque<Field> fields_;  // stays where it is
  absl::flat_hash_map<std::string_view, Field*> by_name_;
  std::vector<Field*> order_;  // by place within the line
};

}  // namespace assay::formats
