#include "evaluators/model/architecture_fields.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"

namespace assay {
namespace {

using simdjson::dom::element;

constexpr std::int64_t kMaxWidth = 1 << 20;
constexpr std::size_t kMaxNameBytes = 128;

}  // namespace

std::string Shown(std::string_view text) {
  return absl::Utf8SafeCEscape({text.data(), std::min<std::size_t>(text.size(), 64)});
}

absl::StatusOr<ArchitectureFields> ArchitectureFields::Of(const element& value, std::string path) {
  ArchitectureFields fields;
  fields.path_ = std::move(path);
  if (value.get(fields.object_) != simdjson::SUCCESS) {
    return fields.Error("not an object");
  }
  return fields;
}

absl::Status ArchitectureFields::Error(std::string_view problem) const {
  return absl::InvalidArgumentError(absl::StrFormat("architecture: %s: %s", path_, problem));
}

std::optional<element> ArchitectureFields::Find(std::string_view key) const {
  element value;
  return object_[key].get(value) == simdjson::SUCCESS ? std::optional(value) : std::nullopt;
}

absl::Status ArchitectureFields::CheckKeys(std::initializer_list<std::string_view> known) const {
  for (const auto& field : object_) {
    if (std::find(known.begin(), known.end(), field.key) == known.end()) {
      return Error(absl::StrFormat("unknown key '%s'", Shown(field.key)));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ArchitectureFields::Text(std::string_view key) const {
  std::string_view text;
  const std::optional<element> value = Find(key);
  if (!value || value->get(text) != simdjson::SUCCESS) {
    return Error(absl::StrFormat("'%s' is %s", key, value ? "not text" : "missing"));
  }
  if (text.empty() || text.size() > kMaxNameBytes) {
    return Error(
        absl::StrFormat("'%s' has %d bytes; 1 to %d are taken", key, text.size(), kMaxNameBytes));
  }
  return std::string(text);
}

absl::StatusOr<std::int64_t> ArchitectureFields::Width(std::string_view key) const {
  std::int64_t width = 0;
  const std::optional<element> value = Find(key);
  if (!value) {
    return Error(absl::StrFormat("'%s' is missing", key));
  }
  if (!value->is_int64() || value->get(width) != simdjson::SUCCESS || width < 1 ||
      width > kMaxWidth) {
    return Error(absl::StrFormat("'%s' is not a whole number from 1 to %d", key, kMaxWidth));
  }
  return width;
}

absl::StatusOr<bool> ArchitectureFields::Flag(std::string_view key, bool otherwise) const {
  bool flag = otherwise;
  const std::optional<element> value = Find(key);
  if (value && value->get(flag) != simdjson::SUCCESS) {
    return Error(absl::StrFormat("'%s' is not true or false", key));
  }
  return flag;
}

absl::StatusOr<double> ArchitectureFields::Number(std::string_view key, double otherwise,
                                                  double above) const {
  double number = otherwise;
  const std::optional<element> value = Find(key);
  if (value && (value->get(number) != simdjson::SUCCESS || !(number > above))) {
    return Error(absl::StrFormat("'%s' is not a number above %g", key, above));
  }
  return number;
}

}  // namespace assay
