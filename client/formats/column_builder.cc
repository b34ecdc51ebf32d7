#include "client/formats/column_builder.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "client/formats/input_error.h"
#include "evaluators/columns.h"

namespace assay::formats {
namespace {

// A dictionary goes on into the next batch while it is small: equal dictionaries are cheap to join.
constexpr std::int32_t kMaxKeptEntries = 4096;
constexpr std::size_t kMaxKeptBytes = std::size_t{1} << 16;
constexpr std::size_t kMaxTextBytes = std::numeric_limits<std::int32_t>::max();

bool IsCoded(FieldKind kind) {
  return kind == FieldKind::kCodedText || kind == FieldKind::kRanking ||
         kind == FieldKind::kRelevance;
}

// True for a double halfway between two floats: rounding the decimal to double may then have
// changed the float that is nearest.
bool IsBetweenFloats(double value) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(bits));
  return (bits & 0x1FFFFFFFU) == 0x10000000U;
}

// `value` is `token` rounded to double.
float ToFloat(double value, std::string_view token) {
  if (IsBetweenFloats(value)) {
    float exact = 0;
    const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), exact);
    if (error == std::errc() && end == token.data() + token.size()) {
      return exact;
    }
  }
  return static_cast<float>(value);
}

}  // namespace

ColumnBuilder::ColumnBuilder(std::string name, FieldKind kind, std::int32_t dimension)
    : kind_(kind), is_key_(name == "key") {
  column_.name = std::move(name);
  column_.type = *TypeOfKind(kind);
  column_.dimension = dimension;
  StartBatch(Column(column_));
}

void ColumnBuilder::StartBatch(const Column& last) {
  column_ = Column();
  column_.name = last.name;
  column_.type = last.type;
  column_.dimension = last.dimension;
  column_.is_coded = IsCoded(kind_);
  if (IsList(column_.type)) {
    column_.list_offsets.reserve(last.list_offsets.size() + 1);
    column_.list_offsets.push_back(0);
  }
  column_.codes.reserve(last.codes.size());
  column_.int32s.reserve(last.int32s.size());
  column_.int64s.reserve(last.int64s.size());
  column_.floats.reserve(last.floats.size());
  column_.doubles.reserve(last.doubles.size());
  if (HasText(column_.type) && !column_.is_coded) {
    column_.text_offsets.reserve(last.text_offsets.size() + 1);
    column_.text_offsets.push_back(0);
    column_.text_bytes.reserve(last.text_bytes.size());
  }
}

void ColumnBuilder::PadTo(std::int64_t num_rows) {
  const auto missing = static_cast<std::size_t>(num_rows - column_.num_rows);
  if (IsList(column_.type)) {
    column_.list_offsets.resize(column_.list_offsets.size() + missing, column_.list_offsets.back());
  } else if (column_.is_coded) {
    column_.codes.resize(column_.codes.size() + missing, 0);
  } else if (HasText(column_.type)) {
    column_.text_offsets.resize(column_.text_offsets.size() + missing, column_.text_offsets.back());
  }
  const std::size_t width = static_cast<std::size_t>(std::max(column_.dimension, 1));
  switch (column_.type) {
    case ColumnType::kFloat64:
    case ColumnType::kFloat64Vector:
      column_.doubles.resize(column_.doubles.size() + missing * width, 0);
      break;
    case ColumnType::kFloat32Vector:
      column_.floats.resize(column_.floats.size() + missing * width, 0);
      break;
    case ColumnType::kInt64:
      column_.int64s.resize(column_.int64s.size() + missing, 0);
      break;
    default:
      break;
  }
  for (; column_.num_rows < num_rows;) {
    ++column_.num_rows;
    AppendValidity(column_, false);
  }
}

absl::Status ColumnBuilder::AddText(std::string_view text) {
  if (is_key_ && text.empty()) {
    return absl::InvalidArgumentError("empty");
  }
  if (column_.is_coded) {
    const std::int32_t code = dictionary_.Code(text);
    if (code < 0) {
      return absl::InvalidArgumentError("more than 2 GiB of different texts");
    }
    column_.codes.push_back(code);
    return absl::OkStatus();
  }
  if (column_.text_bytes.size() + text.size() > kMaxTextBytes) {
    return absl::InvalidArgumentError("more than 2 GiB of text in one batch");
  }
  column_.text_bytes.append(text);
  column_.text_offsets.push_back(static_cast<std::int32_t>(column_.text_bytes.size()));
  return absl::OkStatus();
}

absl::Status ColumnBuilder::AddComponent(double value, std::string_view token) {
  if (column_.type == ColumnType::kFloat64Vector) {
    column_.doubles.push_back(value);
    return absl::OkStatus();
  }
  const float narrow = ToFloat(value, token);
  if (std::isinf(narrow) && !std::isinf(value)) {
    return BadValue("a number beyond the range of float32", token);
  }
  column_.floats.push_back(narrow);
  return absl::OkStatus();
}

absl::Status ColumnBuilder::EndVector() {
  const auto dimension = static_cast<std::size_t>(column_.dimension);
  const std::size_t before = static_cast<std::size_t>(column_.num_rows - 1) * dimension;
  const std::size_t count = (column_.type == ColumnType::kFloat32Vector ? column_.floats.size()
                                                                        : column_.doubles.size()) -
                            before;
  if (count == 0) {
    return absl::InvalidArgumentError("a vector without numbers");
  }
  if (count > kMaxDimension) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a vector of %d numbers, at most %d are taken", count, kMaxDimension));
  }
  if (count != dimension) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d numbers where the first vector has %d", count, dimension));
  }
  return absl::OkStatus();
}

absl::Status ColumnBuilder::AddDocument(std::string_view document) {
  const std::int32_t code = dictionary_.Code(document);
  if (code < 0) {
    return absl::InvalidArgumentError("more than 2 GiB of different documents");
  }
  if (static_cast<std::size_t>(code) >= last_row_of_document_.size()) {
    last_row_of_document_.resize(static_cast<std::size_t>(code) + 1, -1);
  }
  std::int64_t& last_row = last_row_of_document_[static_cast<std::size_t>(code)];
  const std::int64_t row = rows_before_ + column_.num_rows;
  if (last_row == row) {
    return BadValue("a document twice", document);
  }
  last_row = row;
  column_.codes.push_back(code);
  return absl::OkStatus();
}

absl::Status ColumnBuilder::AddScored(std::string_view document, double score) {
  column_.doubles.push_back(score);
  return AddDocument(document);
}

absl::Status ColumnBuilder::AddGraded(std::string_view document, std::int32_t grade) {
  column_.int32s.push_back(grade);
  return AddDocument(document);
}

void ColumnBuilder::EndList() {
  const std::size_t count = column_.is_coded ? column_.codes.size()
                            : column_.type == ColumnType::kTextList
                                ? column_.text_offsets.size() - 1
                                : column_.int32s.size();
  column_.list_offsets.push_back(static_cast<std::int32_t>(count));
}

Column ColumnBuilder::Take(std::int64_t num_rows) {
  if (column_.num_rows < num_rows) {
    PadTo(num_rows);
  }
  if (column_.is_coded) {
    if (dictionary_.size() <= kMaxKeptEntries && dictionary_.size_bytes() <= kMaxKeptBytes) {
      dictionary_.CopyTo(column_);
    } else {
      dictionary_.MoveTo(column_);
      last_row_of_document_.clear();
    }
  }
  rows_before_ += num_rows;
  Column taken = std::move(column_);
  StartBatch(taken);
  return taken;
}

}  // namespace assay::formats
