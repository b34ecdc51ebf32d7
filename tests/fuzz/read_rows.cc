#include "tests/fuzz/read_rows.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/formats/input_file.h"
#include "client/formats/row_writer.h"

namespace assay::formats {
namespace {

constexpr std::string_view kName = "fuzz.input";

void CheckError(const absl::Status& status) {
  const std::string_view message(status.message().data(), status.message().size());
  Require(status.code() == absl::StatusCode::kInvalidArgument, "an error is INVALID_ARGUMENT");
  Require(message.starts_with(kName), "an error names the file");
  Require(message.size() < 1000, "an error is short");
  Require(IsUtf8(message), "an error is UTF-8");
  const bool has_control = std::any_of(message.begin(), message.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
  Require(!has_control, "an error holds no control characters");
}

absl::StatusOr<Rows> ReadBatches(const InputFile& file, const ReaderOptions& options,
                                 std::int64_t max_rows) {
  absl::StatusOr<std::unique_ptr<RowReader>> reader = OpenRows(file, options);
  if (!reader.ok()) {
    return reader.status();
  }
  Rows all;
  for (;;) {
    absl::StatusOr<std::optional<Rows>> rows = (*reader)->Next(max_rows);
    if (!rows.ok()) {
      return rows.status();
    }
    if (!rows->has_value()) {
      break;
    }
    Require((*rows)->num_rows > 0 && (*rows)->num_rows <= max_rows, "a batch has 1 to max rows");
    for (const Column& column : (*rows)->columns) {
      Require(column.num_rows == (*rows)->num_rows, "columns have the rows of their batch");
      const std::optional<ColumnFault> fault = FindFault(column);
      Require(!fault.has_value(), fault.has_value() ? fault->problem : "");
    }
    if (all.num_rows == 0) {
      all = *std::move(*rows);
      continue;
    }
    Require((*rows)->columns.size() == all.columns.size(), "batches have the same columns");
    all.num_rows += (*rows)->num_rows;
    for (std::size_t i = 0; i < all.columns.size(); ++i) {
      const Column& part = (*rows)->columns[i];
      Require(part.name == all.columns[i].name && part.type == all.columns[i].type &&
                  part.dimension == all.columns[i].dimension,
              "batches have the same columns");
      Append(all.columns[i], part);
    }
  }
  Require((*reader)->bytes_read() <= static_cast<std::int64_t>(file.bytes().size()),
          "no more is read than there is");
  for (std::int64_t row = 0; row < all.num_rows; ++row) {
    Require((*reader)->PlaceOfRow(row).starts_with(kName), "every row has a place");
  }
  return all;
}

}  // namespace

void Require(bool holds, std::string_view what) {
  if (!holds) {
    std::fprintf(stderr, "broken promise: %.*s\n", static_cast<int>(what.size()), what.data());
    std::abort();
  }
}

std::optional<Rows> ReadRows(std::string_view bytes, const ReaderOptions& options) {
  absl::StatusOr<InputFile> file =
      InputFile::FromBytes(std::string(kName), std::string(bytes), std::size_t{1} << 20);
  if (!file.ok()) {
    return std::nullopt;
  }
  absl::StatusOr<Rows> rows = ReadBatches(*file, options, 1000);
  ReaderOptions small = options;
  small.max_batch_bytes = 16;
  const absl::StatusOr<Rows> again = ReadBatches(*file, small, 3);
  Require(rows.status() == again.status(), "batch sizes do not matter");
  if (!rows.ok()) {
    CheckError(rows.status());
    return std::nullopt;
  }
  std::string text;
  std::string text_again;
  AppendJsonl(rows->columns, text);
  AppendJsonl(again->columns, text_again);
  Require(text == text_again, "batch sizes do not matter");
  return *std::move(rows);
}

}  // namespace assay::formats
