#pragma once

// Of the reader of architectures only, because simdjson compiles slowly.

#include <simdjson.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace assay {

// Text from a file as it may stand in a message: at most 64 bytes, escaped.
std::string Shown(std::string_view text);

// One JSON object of an architecture with the path that errors name, for instance `block 'fc1'`.
// Errors are INVALID_ARGUMENT. The document outlives it.
class ArchitectureFields {
 public:
  static absl::StatusOr<ArchitectureFields> Of(const simdjson::dom::element& value,
                                               std::string path);

  absl::Status Error(std::string_view problem) const;
  void Rename(std::string path) { path_ = std::move(path); }

  // Absent when there is no such key.
  std::optional<simdjson::dom::element> Find(std::string_view key) const;
  absl::Status CheckKeys(std::initializer_list<std::string_view> known) const;

  // Of 1 to 128 bytes.
  absl::StatusOr<std::string> Text(std::string_view key) const;
  // A number of values, from 1 to 2^20.
  absl::StatusOr<std::int64_t> Width(std::string_view key) const;
  absl::StatusOr<bool> Flag(std::string_view key, bool otherwise) const;
  // A finite number above `above`.
  absl::StatusOr<double> Number(std::string_view key, double otherwise, double above) const;

 private:
  simdjson::dom::object object_;
  std::string path_;
};

}  // namespace assay
