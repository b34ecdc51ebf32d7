#include "client/formats/format.h"

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "client/formats/input_error.h"

namespace assay::formats {
namespace {

constexpr std::array<std::pair<std::string_view, Format>, 7> kNames = {{
    {"auto", Format::kDetect},
    {"jsonl", Format::kJsonl},
    {"csv", Format::kCsv},
    {"tsv", Format::kTsv},
    {"qrels", Format::kTrecQrels},
    {"run", Format::kTrecRun},
    {"npy", Format::kNpy},
}};

constexpr std::array<std::pair<std::string_view, Format>, 9> kExtensions = {{
    {".jsonl", Format::kJsonl},
    {".ndjson", Format::kJsonl},
    {".json", Format::kJsonl},
    {".csv", Format::kCsv},
    {".tsv", Format::kTsv},
    {".qrels", Format::kTrecQrels},
    {".qrel", Format::kTrecQrels},
    {".run", Format::kTrecRun},
    {".npy", Format::kNpy},
}};

// The first line that is neither blank nor a comment of a TREC file.
std::string_view FirstLine(std::string_view content) {
  while (!content.empty()) {
    const std::size_t end = content.find('\n');
    const std::string_view line = content.substr(0, end);
    const bool is_comment =
        line.starts_with("#") && (line.size() == 1 || line[1] == ' ' || line[1] == '\t');
    if (!is_comment && line.find_first_not_of(" \t\r") != std::string_view::npos) {
      return line;
    }
    content = end == std::string_view::npos ? "" : content.substr(end + 1);
  }
  return "";
}

int NumColumns(std::string_view line) {
  int count = 0;
  std::size_t i = 0;
  while ((i = line.find_first_not_of(" \t\r", i)) != std::string_view::npos) {
    ++count;
    i = line.find_first_of(" \t\r", i);
  }
  return count;
}

}  // namespace

std::string_view FormatName(Format format) {
  for (const auto& [name, value] : kNames) {
    if (value == format) {
      return name;
    }
  }
  return "unknown";
}

absl::StatusOr<Format> ParseFormatName(std::string_view name) {
  for (const auto& [known, format] : kNames) {
    if (known == name) {
      return format;
    }
  }
  return BadValue("no such format (auto, jsonl, csv, tsv, qrels, run, npy)", name);
}

absl::StatusOr<Format> DetectFormat(std::string_view path, std::string_view content) {
  std::string lower(path);
  absl::AsciiStrToLower(&lower);
  if (lower.ends_with(".gz")) {
    lower.resize(lower.size() - 3);
  }
  for (const auto& [extension, format] : kExtensions) {
    if (lower.ends_with(extension)) {
      return format;
    }
  }
  if (content.empty()) {
    return LineError({.file = path}, "the file is empty");
  }
  if (content.starts_with("\x93NUMPY")) {
    return Format::kNpy;
  }
  if (content.starts_with("\xEF\xBB\xBF")) {
    content.remove_prefix(3);
  }
  const std::string_view line = FirstLine(content.substr(0, std::size_t{1} << 20));
  const std::size_t first = line.find_first_not_of(" \t\r");
  if (first != std::string_view::npos && line[first] == '{') {
    return Format::kJsonl;
  }
  const bool has_comma = line.find(',') != std::string_view::npos;
  const int num_columns = NumColumns(line);
  if (!has_comma && (num_columns == 4 || num_columns == 6)) {
    return num_columns == 4 ? Format::kTrecQrels : Format::kTrecRun;
  }
  if (has_comma) {
    return Format::kCsv;
  }
  if (line.find('\t') != std::string_view::npos) {
    return Format::kTsv;
  }
  return LineError({.file = path},
                   "cannot tell the format from the name or the first line; name it (jsonl, csv, "
                   "tsv, qrels, run, npy)");
}

}  // namespace assay::formats
