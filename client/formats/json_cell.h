#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "client/formats/column_builder.h"

namespace assay::formats {

// Reads lists and objects that stand as JSON in a cell of a table. Thread-compatible.
class JsonCell {
 public:
  JsonCell();
  ~JsonCell();
  JsonCell(const JsonCell&) = delete;
  JsonCell& operator=(const JsonCell&) = delete;

  // Gives `cell` to the row that `builder` has started. Errors are problems without their place.
  absl::Status Add(std::string_view cell, ColumnBuilder& builder);
  // Number of elements when `cell` is a list; 0 for anything else.
  std::size_t NumElements(std::string_view cell);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace assay::formats
