#include "client/formats/json_value.h"

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "client/formats/column_builder.h"
#include "client/formats/input_error.h"
#include "client/formats/standard_columns.h"
#include "evaluators/columns.h"

namespace assay::formats {
namespace {

using simdjson::ondemand::json_type;

std::string_view Trimmed(std::string_view text) {
  const std::size_t end = text.find_last_not_of(" \t\r\n");
  return text.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

// The token of a scalar, or the bracket of a list or object, as written.
std::string_view Token(simdjson::ondemand::value& value) { return Trimmed(value.raw_json_token()); }

absl::Status NotJson(std::string_view token) { return BadValue("not valid JSON", token); }

absl::Status Unexpected(std::string_view expected, simdjson::ondemand::value& value) {
  const std::string_view found = JsonTypeName(value);
  if (found.empty()) {
    return NotJson(Token(value));
  }
  return BadValue(absl::StrFormat("expected %s, found %s", expected, found), Token(value));
}

json_type TypeOf(simdjson::ondemand::value& value) {
  json_type type = json_type::null;
  return value.type().get(type) == simdjson::SUCCESS ? type : json_type::null;
}

absl::Status GetString(simdjson::ondemand::value& value, std::string_view& text) {
  const std::string_view token = Token(value);
  if (value.get_string().get(text) != simdjson::SUCCESS) {
    return BadValue("text with a broken escape", token);
  }
  // Escaped surrogates without their partner start with this byte.
  if (std::memchr(text.data(), 0xED, text.size()) != nullptr && !IsUtf8(text)) {
    return BadValue("text with half of a surrogate pair", token);
  }
  return absl::OkStatus();
}

absl::Status GetNumber(simdjson::ondemand::value& value, std::string_view expected,
                       double& number) {
  const simdjson::error_code error = value.get_double().get(number);
  if (error == simdjson::SUCCESS) {
    return absl::OkStatus();
  }
  if (TypeOf(value) != json_type::number) {
    return Unexpected(expected, value);
  }
  const std::string_view token = Token(value);
  const bool is_number = token.find_first_not_of("0123456789+-.eE") == std::string_view::npos;
  return is_number ? BadValue("not a finite number", token) : NotJson(token);
}

absl::Status GetInteger(simdjson::ondemand::value& value, std::int64_t lowest, std::int64_t highest,
                        std::int64_t& number) {
  const simdjson::error_code error = value.get_int64().get(number);
  if (error == simdjson::SUCCESS && number >= lowest && number <= highest) {
    return absl::OkStatus();
  }
  if (error != simdjson::SUCCESS && TypeOf(value) != json_type::number) {
    return Unexpected("an integer", value);
  }
  return BadValue(
      error == simdjson::SUCCESS ? "an integer out of range" : "not an integer, or out of range",
      Token(value));
}

// Text, or a number or boolean as it is written.
absl::Status GetScalarAsText(simdjson::ondemand::value& value, std::string_view& text) {
  switch (TypeOf(value)) {
    case json_type::string:
      return GetString(value, text);
    case json_type::number: {
      text = Token(value);
      double number = 0;
      if (value.get_double().get(number) != simdjson::SUCCESS) {
        return NotJson(text);
      }
      return absl::OkStatus();
    }
    case json_type::boolean: {
      text = Token(value);
      bool truth = false;
      if (value.get_bool().get(truth) != simdjson::SUCCESS) {
        return NotJson(text);
      }
      return absl::OkStatus();
    }
    default:
      return Unexpected("text, a number or a boolean", value);
  }
}

// Calls `body(element)` for each element until it fails. `expected` describes the list.
template <typename Body>
absl::Status ForEachElement(simdjson::ondemand::value& value, std::string_view expected,
                            const Body& body) {
  if (TypeOf(value) != json_type::array) {
    return Unexpected(expected, value);
  }
  simdjson::ondemand::array array;
  if (const simdjson::error_code error = value.get_array().get(array); error) {
    return absl::InvalidArgumentError(std::string(JsonProblem(error)));
  }
  for (simdjson::simdjson_result<simdjson::ondemand::value> element : array) {
    simdjson::ondemand::value item;
    if (const simdjson::error_code error = element.get(item); error) {
      return absl::InvalidArgumentError(std::string(JsonProblem(error)));
    }
    if (absl::Status status = body(item); !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

// Calls `body(name, member)` for each member until it fails; `value` is an object.
template <typename Body>
absl::Status ForEachMember(simdjson::ondemand::value& value, const Body& body) {
  simdjson::ondemand::object object;
  if (const simdjson::error_code error = value.get_object().get(object); error) {
    return absl::InvalidArgumentError(std::string(JsonProblem(error)));
  }
  for (simdjson::simdjson_result<simdjson::ondemand::field> result : object) {
    simdjson::ondemand::field field;
    if (const simdjson::error_code error = std::move(result).get(field); error) {
      return absl::InvalidArgumentError(std::string(JsonProblem(error)));
    }
    std::string_view name;
    if (field.unescaped_key().get(name) != simdjson::SUCCESS) {
      return absl::InvalidArgumentError("a name with a broken escape");
    }
    if (!IsUtf8(name)) {
      return BadValue("a name with half of a surrogate pair", name);
    }
    if (absl::Status status = body(name, field.value()); !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

// Reads all of `value`, so that nothing in it is left unchecked.
absl::Status CheckJson(simdjson::ondemand::value value, int depth) {
  if (depth > kMaxJsonDepth) {
    return absl::InvalidArgumentError(absl::StrFormat("nested deeper than %d", kMaxJsonDepth));
  }
  switch (TypeOf(value)) {
    case json_type::array:
      return ForEachElement(value, "a list", [depth](simdjson::ondemand::value element) {
        return CheckJson(element, depth + 1);
      });
    case json_type::object:
      return ForEachMember(value, [depth](std::string_view, simdjson::ondemand::value member) {
        return CheckJson(member, depth + 1);
      });
    case json_type::string: {
      std::string_view text;
      return GetString(value, text);
    }
    case json_type::number:
    case json_type::boolean: {
      std::string_view text;
      return GetScalarAsText(value, text);
    }
    case json_type::null:
      return IsNull(value) ? absl::OkStatus() : NotJson(Token(value));
  }
  return absl::OkStatus();
}

absl::Status AddJsonText(simdjson::ondemand::document& document, simdjson::ondemand::value value,
                         ColumnBuilder& builder) {
  const char* const begin = value.raw_json_token().data();
  if (absl::Status status = CheckJson(value, 1); !status.ok()) {
    return status;
  }
  const char* end = nullptr;
  if (const simdjson::error_code error = document.current_location().get(end); error) {
    return absl::InvalidArgumentError(std::string(JsonProblem(error)));
  }
  return builder.AddText(Trimmed({begin, static_cast<std::size_t>(end - begin)}));
}

absl::Status AddVector(simdjson::ondemand::value& value, ColumnBuilder& builder) {
  absl::Status status =
      ForEachElement(value, "a list of numbers", [&builder](simdjson::ondemand::value& element) {
        const std::string_view token = Token(element);
        double number = 0;
        if (absl::Status bad = GetNumber(element, "a number", number); !bad.ok()) {
          return bad;
        }
        return builder.AddComponent(number, token);
      });
  return status.ok() ? builder.EndVector() : status;
}

absl::Status AddInt32List(simdjson::ondemand::value& value, ColumnBuilder& builder) {
  return ForEachElement(
      value, "a list of integers", [&builder](simdjson::ondemand::value& element) {
        std::int64_t number = 0;
        absl::Status status = GetInteger(element, std::numeric_limits<std::int32_t>::min(),
                                         std::numeric_limits<std::int32_t>::max(), number);
        if (status.ok()) {
          builder.AddInt32(static_cast<std::int32_t>(number));
        }
        return status;
      });
}

absl::Status AddTextList(simdjson::ondemand::value& value, ColumnBuilder& builder) {
  return ForEachElement(value, "a list of texts", [&builder](simdjson::ondemand::value& element) {
    std::string_view text;
    absl::Status status = GetScalarAsText(element, text);
    return status.ok() ? builder.AddText(text) : status;
  });
}

// What belongs to a document of a ranking or of relevance.
struct ScoreOrGrade {
  double score = 0;
  std::int64_t grade = 0;
};

// Infinite scores are written as text, because JSON has no word for them.
absl::Status GetScoreOrGrade(simdjson::ondemand::value& value, FieldKind kind,
                             ScoreOrGrade& number) {
  if (kind == FieldKind::kRelevance) {
    return GetInteger(value, std::numeric_limits<std::int32_t>::min(),
                      std::numeric_limits<std::int32_t>::max(), number.grade);
  }
  if (TypeOf(value) != json_type::string) {
    return GetNumber(value, "a number as score", number.score);
  }
  std::string_view text;
  if (absl::Status status = GetString(value, text); !status.ok()) {
    return status;
  }
  if (text != "Infinity" && text != "-Infinity") {
    return BadValue("expected a number as score, found text", text);
  }
  number.score = text == "Infinity" ? std::numeric_limits<double>::infinity()
                                    : -std::numeric_limits<double>::infinity();
  return absl::OkStatus();
}

absl::Status AddDocument(std::string_view document, const ScoreOrGrade& number,
                         ColumnBuilder& builder) {
  return builder.kind() == FieldKind::kRelevance
             ? builder.AddGraded(document, static_cast<std::int32_t>(number.grade))
             : builder.AddScored(document, number.score);
}

// [document, number]
absl::Status AddPair(simdjson::ondemand::value& pair, ColumnBuilder& builder) {
  std::string_view document;
  ScoreOrGrade number;
  int count = 0;
  absl::Status status = ForEachElement(
      pair, "a pair of document and number", [&](simdjson::ondemand::value& element) {
        ++count;
        if (count == 1) {
          return GetScalarAsText(element, document);
        }
        return count == 2 ? GetScoreOrGrade(element, builder.kind(), number)
                          : CheckJson(element, 1);
      });
  if (!status.ok()) {
    return status;
  }
  if (count != 2) {
    return absl::InvalidArgumentError(
        absl::StrFormat("expected pairs of document and number, found a list of %d", count));
  }
  return AddDocument(document, number, builder);
}

// {"document": D, "score"|"grade": N}, in either order, other members left aside.
absl::Status AddEntry(simdjson::ondemand::value& entry, ColumnBuilder& builder) {
  const std::string_view number_name = builder.kind() == FieldKind::kRelevance ? "grade" : "score";
  std::string_view document;
  ScoreOrGrade number;
  bool has_document = false;
  bool has_number = false;
  absl::Status status =
      ForEachMember(entry, [&](std::string_view name, simdjson::ondemand::value member) {
        bool* const has = name == "document"    ? &has_document
                          : name == number_name ? &has_number
                                                : nullptr;
        if (has == nullptr) {
          return CheckJson(member, 1);
        }
        if (*has) {
          return BadValue("a member twice in one entry", name);
        }
        *has = true;
        return has == &has_document ? GetScalarAsText(member, document)
                                    : GetScoreOrGrade(member, builder.kind(), number);
      });
  if (!status.ok()) {
    return status;
  }
  if (!has_document || !has_number) {
    return BadValue("an entry without", has_document ? number_name : "document");
  }
  return AddDocument(document, number, builder);
}

absl::Status AddDocuments(simdjson::ondemand::value& value, ColumnBuilder& builder) {
  const bool is_relevance = builder.kind() == FieldKind::kRelevance;
  if (is_relevance && TypeOf(value) == json_type::object) {
    return ForEachMember(value, [&](std::string_view document, simdjson::ondemand::value grade) {
      ScoreOrGrade number;
      absl::Status status = GetScoreOrGrade(grade, FieldKind::kRelevance, number);
      return status.ok() ? AddDocument(document, number, builder) : status;
    });
  }
  return ForEachElement(
      value, is_relevance ? "an object of grades or a list" : "a list of documents with scores",
      [&builder](simdjson::ondemand::value& element) {
        switch (TypeOf(element)) {
          case json_type::array:
            return AddPair(element, builder);
          case json_type::object:
            return AddEntry(element, builder);
          default:
            return Unexpected("a pair or an object", element);
        }
      });
}

}  // namespace

std::string_view JsonTypeName(simdjson::ondemand::value& value) {
  json_type type = json_type::null;
  if (value.type().get(type) != simdjson::SUCCESS) {
    return "";
  }
  switch (type) {
    case json_type::array:
      return "a list";
    case json_type::object:
      return "an object";
    case json_type::number:
      return "a number";
    case json_type::string:
      return "text";
    case json_type::boolean:
      return "a boolean";
    case json_type::null:
      return "null";
  }
  return "";
}

bool IsNull(simdjson::ondemand::value& value) {
  bool is_null = false;
  return value.is_null().get(is_null) == simdjson::SUCCESS && is_null;
}

absl::Status AddJson(simdjson::ondemand::document& document, simdjson::ondemand::value value,
                     ColumnBuilder& builder) {
  absl::Status status;
  switch (builder.kind()) {
    case FieldKind::kScalarAsText:
    case FieldKind::kCodedText: {
      std::string_view text;
      status = GetScalarAsText(value, text);
      return status.ok() ? builder.AddText(text) : status;
    }
    case FieldKind::kText: {
      if (TypeOf(value) != json_type::string) {
        return Unexpected("text", value);
      }
      std::string_view text;
      status = GetString(value, text);
      return status.ok() ? builder.AddText(text) : status;
    }
    case FieldKind::kFloat64: {
      double number = 0;
      status = GetNumber(value, "a number", number);
      builder.AddFloat64(number);
      return status;
    }
    case FieldKind::kInt64: {
      std::int64_t number = 0;
      status = GetInteger(value, std::numeric_limits<std::int64_t>::min(),
                          std::numeric_limits<std::int64_t>::max(), number);
      builder.AddInt64(number);
      return status;
    }
    case FieldKind::kFloat32Vector:
    case FieldKind::kFloat64Vector:
      return AddVector(value, builder);
    case FieldKind::kInt32List:
      status = AddInt32List(value, builder);
      break;
    case FieldKind::kTextList:
      status = AddTextList(value, builder);
      break;
    case FieldKind::kRanking:
    case FieldKind::kRelevance:
      status = AddDocuments(value, builder);
      break;
    case FieldKind::kJson:
    case FieldKind::kInput:
    case FieldKind::kOther:
      return AddJsonText(document, value, builder);
  }
  builder.EndList();
  return status;
}

std::string_view JsonProblem(simdjson::error_code error) {
  switch (error) {
    case simdjson::UTF8_ERROR:
      return "invalid UTF-8";
    case simdjson::UNESCAPED_CHARS:
      return "a control character that is not escaped";
    case simdjson::UNCLOSED_STRING:
      return "a string is not closed";
    case simdjson::INCOMPLETE_ARRAY_OR_OBJECT:
      return "a list or an object is not closed";
    case simdjson::INCORRECT_TYPE:
      return "expected a JSON object";
    case simdjson::MEMALLOC:
    case simdjson::CAPACITY:
      return "too long to be read";
    default:
      return "not valid JSON";
  }
}

}  // namespace assay::formats
