#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "client/cli/table.h"

namespace google::protobuf {
class Message;
}

namespace assay::cli {

// `-o`: what a command writes to standard output.
enum class OutputFormat { kText, kJson, kCsv, kMarkdown };

// `text`, `json`, `csv`, `md`.
absl::StatusOr<OutputFormat> ParseOutputFormat(std::string_view name);

// `message` in proto3 JSON with the field names of the schema, unset fields without presence
// included, indented, with a line end.
std::string JsonText(const google::protobuf::Message& message);

// One object with the fields of both objects, each as JsonText gives it and not empty.
std::string JoinedJson(const std::string& first, const std::string& second);

}  // namespace assay::cli
