#include "client/formats/npy_reader.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
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
#include "client/formats/number_text.h"
#include "client/formats/standard_columns.h"
#include "evaluators/columns.h"

namespace assay::formats {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kMaxHeaderBytes = std::size_t{1} << 16;

// Reads the literal of a Python dictionary, `{'descr': '<f4', 'fortran_order': False, 'shape':
// (3, 4), }`, piece by piece.
class Literal {
 public:
  explicit Literal(std::string_view text) : text_(text) {}

  bool Take(char c) {
    SkipBlanks();
    if (text_.empty() || text_[0] != c) {
      return false;
    }
    text_.remove_prefix(1);
    return true;
  }
  std::optional<std::string_view> TakeString() {
    SkipBlanks();
    if (text_.empty() || (text_[0] != '\'' && text_[0] != '"')) {
      return std::nullopt;
    }
    const std::size_t end = text_.find(text_[0], 1);
    if (end == std::string_view::npos) {
      return std::nullopt;
    }
    const std::string_view value = text_.substr(1, end - 1);
    text_.remove_prefix(end + 1);
    return value;
  }
  // Letters and digits: True, False, 12.
  std::string_view TakeWord() {
    SkipBlanks();
    std::size_t length = 0;
    while (length < text_.size() && std::isalnum(static_cast<unsigned char>(text_[length])) != 0) {
      ++length;
    }
    const std::string_view word = text_.substr(0, length);
    text_.remove_prefix(length);
    return word;
  }

 private:
  void SkipBlanks() {
    while (!text_.empty() && (text_[0] == ' ' || text_[0] == '\n')) {
      text_.remove_prefix(1);
    }
  }
  std::string_view text_;
};

struct HeaderFields {
  std::string_view descr;
  std::string_view fortran_order;
  std::optional<std::vector<std::int64_t>> shape;
};

std::optional<std::vector<std::int64_t>> ParseShape(Literal& literal) {
  std::vector<std::int64_t> shape;
  if (!literal.Take('(')) {
    return std::nullopt;
  }
  for (bool is_open = !literal.Take(')'); is_open;) {
    const std::optional<std::int64_t> size = ParseInt64(literal.TakeWord());
    if (!size.has_value() || *size < 0) {
      return std::nullopt;
    }
    shape.push_back(*size);
    const bool has_comma = literal.Take(',');
    is_open = !literal.Take(')');
    if (is_open && !has_comma) {
      return std::nullopt;
    }
  }
  return shape;
}

std::optional<HeaderFields> ParseFields(std::string_view text) {
  Literal literal(text);
  HeaderFields result;
  if (!literal.Take('{')) {
    return std::nullopt;
  }
  while (!literal.Take('}')) {
    const std::optional<std::string_view> name = literal.TakeString();
    if (!name.has_value() || !literal.Take(':')) {
      return std::nullopt;
    }
    if (*name == "descr") {
      const std::optional<std::string_view> descr = literal.TakeString();
      if (!descr.has_value()) {
        return std::nullopt;
      }
      result.descr = *descr;
    } else if (*name == "fortran_order") {
      result.fortran_order = literal.TakeWord();
    } else if (*name == "shape") {
      result.shape = ParseShape(literal);
      if (!result.shape.has_value()) {
        return std::nullopt;
      }
    } else {
      return std::nullopt;
    }
    literal.Take(',');
  }
  return result;
}

std::uint32_t LittleEndian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    value = (value << 8) | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

class NpyReader final : public RowReader {
 public:
  NpyReader(const InputFile& file, const ReaderOptions& options, const NpyHeaderInfo& header)
      : file_(file), options_(options), header_(header) {}

  absl::StatusOr<std::optional<Rows>> Next(std::int64_t max_rows) override;
  std::string PlaceOfRow(std::int64_t row) const override {
    return absl::StrFormat("%s, row %d", file_.name(), row + 1);
  }
  std::int64_t bytes_read() const override {
    return static_cast<std::int64_t>(header_.data_begin) + next_row_ * RowBytes();
  }

 private:
  std::int64_t RowBytes() const { return header_.dimension * (header_.is_float64 ? 8 : 4); }
  template <typename From, typename To>
  absl::Status Read(std::int64_t num_rows, std::vector<To>& values) const;

  const InputFile& file_;
  const ReaderOptions options_;
  const NpyHeaderInfo header_;
  std::int64_t next_row_ = 0;
};

template <typename From, typename To>
absl::Status NpyReader::Read(std::int64_t num_rows, std::vector<To>& values) const {
  const auto count = static_cast<std::size_t>(num_rows * header_.dimension);
  values.resize(count);
  const char* const source = file_.bytes().data() + header_.data_begin + next_row_ * RowBytes();
  for (std::size_t i = 0; i < count; ++i) {
    From number = 0;
    std::memcpy(&number, source + i * sizeof(From), sizeof(From));
    values[i] = static_cast<To>(number);
    if (!std::isfinite(values[i])) {
      const std::int64_t row = next_row_ + static_cast<std::int64_t>(i) / header_.dimension;
      std::string text;
      AppendNumber(number, text);
      return absl::InvalidArgumentError(absl::StrFormat(
          "%s: field %s: not a finite %s: '%s'", PlaceOfRow(row), Quoted(options_.npy_column),
          sizeof(To) == 4 ? "float32" : "number", text));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<Rows>> NpyReader::Next(std::int64_t max_rows) {
  const std::int64_t fitting = std::max<std::int64_t>(1, options_.max_batch_bytes / RowBytes());
  const std::int64_t num_rows = std::min({max_rows, fitting, header_.num_rows - next_row_});
  if (num_rows == 0) {
    return std::nullopt;
  }
  Column column;
  column.name = options_.npy_column;
  column.num_rows = num_rows;
  column.dimension = static_cast<std::int32_t>(header_.dimension);
  const bool narrows = KindOfName(column.name) == FieldKind::kFloat32Vector;
  absl::Status status;
  if (header_.is_float64 && !narrows) {
    column.type = ColumnType::kFloat64Vector;
    status = Read<double>(num_rows, column.doubles);
  } else {
    column.type = ColumnType::kFloat32Vector;
    status = header_.is_float64 ? Read<double>(num_rows, column.floats)
                                : Read<float>(num_rows, column.floats);
  }
  if (!status.ok()) {
    return status;
  }
  next_row_ += num_rows;
  Rows rows;
  rows.num_rows = num_rows;
  rows.columns.push_back(std::move(column));
  return rows;
}

}  // namespace

absl::StatusOr<NpyHeaderInfo> ParseNpyHeader(std::string_view bytes) {
  if (!bytes.starts_with(kMagic)) {
    return absl::InvalidArgumentError("not a NumPy file");
  }
  if (bytes.size() < 10) {
    return absl::InvalidArgumentError("the file is truncated");
  }
  const int version = static_cast<unsigned char>(bytes[6]);
  if (version < 1 || version > 3) {
    return absl::InvalidArgumentError(
        absl::StrFormat("NumPy format version %d is not known", version));
  }
  const std::size_t length_bytes = version == 1 ? 2 : 4;
  const std::size_t length = LittleEndian(bytes.substr(8, length_bytes));
  NpyHeaderInfo info;
  info.data_begin = 8 + length_bytes + length;
  if (length > kMaxHeaderBytes) {
    return absl::InvalidArgumentError("the header is longer than 64 KiB");
  }
  if (bytes.size() < info.data_begin) {
    return absl::InvalidArgumentError("the file is truncated");
  }
  const std::string_view text = bytes.substr(8 + length_bytes, length);
  const std::optional<HeaderFields> fields = ParseFields(text);
  if (!fields.has_value() || !fields->shape.has_value()) {
    return BadValue("the header is broken", text);
  }
  if (fields->descr != "<f4" && fields->descr != "<f8") {
    return BadValue("numbers must be little-endian float32 or float64 (<f4, <f8)", fields->descr);
  }
  if (fields->fortran_order != "False") {
    return absl::InvalidArgumentError("the matrix must be in C order (numpy.ascontiguousarray)");
  }
  const std::vector<std::int64_t>& shape = *fields->shape;
  if (shape.size() != 2) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d dimensions, where a matrix has 2", shape.size()));
  }
  info.is_float64 = fields->descr == "<f8";
  info.num_rows = shape[0];
  info.dimension = shape[1];
  if (info.num_rows == 0) {
    return absl::InvalidArgumentError("the file is empty: a matrix without rows");
  }
  if (info.dimension < 1 || info.dimension > static_cast<std::int64_t>(kMaxDimension)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("vectors of %d numbers, 1 to %d are taken", info.dimension, kMaxDimension));
  }
  const std::int64_t row_bytes = info.dimension * (info.is_float64 ? 8 : 4);
  const auto data_bytes = static_cast<std::int64_t>(bytes.size() - info.data_begin);
  if (info.num_rows > data_bytes / row_bytes) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the file is truncated: %d rows of %d bytes in %d bytes", info.num_rows,
                        row_bytes, data_bytes));
  }
  if (info.num_rows * row_bytes != data_bytes) {
    return absl::InvalidArgumentError("more bytes than the shape says");
  }
  return info;
}

absl::StatusOr<std::unique_ptr<RowReader>> OpenNpy(const InputFile& file,
                                                   const ReaderOptions& options) {
  if (absl::Status status = CheckColumnName(options.npy_column); !status.ok()) {
    return status;
  }
  if (file.bytes().empty()) {
    return LineError({.file = file.name()}, "the file is empty");
  }
  const absl::StatusOr<NpyHeaderInfo> header = ParseNpyHeader(file.bytes());
  if (!header.ok()) {
    return LineError({.file = file.name()},
                     {header.status().message().data(), header.status().message().size()});
  }
  return std::make_unique<NpyReader>(file, options, *header);
}

}  // namespace assay::formats
