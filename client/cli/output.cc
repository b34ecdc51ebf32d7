#include "client/cli/output.h"

#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace assay::cli {

absl::StatusOr<OutputFormat> ParseOutputFormat(std::string_view name) {
  if (name == "text") {
    return OutputFormat::kText;
  }
  if (name == "json") {
    return OutputFormat::kJson;
  }
  if (name == "csv") {
    return OutputFormat::kCsv;
  }
  if (name == "md") {
    return OutputFormat::kMarkdown;
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("output is text, json, csv or md, not '%s'", name));
}

std::string JsonText(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string json;
  // Fails only for messages with Any fields, which the API does not have.
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  return status.ok() ? json : absl::StrFormat("{\"error\": \"%s\"}\n", status.ToString());
}

std::string JoinedJson(const std::string& first, const std::string& second) {
  const std::size_t end = first.find_last_not_of(" \n", first.rfind('}') - 1);
  return first.substr(0, end + 1) + "," + second.substr(second.find('{') + 1);
}

}  // namespace assay::cli
