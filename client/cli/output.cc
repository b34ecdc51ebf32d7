#include "client/cli/output.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace assay::cli {

namespace {

std::string_view NameOf(OutputFormat format) {
  switch (format) {
    case OutputFormat::kText:
      return "text";
    case OutputFormat::kJson:
      return "json";
    case OutputFormat::kJsonl:
      return "jsonl";
    case OutputFormat::kCsv:
      return "csv";
    case OutputFormat::kMarkdown:
      return "md";
    case OutputFormat::kJunit:
      return "junit";
    case OutputFormat::kSarif:
      return "sarif";
  }
  return "";
}

// "text, json or csv".
std::string ListNames(std::span<const OutputFormat> formats) {
  std::string list;
  for (std::size_t i = 0; i < formats.size(); ++i) {
    const bool is_last = i + 1 == formats.size();
    list += absl::StrFormat("%s%s", i == 0 ? "" : is_last ? " or " : ", ", NameOf(formats[i]));
  }
  return list;
}

std::string Json(const google::protobuf::Message& message, bool is_indented) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = is_indented;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string json;
  // Fails only for messages with Any fields, which the API does not have.
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  return status.ok() ? json : absl::StrFormat("{\"error\": \"%s\"}\n", status.ToString());
}

}  // namespace

absl::StatusOr<OutputFormat> ParseOutputFormat(std::string_view what, std::string_view name,
                                               std::span<const OutputFormat> formats) {
  const auto found = std::ranges::find(formats, name, NameOf);
  return found != formats.end() ? absl::StatusOr<OutputFormat>(*found)
                                : absl::InvalidArgumentError(absl::StrFormat(
                                      "%s is %s, not '%s'", what, ListNames(formats), name));
}

std::string JsonText(const google::protobuf::Message& message) { return Json(message, true); }

std::string JsonLines(const google::protobuf::Message& message) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const google::protobuf::FieldDescriptor* const field = message.GetDescriptor()->field(i);
    if (field->is_repeated() &&
        field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) {
      std::string lines;
      for (int element = 0; element < reflection.FieldSize(message, field); ++element) {
        lines += Json(reflection.GetRepeatedMessage(message, field, element), false) + "\n";
      }
      return lines;
    }
  }
  return "";
}

std::string JoinedJson(const std::string& first, const std::string& second) {
  const std::size_t end = first.find_last_not_of(" \n", first.rfind('}') - 1);
  return first.substr(0, end + 1) + "," + second.substr(second.find('{') + 1);
}

}  // namespace assay::cli
