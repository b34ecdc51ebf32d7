#include "client/cli/export.h"

#include "absl/strings/str_format.h"
#include "assay/v1/batch.pb.h"
#include "client/cpp/batch_codec.h"
#include "client/cpp/status_macros.h"
#include "client/formats/row_writer.h"

namespace assay::cli {
namespace {

absl::Status AppendRows(ExportFormat format, bool is_first, std::int64_t num_rows,
                        bool guards_formulas, const std::vector<Column>& columns,
                        std::string& out) {
  switch (format) {
    case ExportFormat::kJsonl:
      formats::AppendJsonl(columns, out);
      return absl::OkStatus();
    case ExportFormat::kCsv: {
      const formats::CsvOptions options{.delimiter = ',', .guards_formulas = guards_formulas};
      if (is_first) {
        formats::AppendCsvHeader(columns, options, out);
      }
      formats::AppendCsv(columns, options, out);
      return absl::OkStatus();
    }
    case ExportFormat::kNpy:
      if (columns.size() != 1) {
        return absl::InvalidArgumentError(
            absl::StrFormat("npy takes one column, not %d; name it with --column", columns.size()));
      }
      if (is_first) {
        ASSAY_ASSIGN_OR_RETURN(const std::string header, formats::NpyHeader(columns[0], num_rows));
        out += header;
      }
      return formats::AppendNpy(columns[0], out);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ExportFormat> ParseExportFormat(std::string_view name) {
  if (name == "jsonl") {
    return ExportFormat::kJsonl;
  }
  if (name == "csv") {
    return ExportFormat::kCsv;
  }
  if (name == "npy") {
    return ExportFormat::kNpy;
  }
  return absl::InvalidArgumentError(absl::StrFormat("format is jsonl, csv or npy, not '%s'", name));
}

absl::Status ExportRows(const Context& context, ExportFormat format, std::int64_t num_rows,
                        bool guards_formulas, const ReadBatch& read) {
  for (std::int64_t row = 0; row < num_rows;) {
    ASSAY_ASSIGN_OR_RETURN(const v1::Batch batch, read(row));
    if (batch.num_rows() == 0) {
      return absl::InternalError(absl::StrFormat("the server gave %d of %d rows", row, num_rows));
    }
    ASSAY_ASSIGN_OR_RETURN(const std::vector<Column> columns, client::DecodeBatch(batch));
    std::string out;
    ASSAY_RETURN_IF_ERROR(AppendRows(format, row == 0, num_rows, guards_formulas, columns, out));
    context.Print(out);
    row += batch.num_rows();
  }
  return absl::OkStatus();
}

}  // namespace assay::cli
