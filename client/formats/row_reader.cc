#include "client/formats/row_reader.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "client/formats/csv_reader.h"
#include "client/formats/format.h"
#include "client/formats/input_error.h"
#include "client/formats/jsonl_reader.h"
#include "client/formats/npy_reader.h"
#include "client/formats/trec_reader.h"
#include "evaluators/columns.h"

namespace assay::formats {
namespace {

constexpr std::int64_t kMaxBatchBytes = std::int64_t{1} << 30;

bool IsEmpty(const ColumnMapping& mapping) {
  return mapping.key.empty() && mapping.label.empty() && mapping.input.empty() &&
         mapping.features.empty() && mapping.cohorts.empty();
}

class RowsWithVectors final : public RowReader {
 public:
  RowsWithVectors(std::unique_ptr<RowReader> rows, std::unique_ptr<RowReader> vectors)
      : rows_(std::move(rows)), vectors_(std::move(vectors)) {}

  absl::StatusOr<std::optional<Rows>> Next(std::int64_t max_rows) override;
  std::string PlaceOfRow(std::int64_t row) const override { return rows_->PlaceOfRow(row); }
  std::int64_t bytes_read() const override { return rows_->bytes_read() + vectors_->bytes_read(); }

 private:
  const std::unique_ptr<RowReader> rows_;
  const std::unique_ptr<RowReader> vectors_;
  std::int64_t num_rows_ = 0;
};

absl::StatusOr<std::optional<Rows>> RowsWithVectors::Next(std::int64_t max_rows) {
  absl::StatusOr<std::optional<Rows>> rows = rows_->Next(max_rows);
  if (!rows.ok()) {
    return rows;
  }
  if (!rows->has_value()) {
    const absl::StatusOr<std::optional<Rows>> more = vectors_->Next(1);
    if (!more.ok()) {
      return more.status();
    }
    if (more->has_value()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("%s: more vectors than the %d rows that they belong to",
                          vectors_->PlaceOfRow(num_rows_), num_rows_));
    }
    return std::nullopt;
  }
  std::optional<Column> column;
  std::int64_t missing = (*rows)->num_rows;
  while (missing > 0) {
    absl::StatusOr<std::optional<Rows>> part = vectors_->Next(missing);
    if (!part.ok()) {
      return part.status();
    }
    if (!part->has_value()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("%s: no vector for this row; there are only %d",
                          rows_->PlaceOfRow(num_rows_ + (*rows)->num_rows - missing),
                          num_rows_ + (*rows)->num_rows - missing));
    }
    missing -= (*part)->num_rows;
    if (column.has_value()) {
      Append(*column, (*part)->columns[0]);
    } else {
      column = std::move((*part)->columns[0]);
    }
  }
  num_rows_ += (*rows)->num_rows;
  const auto same_name =
      std::find_if((*rows)->columns.begin(), (*rows)->columns.end(),
                   [&](const Column& other) { return other.name == column->name; });
  if (same_name != (*rows)->columns.end()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: field %s: given here and as a file of vectors",
                        rows_->PlaceOfRow(num_rows_ - (*rows)->num_rows), Quoted(column->name)));
  }
  (*rows)->columns.push_back(*std::move(column));
  return rows;
}

}  // namespace

absl::StatusOr<std::unique_ptr<RowReader>> OpenRows(const InputFile& file,
                                                    const ReaderOptions& options) {
  ReaderOptions resolved = options;
  if (resolved.format == Format::kDetect) {
    const absl::StatusOr<Format> format = DetectFormat(file.name(), file.bytes());
    if (!format.ok()) {
      return format.status();
    }
    resolved.format = *format;
  }
  if (resolved.max_batch_bytes <= 0 || resolved.max_batch_bytes > kMaxBatchBytes) {
    resolved.max_batch_bytes = kMaxBatchBytes;
  }
  const bool is_table = resolved.format == Format::kCsv || resolved.format == Format::kTsv;
  if (!is_table && !IsEmpty(resolved.mapping)) {
    return LineError({.file = file.name()},
                     absl::StrFormat("columns can be mapped in CSV and TSV only, this is %s",
                                     FormatName(resolved.format)));
  }
  switch (resolved.format) {
    case Format::kJsonl:
      return OpenJsonl(file, resolved);
    case Format::kCsv:
      return OpenCsv(file, resolved, ',');
    case Format::kTsv:
      return OpenCsv(file, resolved, '\t');
    case Format::kTrecQrels:
      return OpenTrecQrels(file, resolved);
    case Format::kTrecRun:
      return OpenTrecRun(file, resolved);
    case Format::kNpy:
      return OpenNpy(file, resolved);
    case Format::kDetect:
      break;
  }
  return absl::InternalError("no such format");
}

std::unique_ptr<RowReader> WithVectors(std::unique_ptr<RowReader> rows,
                                       std::unique_ptr<RowReader> vectors) {
  return std::make_unique<RowsWithVectors>(std::move(rows), std::move(vectors));
}

}  // namespace assay::formats
