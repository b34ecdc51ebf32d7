#include "client/cli/json_writer.h"

#include <cmath>

#include "client/formats/json_text.h"
#include "client/formats/number_text.h"

namespace assay::cli {
namespace {

// `json` on new lines, one level further in. Texts hold no line breaks of their own: JSON escapes
// them.
void AppendIndented(std::string_view json, std::string& out) {
  for (const char c : json) {
    out += c;
    if (c == '\n') {
      out += "  ";
    }
  }
}

}  // namespace

void JsonObject::Raw(std::string_view name, std::string_view json) {
  body_ += body_.empty() ? "\n  " : ",\n  ";
  formats::AppendJsonString(name, body_);
  body_ += ": ";
  AppendIndented(json, body_);
}

void JsonObject::Text(std::string_view name, std::string_view text) {
  if (!text.empty()) {
    std::string json;
    formats::AppendJsonString(text, json);
    Raw(name, json);
  }
}

void JsonObject::Number(std::string_view name, std::optional<double> number) {
  if (number.has_value() && std::isfinite(*number)) {
    std::string json;
    formats::AppendNumber(*number, json);
    Raw(name, json);
  }
}

void JsonObject::Bool(std::string_view name, bool value) { Raw(name, value ? "true" : "false"); }

void JsonList::Add(const JsonObject& value) {
  body_ += body_.empty() ? "\n  " : ",\n  ";
  AppendIndented(value.Json(), body_);
  ++size_;
}

}  // namespace assay::cli
