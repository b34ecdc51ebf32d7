#include "client/formats/csv_reader.h"

#include <algorithm>
#include <cassert>
#include <cmath>
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
#include "client/formats/csv_mapping.h"
#include "client/formats/csv_records.h"
#include "client/formats/input_error.h"
#include "client/formats/json_cell.h"
#include "client/formats/line_map.h"
#include "client/formats/number_text.h"
#include "client/formats/standard_columns.h"

namespace assay::formats {
namespace {

constexpr std::size_t kMaxCells = kMaxDimension + 4096;
constexpr std::size_t kMaxColumns = 4096;

std::string_view MessageOf(const absl::Status& status) {
  return {status.message().data(), status.message().size()};
}

std::string_view Trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  return begin == std::string_view::npos
             ? std::string_view()
             : text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

absl::StatusOr<double> FiniteNumber(std::string_view text) {
  const std::optional<double> number = ParseDouble(Trimmed(text));
  if (!number.has_value()) {
    return BadValue("not a number", text);
  }
  if (!std::isfinite(*number)) {
    return BadValue("not a finite number", text);
  }
  return *number;
}

class CsvReader final : public RowReader {
 public:
  CsvReader(const InputFile& file, const ReaderOptions& options, char delimiter)
      : file_(file),
        options_(options),
        delimiter_(delimiter),
        records_(file.name(), file.bytes(), delimiter) {}

  // Reads the header and looks ahead for the lengths of vectors in cells.
  absl::Status Open();

  absl::StatusOr<std::optional<Rows>> Next(std::int64_t max_rows) override;
  std::string PlaceOfRow(std::int64_t row) const override {
    return absl::StrFormat("%s:%d", file_.name(), line_of_row_.Line(row));
  }
  std::int64_t bytes_read() const override {
    return static_cast<std::int64_t>(records_.position());
  }

 private:
  struct Target {
    CsvTarget plan;
    std::unique_ptr<ColumnBuilder> builder;  // none: no row has a value
  };

  void MakeBuilders(std::vector<CsvTarget> plan);
  // Length of the first vector of `target`; 0 when no row has one.
  std::size_t FindDimension(const CsvTarget& target);
  absl::Status AddRow();
  absl::Status AddCell(std::string_view text, ColumnBuilder& builder);
  absl::Status AddComponents(const CsvTarget& plan, ColumnBuilder* builder);

  const InputFile& file_;
  const ReaderOptions options_;
  const char delimiter_;
  CsvRecords records_;
  std::size_t num_cells_ = 0;
  std::vector<Target> targets_;
  JsonCell json_;
  std::string scratch_;
  std::int64_t row_ = 0;          // of the batch
  std::int64_t rows_before_ = 0;  // in earlier batches
  LineMap line_of_row_;
};

absl::Status CsvReader::Open() {
  const absl::StatusOr<bool> has_header = records_.Next();
  if (!has_header.ok()) {
    return has_header.status();
  }
  if (!*has_header) {
    return LineError({.file = file_.name()}, "the file is empty");
  }
  const Place place = {.file = file_.name(), .line = records_.line()};
  num_cells_ = records_.cells().size();
  if (num_cells_ > kMaxCells) {
    return LineError(place, absl::StrFormat("more than %d columns", kMaxCells));
  }
  std::vector<std::string> header;
  for (const CsvRecords::Cell& cell : records_.cells()) {
    header.emplace_back(CsvRecords::Value(cell, scratch_));
    if (header.back().empty()) {
      return LineError(place, absl::StrFormat("column %d has no name", header.size()));
    }
  }
  records_.NameColumns(header);
  absl::StatusOr<std::vector<CsvTarget>> plan = MapColumns(header, options_.mapping);
  if (!plan.ok()) {
    return LineError(place, MessageOf(plan.status()));
  }
  if (plan->size() > kMaxColumns) {
    return LineError(place, absl::StrFormat("more than %d columns", kMaxColumns));
  }
  const bool has_key = std::any_of(plan->begin(), plan->end(),
                                   [](const CsvTarget& target) { return target.name == "key"; });
  if (options_.requires_key && !has_key) {
    return FieldError(place, "key", "missing: no column has this name or is mapped to it");
  }
  MakeBuilders(*std::move(plan));
  return absl::OkStatus();
}

void CsvReader::MakeBuilders(std::vector<CsvTarget> plan) {
  for (CsvTarget& target : plan) {
    const bool is_vector =
        target.kind == FieldKind::kFloat32Vector || target.kind == FieldKind::kFloat64Vector;
    const std::size_t dimension = is_vector ? FindDimension(target) : 0;
    std::unique_ptr<ColumnBuilder> builder;
    if (!is_vector || dimension > 0) {
      builder = std::make_unique<ColumnBuilder>(target.name, target.kind,
                                                static_cast<std::int32_t>(dimension));
    }
    targets_.push_back({.plan = std::move(target), .builder = std::move(builder)});
  }
}

std::size_t CsvReader::FindDimension(const CsvTarget& target) {
  CsvRecords ahead = records_;
  for (;;) {
    const absl::StatusOr<bool> has_record = ahead.Next();
    if (!has_record.ok() || !*has_record || ahead.cells().size() != num_cells_) {
      return 0;
    }
    const bool is_null =
        std::all_of(target.sources.begin(), target.sources.end(),
                    [&](std::size_t source) { return ahead.cells()[source].IsNull(); });
    if (is_null) {
      continue;
    }
    if (target.is_components) {
      return target.sources.size();
    }
    // What is no list at all is an error when its row is read.
    const CsvRecords::Cell& cell = ahead.cells()[target.sources.front()];
    const std::size_t count = json_.NumElements(CsvRecords::Value(cell, scratch_));
    return std::clamp<std::size_t>(count, 1, kMaxDimension);
  }
}

absl::StatusOr<std::optional<Rows>> CsvReader::Next(std::int64_t max_rows) {
  const std::size_t end = records_.position() + static_cast<std::size_t>(options_.max_batch_bytes);
  row_ = 0;
  while (row_ < max_rows && records_.position() < end) {
    const absl::StatusOr<bool> has_record = records_.Next();
    if (!has_record.ok()) {
      return has_record.status();
    }
    if (!*has_record) {
      break;
    }
    if (absl::Status status = AddRow(); !status.ok()) {
      return status;
    }
    line_of_row_.Add(rows_before_ + row_, records_.line());
    ++row_;
  }
  if (row_ == 0) {
    if (rows_before_ == 0) {
      return LineError({.file = file_.name()}, "no rows below the header");
    }
    return std::nullopt;
  }
  Rows rows;
  rows.num_rows = row_;
  for (Target& target : targets_) {
    if (target.builder != nullptr) {
      rows.columns.push_back(target.builder->Take(row_));
    }
  }
  rows_before_ += row_;
  return rows;
}

absl::Status CsvReader::AddRow() {
  const std::vector<CsvRecords::Cell>& cells = records_.cells();
  if (cells.size() != num_cells_) {
    return LineError(
        {.file = file_.name(), .line = records_.line()},
        absl::StrFormat("%d columns where the header has %d (delimiter %s)", cells.size(),
                        num_cells_, Quoted(std::string_view(&delimiter_, 1))));
  }
  for (Target& target : targets_) {
    if (target.plan.is_components) {
      if (absl::Status status = AddComponents(target.plan, target.builder.get()); !status.ok()) {
        return status;
      }
      continue;
    }
    const std::size_t source = target.plan.sources.front();
    if (cells[source].IsNull()) {
      if (options_.requires_key && target.plan.name == "key") {
        return records_.CellError(source, "the key is missing");
      }
      continue;
    }
    if (target.builder == nullptr) {
      return records_.CellError(source, "expected a list of numbers as JSON");
    }
    target.builder->StartRow(row_);
    const std::string_view text = CsvRecords::Value(cells[source], scratch_);
    if (absl::Status status = AddCell(text, *target.builder); !status.ok()) {
      return records_.CellError(source, MessageOf(status));
    }
  }
  return absl::OkStatus();
}

absl::Status CsvReader::AddCell(std::string_view text, ColumnBuilder& builder) {
  switch (builder.kind()) {
    case FieldKind::kScalarAsText:
    case FieldKind::kCodedText:
    case FieldKind::kText:
      return builder.AddText(text);
    case FieldKind::kFloat64: {
      const absl::StatusOr<double> number = FiniteNumber(text);
      if (number.ok()) {
        builder.AddFloat64(*number);
      }
      return number.status();
    }
    case FieldKind::kInt64: {
      const std::optional<std::int64_t> number = ParseInt64(Trimmed(text));
      if (!number.has_value()) {
        return BadValue("not an integer, or out of range", text);
      }
      builder.AddInt64(*number);
      return absl::OkStatus();
    }
    default:
      return json_.Add(text, builder);
  }
}

absl::Status CsvReader::AddComponents(const CsvTarget& plan, ColumnBuilder* builder) {
  const std::vector<CsvRecords::Cell>& cells = records_.cells();
  const bool is_null = std::all_of(plan.sources.begin(), plan.sources.end(),
                                   [&](std::size_t source) { return cells[source].IsNull(); });
  if (is_null) {
    return absl::OkStatus();
  }
  assert(builder != nullptr);  // Made when a row ahead has a value.
  builder->StartRow(row_);
  for (const std::size_t source : plan.sources) {
    const std::string_view text = CsvRecords::Value(cells[source], scratch_);
    const absl::StatusOr<double> number = FiniteNumber(text);
    if (!number.ok()) {
      return records_.CellError(source, MessageOf(number.status()));
    }
    if (absl::Status status = builder->AddComponent(*number, Trimmed(text)); !status.ok()) {
      return records_.CellError(source, MessageOf(status));
    }
  }
  return builder->EndVector();
}

}  // namespace

absl::StatusOr<std::unique_ptr<RowReader>> OpenCsv(const InputFile& file,
                                                   const ReaderOptions& options, char delimiter) {
  auto reader = std::make_unique<CsvReader>(file, options, delimiter);
  if (absl::Status status = reader->Open(); !status.ok()) {
    return status;
  }
  return reader;
}

}  // namespace assay::formats
