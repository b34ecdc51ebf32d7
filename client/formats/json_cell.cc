#include "client/formats/json_cell.h"

#include <simdjson.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "client/formats/column_builder.h"
#include "client/formats/input_error.h"
#include "client/formats/json_value.h"

namespace assay::formats {

struct JsonCell::State {
  simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  std::string padded;

  simdjson::error_code Parse(std::string_view cell, simdjson::ondemand::value& value) {
    padded.assign(cell);
    padded.append(simdjson::SIMDJSON_PADDING, '\0');
    simdjson::error_code error =
        parser.iterate(padded.data(), cell.size(), padded.size()).get(document);
    return error == simdjson::SUCCESS ? document.get_value().get(value) : error;
  }
};

JsonCell::JsonCell() : state_(std::make_unique<State>()) {}
JsonCell::~JsonCell() = default;

absl::Status JsonCell::Add(std::string_view cell, ColumnBuilder& builder) {
  simdjson::ondemand::value value;
  const simdjson::error_code error = state_->Parse(cell, value);
  if (error == simdjson::SCALAR_DOCUMENT_AS_VALUE || error == simdjson::EMPTY) {
    return BadValue("expected JSON, a list or an object", cell);
  }
  if (error != simdjson::SUCCESS) {
    return BadValue(JsonProblem(error), cell);
  }
  if (absl::Status status = AddJson(state_->document, value, builder); !status.ok()) {
    return status;
  }
  const char* behind = nullptr;
  if (state_->document.current_location().get(behind) == simdjson::SUCCESS) {
    return BadValue("more behind the JSON", cell);
  }
  return absl::OkStatus();
}

std::size_t JsonCell::NumElements(std::string_view cell) {
  simdjson::ondemand::value value;
  simdjson::ondemand::array array;
  std::size_t count = 0;
  if (state_->Parse(cell, value) != simdjson::SUCCESS ||
      value.get_array().get(array) != simdjson::SUCCESS ||
      array.count_elements().get(count) != simdjson::SUCCESS) {
    return 0;
  }
  return count;
}

}  // namespace assay::formats
