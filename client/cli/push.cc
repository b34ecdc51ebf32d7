#include "client/cli/push.h"

#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/cpp/client.h"
#include "client/cpp/status_macros.h"

namespace assay::cli {
namespace {

constexpr std::int64_t kBatchRows = 65'536;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// The number at `position`; moves `position` behind it.
std::optional<std::int64_t> TakeNumber(std::string_view text, std::size_t& position) {
  std::int64_t value = 0;
  const std::size_t begin = position;
  while (position < text.size() && IsDigit(text[position]) && position - begin < 18) {
    value = 10 * value + (text[position] - '0');
    ++position;
  }
  return position > begin ? std::optional(value) : std::nullopt;
}

// True when `word` stands at `position` of `text` as a word of its own.
bool IsWordAt(std::string_view text, std::size_t position, std::string_view word) {
  return text.substr(position).starts_with(word) &&
         (position == 0 || text[position - 1] == ' ' || text[position - 1] == '(');
}

// Takes the first `part` out of `text`; false when there is none.
bool Remove(std::string& text, std::string_view part) {
  const std::size_t found = text.find(part);
  if (found == std::string::npos) {
    return false;
  }
  text.erase(found, part.size());
  return true;
}

}  // namespace

absl::StatusOr<std::unique_ptr<OpenSource>> OpenSource::Open(const RowSource& source) {
  auto open = std::make_unique<OpenSource>();
  open->files_.reserve(2);
  ASSAY_ASSIGN_OR_RETURN(formats::InputFile file, formats::InputFile::Open(source.path));
  open->files_.push_back(std::move(file));
  ASSAY_ASSIGN_OR_RETURN(open->reader_, formats::OpenRows(open->files_[0], source.options));
  if (!source.vectors_path.empty()) {
    ASSAY_ASSIGN_OR_RETURN(formats::InputFile vectors,
                           formats::InputFile::Open(source.vectors_path));
    open->files_.push_back(std::move(vectors));
    formats::ReaderOptions options;
    options.format = formats::Format::kNpy;
    options.requires_key = false;
    options.npy_column = source.options.npy_column;
    ASSAY_ASSIGN_OR_RETURN(std::unique_ptr<formats::RowReader> reader,
                           formats::OpenRows(open->files_[1], options));
    open->reader_ = formats::WithVectors(std::move(open->reader_), std::move(reader));
  }
  return open;
}

std::int64_t OpenSource::size_bytes() const {
  std::int64_t bytes = 0;
  for (const formats::InputFile& file : files_) {
    bytes += static_cast<std::int64_t>(file.bytes().size());
  }
  return bytes;
}

std::string WithPlaces(std::string_view message, const PlaceOfRow& place) {
  // `column 'NAME', row N: PROBLEM`, where NAME may hold anything but is followed by the first
  // `', row `.
  constexpr std::string_view kBeforeRow = "', row ";
  const std::size_t before_row = message.find(kBeforeRow);
  if (message.starts_with("column '") && before_row != std::string_view::npos) {
    std::size_t end = before_row + kBeforeRow.size();
    const std::optional<std::int64_t> row = TakeNumber(message, end);
    const std::string found = row.has_value() ? place(*row) : std::string();
    if (!found.empty()) {
      return absl::StrFormat("%s: %s'%s", found, message.substr(0, before_row),
                             WithPlaces(message.substr(end), place));
    }
  }
  std::string located;
  bool follows_row = false;  // `rows 3 and 17`: the second number is a row too
  for (std::size_t position = 0; position < message.size();) {
    std::size_t number_at = position;
    if (IsWordAt(message, position, "row ")) {
      number_at += 4;
    } else if (IsWordAt(message, position, "rows ")) {
      number_at += 5;
    } else if (follows_row && message.substr(position).starts_with(" and ")) {
      located += " and ";
      number_at += message.substr(position).starts_with(" and row ") ? 9 : 5;
    }
    follows_row = false;
    if (number_at > position) {
      std::size_t end = number_at;
      const std::optional<std::int64_t> row = TakeNumber(message, end);
      const std::string found = row.has_value() ? place(*row) : std::string();
      if (!found.empty()) {
        located += found;
        position = end;
        follows_row = true;
        continue;
      }
    }
    located += message[position];
    ++position;
  }
  return located;
}

absl::StatusOr<std::unique_ptr<Push>> Push::Begin(Context& context,
                                                  const v1::BeginUploadRequest& request,
                                                  std::string label, std::int64_t total_bytes) {
  ASSAY_ASSIGN_OR_RETURN(client::Client * client, context.Connect());
  std::unique_ptr<Push> push(new Push(context, std::move(label), total_bytes));
  client::Upload::Options options;
  options.on_progress = [raw = push.get()](std::int64_t rows) { raw->OnProgress(rows); };
  ASSAY_ASSIGN_OR_RETURN(push->upload_, client::Upload::Begin(*client, request, options));
  return push;
}

Push::Push(Context& context, std::string label, std::int64_t total_bytes)
    : progress_(std::move(label), "rows", context.ProgressOptions()), total_bytes_(total_bytes) {}

void Push::OnProgress(std::int64_t durable_rows) {
  std::optional<double> fraction;
  if (total_bytes_ > 0) {
    const std::int64_t bytes =
        bytes_before_ + (current_ != nullptr ? current_->reader().bytes_read() : 0);
    fraction = static_cast<double>(bytes) / static_cast<double>(total_bytes_);
  }
  progress_.Update(durable_rows, 0, fraction);
}

std::int64_t Push::NumRows(v1::Table table) const {
  std::int64_t rows = 0;
  for (const Segment& segment : segments_) {
    rows += segment.table == table ? segment.num_rows : 0;
  }
  return rows;
}

absl::Status Push::AddSource(v1::Table table, OpenSource& source) {
  formats::RowReader& reader = source.reader();
  segments_.push_back(
      {table, NumRows(table), 0, [&reader](std::int64_t row) { return reader.PlaceOfRow(row); }});
  current_ = &source;
  while (true) {
    ASSAY_ASSIGN_OR_RETURN(const std::optional<formats::Rows> rows, reader.Next(kBatchRows));
    if (!rows.has_value()) {
      break;
    }
    segments_.back().num_rows += rows->num_rows;
    if (const absl::Status sent = upload_->Append(table, rows->columns); !sent.ok()) {
      return Located(sent);
    }
  }
  current_ = nullptr;
  bytes_before_ += source.size_bytes();
  return absl::OkStatus();
}

absl::Status Push::AddRows(v1::Table table, std::span<const Column> columns, PlaceOfRow place) {
  const std::int64_t num_rows = columns.empty() ? 0 : columns[0].num_rows;
  segments_.push_back({table, NumRows(table), num_rows, std::move(place)});
  return Located(upload_->Append(table, columns));
}

absl::StatusOr<v1::CommitUploadResponse> Push::Commit() {
  absl::StatusOr<v1::CommitUploadResponse> response = upload_->Commit();
  progress_.Clear();
  if (!response.ok()) {
    return Located(response.status());
  }
  return response;
}

absl::Status Push::Located(const absl::Status& status) const {
  if (!absl::IsInvalidArgument(status)) {
    return status;
  }
  // The server says which rows are documents, and how it counts, which places make clear.
  std::string message(status.message());
  v1::Table table = v1::TABLE_ROWS;
  if (Remove(message, "documents, ") || Remove(message, " in the documents")) {
    table = v1::TABLE_DOCUMENTS;
  }
  Remove(message, ", counted from 0");
  return absl::InvalidArgumentError(WithPlaces(message, [this, table](std::int64_t row) {
    for (const Segment& segment : segments_) {
      if (segment.table == table && row >= segment.first_row &&
          row < segment.first_row + segment.num_rows) {
        return segment.place(row - segment.first_row);
      }
    }
    return std::string();
  }));
}

}  // namespace assay::cli
