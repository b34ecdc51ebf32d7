#pragma once

// Of the readers of architectures and safetensors only, because simdjson compiles slowly.

#include <simdjson.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace assay {

// A small JSON document whose values were all read: strict syntax, valid UTF-8, nesting of at most
// `kMaxDepth`, no key twice in one object. Owns the text. Movable.
class JsonDocument {
 public:
  static constexpr std::size_t kMaxDepth = 16;
  // INVALID_ARGUMENT says what is wrong, without a place.
  static absl::StatusOr<JsonDocument> Parse(std::string_view text);

  simdjson::dom::element root() const { return parser_.doc.root(); }

 private:
  JsonDocument() = default;
  simdjson::dom::parser parser_;
};

}  // namespace assay
