#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "client/cli/table.h"

namespace google::protobuf {
class Message;
}

namespace assay::cli {

// `-o`: what a command writes to standard output.
enum class OutputFormat { kText, kJson, kJsonl, kCsv, kMarkdown, kJunit, kSarif };

// What a command can write: lists and reports, a verdict, rows, or one form of its own.
inline constexpr std::array kTableFormats = {OutputFormat::kText, OutputFormat::kJson,
                                             OutputFormat::kCsv, OutputFormat::kMarkdown};
inline constexpr std::array kVerdictFormats = {OutputFormat::kText,  OutputFormat::kJson,
                                               OutputFormat::kCsv,   OutputFormat::kMarkdown,
                                               OutputFormat::kJunit, OutputFormat::kSarif};
inline constexpr std::array kRowFormats = {OutputFormat::kText, OutputFormat::kJson,
                                           OutputFormat::kJsonl, OutputFormat::kCsv,
                                           OutputFormat::kMarkdown};
inline constexpr std::array kTextFormat = {OutputFormat::kText};

// `text`, `json`, `jsonl`, `csv`, `md`, `junit` or `sarif`, if it is one of `formats`.
// INVALID_ARGUMENT begins with `what` and lists them.
absl::StatusOr<OutputFormat> ParseOutputFormat(std::string_view what, std::string_view name,
                                               std::span<const OutputFormat> formats);

// `message` in proto3 JSON with the field names of the schema, unset fields without presence
// included, indented, with a line end.
std::string JsonText(const google::protobuf::Message& message);

// Every element of the first list in `message` as JsonText has it, an object a line.
std::string JsonLines(const google::protobuf::Message& message);

// One object with the fields of both objects, each as JsonText gives it and not empty.
std::string JoinedJson(const std::string& first, const std::string& second);

}  // namespace assay::cli
