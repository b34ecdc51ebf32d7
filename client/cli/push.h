#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "assay/v1/upload_service.pb.h"
#include "client/cli/context.h"
#include "client/cpp/upload.h"
#include "client/formats/row_reader.h"
#include "evaluators/columns.h"

namespace assay::cli {

// A file of rows, and how to read it.
struct RowSource {
  std::string path;          // `-`: standard input
  std::string vectors_path;  // NumPy file whose rows stand beside those of `path`; empty: none
  formats::ReaderOptions options;
};

// An open file with its reader. Errors name the file.
class OpenSource {
 public:
  static absl::StatusOr<std::unique_ptr<OpenSource>> Open(const RowSource& source);

  formats::RowReader& reader() { return *reader_; }
  std::int64_t size_bytes() const;

 private:
  std::vector<formats::InputFile> files_;
  std::unique_ptr<formats::RowReader> reader_;
};

// Where a row of an upload came from, counted from 0 within what was added at once.
using PlaceOfRow = std::function<std::string(std::int64_t row)>;

// `message` about rows of a table, with the places of the rows that it names: `row 17` becomes
// `rows.jsonl:18`, and `column 'label', row 17: ...` becomes `rows.jsonl:18: column 'label': ...`.
// `place` gives the place of a row, or nothing when it does not know.
std::string WithPlaces(std::string_view message, const PlaceOfRow& place);

// Sends rows from files to the server, drawing progress: while a batch is on its way the next is
// read. Owned by one thread.
class Push {
 public:
  // `label` leads the progress line. `total_bytes` of input, for the bar; 0: unknown.
  static absl::StatusOr<std::unique_ptr<Push>> Begin(Context& context,
                                                     const v1::BeginUploadRequest& request,
                                                     std::string label, std::int64_t total_bytes);
  // Sends all rows of `source`, which lives as long as this.
  absl::Status AddSource(v1::Table table, OpenSource& source);
  // Sends rows that are in memory.
  absl::Status AddRows(v1::Table table, std::span<const Column> columns, PlaceOfRow place);
  // Seals the upload. Errors name file and line where the server named a row.
  absl::StatusOr<v1::CommitUploadResponse> Commit();

 private:
  // Rows of one table from one place.
  struct Segment {
    v1::Table table = v1::TABLE_ROWS;
    std::int64_t first_row = 0;
    std::int64_t num_rows = 0;
    PlaceOfRow place;
  };

  Push(Context& context, std::string label, std::int64_t total_bytes);
  void OnProgress(std::int64_t durable_rows);
  std::int64_t NumRows(v1::Table table) const;
  absl::Status Located(const absl::Status& status) const;

  ProgressBar progress_;
  const std::int64_t total_bytes_;
  std::int64_t bytes_before_ = 0;  // of sources that are done
  OpenSource* current_ = nullptr;
  std::vector<Segment> segments_;
  std::unique_ptr<client::Upload> upload_;  // last: it reports progress until it ends
};

}  // namespace assay::cli
