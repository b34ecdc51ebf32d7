#include "server/api/otlp_value.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "evaluators/columns.h"
#include "server/api/wire_reader.h"

namespace assay::api {
namespace {

using Type = WireField::Type;

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// Bytes of the character at the front of `text`, 0 when it is none. The sequences of The Unicode
// Standard, table 3-7.
std::size_t CharacterSize(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t size = lead < 0x80                    ? 1
                           : lead >= 0xC2 && lead <= 0xDF ? 2
                           : lead >= 0xE0 && lead <= 0xEF ? 3
                           : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                          : 0;
  return size > 0 && size <= text.size() && IsUtf8(text.substr(0, size)) ? size : 0;
}

// The last field of each number wins, as protobuf has it for `oneof` and scalars.
struct AnyValue {
  WireField field;  // number 0: empty
};

bool ReadAnyValue(std::string_view bytes, AnyValue& value) {
  WireReader reader(bytes);
  WireField field;
  while (reader.Next(field)) {
    const bool is_expected = (field.number == 1 && field.type == Type::kBytes) ||
                             (field.number == 2 && field.type == Type::kVarint) ||
                             (field.number == 3 && field.type == Type::kVarint) ||
                             (field.number == 4 && field.type == Type::kFixed64) ||
                             (field.number >= 5 && field.number <= 7 && field.type == Type::kBytes);
    if (is_expected) {
      value.field = field;
    }
  }
  return reader.is_good();
}

bool ReadKeyValue(std::string_view bytes, std::string_view& key, std::string_view& value) {
  WireReader reader(bytes);
  WireField field;
  while (reader.Next(field)) {
    if (field.type == Type::kBytes && field.number == 1) {
      key = field.bytes;
    } else if (field.type == Type::kBytes && field.number == 2) {
      value = field.bytes;
    }
  }
  return reader.is_good();
}

}  // namespace

std::string_view CleanText(std::string_view text, std::size_t max_bytes, std::string& scratch,
                           bool& was_changed) {
  if (text.size() <= max_bytes && IsUtf8(text)) {
    return text;
  }
  was_changed = true;
  scratch.clear();
  while (!text.empty()) {
    const std::size_t size = CharacterSize(text);
    const std::string_view character = size == 0 ? kReplacement : text.substr(0, size);
    if (scratch.size() + character.size() > max_bytes) {
      break;
    }
    scratch.append(character);
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return scratch;
}

bool OtlpAttributeReader::Read(std::string_view key_value, std::string_view key_prefix,
                               store::SpanDetailsWriter& details, std::int64_t& num_cut) {
  std::string_view key;
  std::string_view any_value;
  AnyValue value;
  if (!ReadKeyValue(key_value, key, any_value) || !ReadAnyValue(any_value, value)) {
    return false;
  }
  was_cut_ = false;
  key = CleanText(key, kMaxSpanTextBytes, key_scratch_, was_cut_);
  if (!key_prefix.empty()) {
    key_scratch_ = std::string(key_prefix) + std::string(key);
    key = key_scratch_;
  }
  const WireField& field = value.field;
  switch (field.number) {
    case 1:
      details.AddText(key,
                      CleanText(field.bytes, kMaxAttributeValueBytes, value_scratch_, was_cut_));
      break;
    case 2:
      details.AddBool(key, field.value != 0);
      break;
    case 3:
      details.AddInt64(key, static_cast<std::int64_t>(field.value));
      break;
    case 4:
      details.AddDouble(key, std::bit_cast<double>(field.value));
      break;
    case 7:
      was_cut_ |= field.bytes.size() > kMaxAttributeValueBytes;
      details.AddAttribute(key, store::ValueType::kBytes,
                           field.bytes.substr(0, kMaxAttributeValueBytes));
      break;
    case 0:
      details.AddText(key, "");
      break;
    default:
      json_.clear();
      if (!AppendJson(any_value, 0)) {
        return false;
      }
      if (json_.size() > kMaxAttributeValueBytes) {
        was_cut_ = true;
        details.AddText(key, CleanText(json_, kMaxAttributeValueBytes, value_scratch_, was_cut_));
      } else {
        details.AddAttribute(key, store::ValueType::kJson, json_);
      }
  }
  num_cut += was_cut_ ? 1 : 0;
  return true;
}

std::string_view OtlpAttributeReader::TextOf(std::string_view key_value, std::string_view key) {
  std::string_view found_key;
  std::string_view any_value;
  AnyValue value;
  return ReadKeyValue(key_value, found_key, any_value) && found_key == key &&
                 ReadAnyValue(any_value, value) && value.field.number == 1
             ? value.field.bytes
             : std::string_view();
}

bool OtlpAttributeReader::AppendJson(std::string_view any_value, int depth) {
  // What is longer than a value may be is cut anyway.
  if (depth > kMaxValueDepth || json_.size() > kMaxAttributeValueBytes) {
    was_cut_ = true;
    json_ += "null";
    return true;
  }
  AnyValue value;
  if (!ReadAnyValue(any_value, value)) {
    return false;
  }
  const WireField& field = value.field;
  switch (field.number) {
    case 1:
      AppendJsonText(CleanText(field.bytes, kMaxAttributeValueBytes, json_scratch_, was_cut_));
      return true;
    case 2:
      json_ += field.value != 0 ? "true" : "false";
      return true;
    case 3:
      json_ += std::to_string(static_cast<std::int64_t>(field.value));
      return true;
    case 4: {
      const auto number = std::bit_cast<double>(field.value);
      if (std::isfinite(number)) {
        json_ += store::DoubleText(number);
      } else {
        AppendJsonText(store::DoubleText(number));
      }
      return true;
    }
    case 5:
      return AppendJsonList(field.bytes, depth);
    case 6:
      return AppendJsonMap(field.bytes, depth);
    case 7: {
      const std::string_view bytes = field.bytes.substr(0, kMaxAttributeValueBytes);
      AppendJsonText(absl::Base64Escape(absl::string_view(bytes.data(), bytes.size())));
      return true;
    }
    default:
      json_ += "null";
      return true;
  }
}

bool OtlpAttributeReader::AppendJsonList(std::string_view array, int depth) {
  json_ += '[';
  WireReader reader(array);
  WireField field;
  bool is_first = true;
  while (reader.Next(field)) {
    if (field.number != 1 || field.type != Type::kBytes) {
      continue;
    }
    if (json_.size() > kMaxAttributeValueBytes) {
      was_cut_ = true;
      break;
    }
    json_ += is_first ? "" : ",";
    is_first = false;
    if (!AppendJson(field.bytes, depth + 1)) {
      return false;
    }
  }
  json_ += ']';
  return reader.is_good();
}

bool OtlpAttributeReader::AppendJsonMap(std::string_view list, int depth) {
  json_ += '{';
  WireReader reader(list);
  WireField field;
  bool is_first = true;
  while (reader.Next(field)) {
    if (field.number != 1 || field.type != Type::kBytes) {
      continue;
    }
    if (json_.size() > kMaxAttributeValueBytes) {
      was_cut_ = true;
      break;
    }
    std::string_view key;
    std::string_view value;
    if (!ReadKeyValue(field.bytes, key, value)) {
      return false;
    }
    json_ += is_first ? "" : ",";
    is_first = false;
    AppendJsonText(CleanText(key, kMaxSpanTextBytes, json_scratch_, was_cut_));
    json_ += ':';
    if (!AppendJson(value, depth + 1)) {
      return false;
    }
  }
  json_ += '}';
  return reader.is_good();
}

void OtlpAttributeReader::AppendJsonText(std::string_view text) {
  json_ += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      json_ += '\\';
      json_ += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      json_ += absl::StrFormat("\\u%04x", static_cast<unsigned char>(c));
    } else {
      json_ += c;
    }
  }
  json_ += '"';
}

}  // namespace assay::api
