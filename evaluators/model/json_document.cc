#include "evaluators/model/json_document.h"

#include <set>

#include "absl/strings/str_format.h"

namespace assay {
namespace {

// The first key that an object holds twice; empty when there is none. Depth is bounded by the
// parser.
std::string RepeatedKey(const simdjson::dom::element& element) {
  std::string repeated;
  if (element.is_object()) {
    std::set<std::string_view> keys;
    for (const auto& field : simdjson::dom::object(element)) {
      if (!keys.insert(field.key).second) {
        return std::string(field.key.substr(0, 64));
      }
      repeated = RepeatedKey(field.value);
      if (!repeated.empty()) {
        return repeated;
      }
    }
  } else if (element.is_array()) {
    for (const simdjson::dom::element value : simdjson::dom::array(element)) {
      repeated = RepeatedKey(value);
      if (!repeated.empty()) {
        return repeated;
      }
    }
  }
  return repeated;
}

}  // namespace

absl::StatusOr<JsonDocument> JsonDocument::Parse(std::string_view text) {
  JsonDocument document;
  simdjson::error_code error = document.parser_.allocate(text.size(), kMaxDepth);
  simdjson::dom::element root;
  if (error == simdjson::SUCCESS) {
    error = document.parser_.parse(text.data(), text.size()).get(root);
  }
  if (error != simdjson::SUCCESS) {
    return absl::InvalidArgumentError(
        absl::StrFormat("not valid JSON: %s", simdjson::error_message(error)));
  }
  const std::string repeated = RepeatedKey(root);
  if (!repeated.empty()) {
    return absl::InvalidArgumentError(absl::StrFormat("the key '%s' occurs twice", repeated));
  }
  return document;
}

}  // namespace assay
