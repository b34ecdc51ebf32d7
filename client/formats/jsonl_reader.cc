#include "client/formats/jsonl_reader.h"

#include <simdjson.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "client/formats/column_builder.h"
#include "client/formats/input_error.h"
#include "client/formats/json_value.h"
#include "client/formats/jsonl_fields.h"
#include "client/formats/jsonl_lines.h"
#include "client/formats/line_map.h"
#include "client/formats/standard_columns.h"
#include "evaluators/columns.h"

namespace assay::formats {
namespace {

using simdjson::ondemand::json_type;

constexpr std::size_t kMaxLineBytes = std::size_t{256} << 20;
// Integers of fewer digits are exact as doubles.
constexpr std::size_t kExactDigits = 15;

std::string_view MessageOf(const absl::Status& status) {
  return {status.message().data(), status.message().size()};
}

// The first byte that starts no well-formed character.
std::size_t FirstBadUtf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const std::size_t length = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
    if (i + length > text.size() || !IsUtf8(text.substr(i, length))) {
      break;
    }
    i += length;
  }
  return i;
}

std::size_t FirstControl(std::string_view text) {
  const auto* const found = std::find_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  return static_cast<std::size_t>(found - text.begin());
}

// Whether a field that is kept as JSON stays what its first value made it: `input` anything but
// text; another field either always a number or never a number or text.
bool FitsJson(const Field& field, simdjson::ondemand::value& value) {
  json_type type = json_type::null;
  if (value.type().get(type) != simdjson::SUCCESS) {
    return true;  // The error is found where the value is read.
  }
  if (type == json_type::string) {
    return false;
  }
  return field.name == "input" || (type == json_type::number) == field.is_other_number;
}

class JsonlReader final : public RowReader {
 public:
  JsonlReader(const InputFile& file, const ReaderOptions& options)
      : file_(file), options_(options), lines_(file.bytes()) {}

  // Finds the columns. An error is the file's only when it has no line at all; others are left to
  // Next, which meets them in order.
  absl::Status Scan();

  absl::StatusOr<std::optional<Rows>> Next(std::int64_t max_rows) override;
  std::string PlaceOfRow(std::int64_t row) const override {
    return absl::StrFormat("%s:%d", file_.name(), line_of_row_.Line(row));
  }
  std::int64_t bytes_read() const override { return static_cast<std::int64_t>(lines_.position()); }

 private:
  // Calls visit(field or nullptr, name, place, value) for each field of `line`, "cohorts" and
  // "scores" taken apart. Errors come with their place.
  template <typename Visit>
  absl::Status ForEachField(std::string_view line, const Visit& visit);
  template <typename Visit>
  absl::Status ForEachMember(std::string_view prefix, simdjson::ondemand::value value,
                             std::size_t& place, const Visit& visit);
  absl::Status ScanValue(Field* field, std::string_view name, std::size_t place,
                         simdjson::ondemand::value value, std::int64_t line);
  absl::Status AddValue(Field* field, std::string_view name, simdjson::ondemand::value value);

  Place Here() const { return {.file = file_.name(), .line = lines_.number()}; }
  absl::Status LineFault(simdjson::error_code error, std::string_view line);
  // The field that holds byte `offset` of `line`; empty when that cannot be said.
  std::string FieldAt(std::string_view line, std::size_t offset);

  const InputFile& file_;
  const ReaderOptions options_;
  JsonlLines lines_;
  simdjson::ondemand::parser parser_;
  simdjson::ondemand::document document_;
  FieldIndex index_;
  Field* key_ = nullptr;
  std::int64_t row_ = 0;          // of the batch
  std::int64_t rows_before_ = 0;  // in earlier batches
  LineMap line_of_row_;
  std::string member_name_;
};

template <typename Visit>
absl::Status JsonlReader::ForEachMember(std::string_view prefix, simdjson::ondemand::value value,
                                        std::size_t& place, const Visit& visit) {
  simdjson::ondemand::object object;
  if (value.get_object().get(object) != simdjson::SUCCESS) {
    return FieldError(Here(), prefix == "cohort." ? "cohorts" : "scores", "expected an object");
  }
  for (simdjson::simdjson_result<simdjson::ondemand::field> result : object) {
    simdjson::ondemand::field field;
    std::string_view name;
    if (std::move(result).get(field) != simdjson::SUCCESS ||
        field.unescaped_key().get(name) != simdjson::SUCCESS) {
      return LineError(Here(), "not valid JSON");
    }
    member_name_.assign(prefix).append(name);
    absl::Status status =
        visit(index_.Find(member_name_, place), member_name_, place, field.value());
    if (!status.ok()) {
      return status;
    }
    ++place;
  }
  return absl::OkStatus();
}

template <typename Visit>
absl::Status JsonlReader::ForEachField(std::string_view line, const Visit& visit) {
  if (line.size() > kMaxLineBytes) {
    return LineError(Here(), absl::StrFormat("a line of more than %d bytes", kMaxLineBytes));
  }
  simdjson::error_code error =
      parser_.iterate(line.data(), line.size(), line.size() + InputFile::kPadding).get(document_);
  simdjson::ondemand::object object;
  if (error == simdjson::SUCCESS) {
    error = document_.get_object().get(object);
  }
  if (error != simdjson::SUCCESS) {
    return LineFault(error, line);
  }
  std::size_t place = 0;
  for (simdjson::simdjson_result<simdjson::ondemand::field> result : object) {
    simdjson::ondemand::field field;
    if (error = std::move(result).get(field); error != simdjson::SUCCESS) {
      return LineFault(error, line);
    }
    Field* known = index_.Guess(field.key().raw(), place);
    std::string_view name;
    if (known != nullptr) {
      name = known->name;
    } else {
      if (field.unescaped_key().get(name) != simdjson::SUCCESS) {
        return LineError(Here(), "the name of a field has a broken escape");
      }
      if (name == "cohorts" || name == "scores") {
        simdjson::ondemand::value members = field.value();
        if (!IsNull(members)) {
          const std::string_view prefix = name == "cohorts" ? "cohort." : "score.";
          if (absl::Status status = ForEachMember(prefix, members, place, visit); !status.ok()) {
            return status;
          }
        }
        continue;
      }
      known = index_.Find(name, place);
    }
    if (absl::Status status = visit(known, name, place, field.value()); !status.ok()) {
      return status;
    }
    ++place;
  }
  const char* behind = nullptr;
  if (document_.current_location().get(behind) == simdjson::SUCCESS) {
    return LineError(Here(), absl::StrFormat("more behind the object; one object a line: %s",
                                             Quoted(line.substr(behind - line.data()))));
  }
  return absl::OkStatus();
}

absl::Status JsonlReader::LineFault(simdjson::error_code error, std::string_view line) {
  const bool is_last = lines_.is_cut();
  switch (error) {
    case simdjson::UNCLOSED_STRING:
      return LineError(Here(), is_last ? "the file ends inside a string; is it truncated?"
                                       : "a string is not closed on this line");
    case simdjson::INCOMPLETE_ARRAY_OR_OBJECT:
      return LineError(Here(), is_last ? "the file ends inside an object; is it truncated?"
                                       : "the object is not closed on this line (one a line)");
    case simdjson::INCORRECT_TYPE:
      return LineError(Here(),
                       absl::StrFormat("expected one JSON object a line: %s", Quoted(line)));
    case simdjson::UTF8_ERROR:
    case simdjson::UNESCAPED_CHARS: {
      const bool is_utf8_error = error == simdjson::UTF8_ERROR;
      const std::size_t offset = is_utf8_error ? FirstBadUtf8(line) : FirstControl(line);
      const std::string problem = absl::StrFormat(
          "%s: %s", JsonProblem(error), Quoted(line.substr(offset, is_utf8_error ? 4 : 1)));
      const std::string field = FieldAt(line, offset);
      return field.empty() ? LineError(Here(), problem) : FieldError(Here(), field, problem);
    }
    default: {
      const char* location = nullptr;
      std::string_view near = line;
      if (document_.current_location().get(location) == simdjson::SUCCESS &&
          location >= line.data() && location < line.data() + line.size()) {
        near = line.substr(static_cast<std::size_t>(location - line.data()));
      }
      return LineError(Here(), absl::StrFormat("%s, near %s", JsonProblem(error), Quoted(near)));
    }
  }
}

std::string JsonlReader::FieldAt(std::string_view line, std::size_t offset) {
  // The line again, with letters for what the parser refuses.
  std::string readable(line);
  std::replace_if(
      readable.begin(), readable.end(),
      [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte >= 0x80 || (byte < 0x20 && c != '\t' && c != '\r');
      },
      '?');
  std::replace(readable.begin(), readable.end(), '\t', ' ');
  readable.append(InputFile::kPadding, '\0');
  simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  simdjson::ondemand::object object;
  if (parser.iterate(readable.data(), line.size(), readable.size()).get(document) !=
          simdjson::SUCCESS ||
      document.get_object().get(object) != simdjson::SUCCESS) {
    return "";
  }
  std::string last;
  for (simdjson::simdjson_result<simdjson::ondemand::field> result : object) {
    simdjson::ondemand::field field;
    std::string_view name;
    if (std::move(result).get(field) != simdjson::SUCCESS) {
      return last;
    }
    const auto begin = static_cast<std::size_t>(field.key().raw() - readable.data());
    if (begin > offset || field.unescaped_key().get(name) != simdjson::SUCCESS) {
      return last;
    }
    last = name;
  }
  return last;
}

absl::Status JsonlReader::Scan() {
  JsonlLines lines = lines_;
  std::string_view line;
  bool has_line = false;
  while (lines_.Next(line)) {
    has_line = true;
    const absl::Status status =
        ForEachField(line, [this](Field* field, std::string_view name, std::size_t place,
                                  simdjson::ondemand::value value) {
          return ScanValue(field, name, place, value, lines_.number());
        });
    if (!status.ok()) {
      break;
    }
  }
  if (!has_line) {
    return LineError({.file = file_.name()}, "the file is empty");
  }
  for (Field& field : index_.fields()) {
    if (field.line > 0 && TypeOfKind(field.kind).has_value()) {
      field.builder = std::make_unique<ColumnBuilder>(field.name, field.kind, field.dimension);
    }
    if (field.name == "key") {
      key_ = &field;
    }
  }
  lines_ = lines;
  return absl::OkStatus();
}

absl::Status JsonlReader::ScanValue(Field* field, std::string_view name, std::size_t place,
                                    simdjson::ondemand::value value, std::int64_t line) {
  if (field != nullptr && field->line > 0) {
    if (field->is_other_number && field->kind == FieldKind::kFloat64) {
      const std::string_view token = value.raw_json_token();
      const bool is_long_integer =
          token.size() > kExactDigits && token.find_first_of(".eE\"[{") == std::string_view::npos;
      double number = 0;
      constexpr double kMaxExact = 9007199254740992.0;  // 2^53
      if (is_long_integer && value.get_double().get(number) == simdjson::SUCCESS &&
          (number > kMaxExact || number < -kMaxExact)) {
        field->kind = FieldKind::kJson;
      }
    }
    return absl::OkStatus();
  }
  if (field == nullptr) {
    if (index_.size() >= FieldIndex::kMaxFields || !CheckColumnName(name).ok()) {
      return absl::OutOfRangeError("");  // Next will say so.
    }
    field = index_.Add(name, place);
  }
  if (IsNull(value)) {
    return absl::OkStatus();
  }
  json_type type = json_type::null;
  if (value.type().get(type) != simdjson::SUCCESS) {
    return absl::OutOfRangeError("");
  }
  field->line = line;
  if (field->kind == FieldKind::kInput) {
    field->kind = type == json_type::string ? FieldKind::kText : FieldKind::kJson;
  } else if (field->kind == FieldKind::kOther) {
    field->kind = type == json_type::string   ? FieldKind::kText
                  : type == json_type::number ? FieldKind::kFloat64
                                              : FieldKind::kJson;
    field->is_other_number = type == json_type::number;
    if (field->is_other_number) {
      return ScanValue(field, name, place, value, line);
    }
  } else if (field->kind == FieldKind::kFloat32Vector || field->kind == FieldKind::kFloat64Vector) {
    simdjson::ondemand::array array;
    std::size_t count = 0;
    if (value.get_array().get(array) != simdjson::SUCCESS ||
        array.count_elements().get(count) != simdjson::SUCCESS) {
      field->dimension = 1;
      return absl::OutOfRangeError("");
    }
    field->dimension = static_cast<std::int32_t>(std::clamp<std::size_t>(count, 1, kMaxDimension));
  }
  return absl::OkStatus();
}

absl::Status JsonlReader::AddValue(Field* field, std::string_view name,
                                   simdjson::ondemand::value value) {
  if (field == nullptr) {
    if (absl::Status status = CheckColumnName(name); !status.ok()) {
      return LineError(Here(), MessageOf(status));
    }
    return FieldError(Here(), name,
                      absl::StrFormat("more than %d different fields", FieldIndex::kMaxFields));
  }
  if (IsNull(value)) {
    return absl::OkStatus();
  }
  if (field->builder == nullptr) {
    return FieldError(Here(), name, "not valid JSON");
  }
  if (!field->builder->StartRow(row_)) {
    return FieldError(Here(), name, "given twice");
  }
  if (field->kind == FieldKind::kJson && !FitsJson(*field, value)) {
    return FieldError(Here(), name,
                      absl::StrFormat("found %s: %s; line %d set another type", JsonTypeName(value),
                                      Quoted(value.raw_json_token()), field->line));
  }
  absl::Status status = AddJson(document_, value, *field->builder);
  if (status.ok()) {
    return status;
  }
  const bool is_first = lines_.number() == field->line || KindOfName(name) == field->kind;
  return FieldError(
      Here(), name,
      is_first ? std::string(MessageOf(status))
               : absl::StrFormat("%s; line %d set the type", MessageOf(status), field->line));
}

absl::StatusOr<std::optional<Rows>> JsonlReader::Next(std::int64_t max_rows) {
  const std::size_t end = lines_.position() + static_cast<std::size_t>(options_.max_batch_bytes);
  row_ = 0;
  std::string_view line;
  while (row_ < max_rows && lines_.position() < end && lines_.Next(line)) {
    absl::Status status = ForEachField(
        line, [this](Field* field, std::string_view name, std::size_t,
                     simdjson::ondemand::value value) { return AddValue(field, name, value); });
    if (!status.ok()) {
      return status;
    }
    line_of_row_.Add(rows_before_ + row_, lines_.number());
    ++row_;
    if (options_.requires_key &&
        (key_ == nullptr || key_->builder == nullptr || key_->builder->num_rows() != row_)) {
      return FieldError(Here(), "key", "missing");
    }
  }
  if (row_ == 0) {
    return std::nullopt;
  }
  Rows rows;
  rows.num_rows = row_;
  for (Field& field : index_.fields()) {
    if (field.builder != nullptr) {
      rows.columns.push_back(field.builder->Take(row_));
    }
  }
  rows_before_ += row_;
  return rows;
}

}  // namespace

absl::StatusOr<std::unique_ptr<RowReader>> OpenJsonl(const InputFile& file,
                                                     const ReaderOptions& options) {
  auto reader = std::make_unique<JsonlReader>(file, options);
  if (absl::Status status = reader->Scan(); !status.ok()) {
    return status;
  }
  return reader;
}

}  // namespace assay::formats
