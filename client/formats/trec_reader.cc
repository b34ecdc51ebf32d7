#include "client/formats/trec_reader.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "client/formats/dictionary.h"
#include "client/formats/input_error.h"
#include "client/formats/trec_fields.h"
#include "client/formats/trec_lines.h"
#include "evaluators/columns.h"

namespace assay::formats {
namespace {

constexpr std::size_t kMaxItems = std::numeric_limits<std::int32_t>::max();

class TrecReader final : public RowReader {
 public:
  TrecReader(const InputFile& file, const ReaderOptions& options, ColumnType type)
      : file_(file), options_(options), type_(type) {}

  absl::Status Read();

  absl::StatusOr<std::optional<Rows>> Next(std::int64_t max_rows) override;
  std::string PlaceOfRow(std::int64_t row) const override {
    return absl::StrFormat("%s:%d", file_.name(), first_line_[static_cast<std::size_t>(row)]);
  }
  std::int64_t bytes_read() const override { return static_cast<std::int64_t>(bytes_read_); }

 private:
  // Consecutive lines of one query.
  struct Segment {
    std::int32_t query = 0;
    std::int32_t begin = 0;  // first item
  };
  // Documents are looked up some lines after they are read, so that the table has come into the
  // cache by then.
  struct Waiting {
    std::string_view document;
    std::uint64_t hash = 0;
  };

  // Makes room for as many lines as the first ones let expect.
  void Reserve();
  bool IsRun() const { return type_ == ColumnType::kRanking; }
  absl::Status StartQuery(std::string_view query, std::int64_t line);
  absl::Status AddNumber(const TrecLines& lines);
  absl::Status AddDocuments(std::size_t count);
  // Brings the items of each query together.
  void GroupByQuery();
  bool HasDuplicates() const;
  // The first line whose document its query has had before.
  absl::Status DuplicateError() const;
  // Items of rows [begin, end), with a dictionary of the documents among them.
  Column MakeColumn(std::size_t begin, std::size_t end);

  const InputFile& file_;
  const ReaderOptions options_;
  const ColumnType type_;
  Dictionary queries_;
  Dictionary documents_;
  std::array<Waiting, 64> waiting_;
  std::vector<Segment> segments_;
  std::vector<std::int64_t> first_line_;    // by row, which is the query's code
  std::vector<std::int32_t> item_offsets_;  // by row, once grouped
  std::vector<std::int32_t> codes_;         // documents
  std::vector<double> scores_;
  std::vector<std::int32_t> grades_;
  std::vector<std::int32_t> code_in_batch_;  // by document code; -1 outside MakeColumn
  std::size_t next_row_ = 0;
  std::size_t bytes_read_ = 0;
};

absl::Status TrecReader::StartQuery(std::string_view query, std::int64_t line) {
  const std::int32_t num_known = queries_.size();
  const std::int32_t code = queries_.Code(query);
  if (code < 0) {
    return LineError({.file = file_.name(), .line = line}, "more than 2 GiB of query ids");
  }
  if (code == num_known) {
    first_line_.push_back(line);
  }
  segments_.push_back({.query = code, .begin = static_cast<std::int32_t>(codes_.size())});
  return absl::OkStatus();
}

absl::Status TrecReader::AddNumber(const TrecLines& lines) {
  if (!IsRun()) {
    const absl::StatusOr<std::int32_t> grade = TrecGrade(lines, file_.name());
    if (!grade.ok()) {
      return grade.status();
    }
    grades_.push_back(*grade);
    return absl::OkStatus();
  }
  const absl::StatusOr<double> score = TrecScore(lines, file_.name());
  if (!score.ok()) {
    return score.status();
  }
  scores_.push_back(*score);
  return absl::OkStatus();
}

absl::Status TrecReader::AddDocuments(std::size_t count) {
  if (codes_.size() + count > kMaxItems) {
    return LineError({.file = file_.name()}, absl::StrFormat("more than %d lines", kMaxItems));
  }
  for (std::size_t i = 0; i < count; ++i) {
    documents_.PrefetchText(waiting_[i].hash);
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::int32_t code = documents_.Code(waiting_[i].document, waiting_[i].hash);
    if (code < 0) {
      return LineError({.file = file_.name()}, "more than 2 GiB of document ids");
    }
    codes_.push_back(code);
  }
  return absl::OkStatus();
}

void TrecReader::Reserve() {
  const std::size_t expected = EstimateNumLines(file_.bytes());
  codes_.reserve(expected);
  if (IsRun()) {
    scores_.reserve(expected);
  } else {
    grades_.reserve(expected);
  }
}

absl::Status TrecReader::Read() {
  Reserve();
  TrecLines lines(file_.bytes());
  std::string_view query;
  std::size_t num_waiting = 0;
  while (lines.Next()) {
    if (absl::Status status = CheckTrecLine(lines, IsRun() ? kTrecRun : kTrecQrels, file_.name());
        !status.ok()) {
      return status;
    }
    if (lines.column(0) != query) {
      if (absl::Status status = AddDocuments(num_waiting); !status.ok()) {
        return status;
      }
      num_waiting = 0;
      query = lines.column(0);
      if (absl::Status status = StartQuery(query, lines.number()); !status.ok()) {
        return status;
      }
    }
    if (absl::Status status = AddNumber(lines); !status.ok()) {
      return status;
    }
    Waiting& waiting = waiting_[num_waiting++];
    waiting.document = lines.column(kTrecDocument);
    waiting.hash = Dictionary::Hash(waiting.document);
    documents_.PrefetchSlot(waiting.hash);
    if (num_waiting == waiting_.size()) {
      if (absl::Status status = AddDocuments(num_waiting); !status.ok()) {
        return status;
      }
      num_waiting = 0;
    }
  }
  if (absl::Status status = AddDocuments(num_waiting); !status.ok()) {
    return status;
  }
  if (segments_.empty()) {
    return LineError({.file = file_.name()}, "the file is empty");
  }
  GroupByQuery();
  return HasDuplicates() ? DuplicateError() : absl::OkStatus();
}

template <typename T>
void MoveItems(const std::vector<std::pair<std::int32_t, std::int32_t>>& ranges,
               std::vector<T>& values) {
  std::vector<T> grouped;
  grouped.reserve(values.size());
  for (const auto& [begin, end] : ranges) {
    grouped.insert(grouped.end(), values.begin() + begin,
                   values.begin() + std::min<std::int64_t>(end, std::ssize(values)));
  }
  values = std::move(grouped);
}

void TrecReader::GroupByQuery() {
  const auto num_items = static_cast<std::int32_t>(codes_.size());
  const bool is_grouped = std::ssize(segments_) == queries_.size();
  std::vector<std::pair<std::int32_t, std::int32_t>> ranges;
  std::vector<std::int32_t> num_items_of(static_cast<std::size_t>(queries_.size()), 0);
  std::vector<std::int32_t> order(segments_.size());
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    const std::int32_t end = i + 1 < segments_.size() ? segments_[i + 1].begin : num_items;
    num_items_of[static_cast<std::size_t>(segments_[i].query)] += end - segments_[i].begin;
    order[i] = static_cast<std::int32_t>(i);
  }
  item_offsets_.assign(1, 0);
  for (const std::int32_t count : num_items_of) {
    item_offsets_.push_back(item_offsets_.back() + count);
  }
  if (is_grouped) {
    return;
  }
  std::stable_sort(order.begin(), order.end(), [this](std::int32_t a, std::int32_t b) {
    return segments_[static_cast<std::size_t>(a)].query <
           segments_[static_cast<std::size_t>(b)].query;
  });
  for (const std::int32_t i : order) {
    const auto next = static_cast<std::size_t>(i) + 1;
    ranges.emplace_back(segments_[static_cast<std::size_t>(i)].begin,
                        next < segments_.size() ? segments_[next].begin : num_items);
  }
  MoveItems(ranges, codes_);
  if (IsRun()) {
    MoveItems(ranges, scores_);
  } else {
    MoveItems(ranges, grades_);
  }
}

bool TrecReader::HasDuplicates() const {
  std::vector<std::int32_t> last_row(static_cast<std::size_t>(documents_.size()), -1);
  bool has_duplicates = false;
  for (std::size_t row = 0; row + 1 < item_offsets_.size(); ++row) {
    const auto mark = static_cast<std::int32_t>(row);
    for (std::int32_t item = item_offsets_[row]; item < item_offsets_[row + 1]; ++item) {
      std::int32_t& last =
          last_row[static_cast<std::size_t>(codes_[static_cast<std::size_t>(item)])];
      has_duplicates |= last == mark;
      last = mark;
    }
  }
  return has_duplicates;
}

absl::Status TrecReader::DuplicateError() const {
  absl::flat_hash_set<std::uint64_t> seen;  // query and document
  TrecLines lines(file_.bytes());
  while (lines.Next()) {
    const auto query = static_cast<std::uint32_t>(queries_.Find(lines.column(0)));
    const auto document = static_cast<std::uint32_t>(documents_.Find(lines.column(kTrecDocument)));
    if (!seen.insert((std::uint64_t{query} << 32) | document).second) {
      return TrecDuplicate(lines, file_.name());
    }
  }
  return LineError({.file = file_.name()}, "a document twice in one query");
}

Column TrecReader::MakeColumn(std::size_t begin, std::size_t end) {
  Column column;
  column.name = IsRun() ? "ranking" : "relevance";
  column.type = type_;
  column.num_rows = static_cast<std::int64_t>(end - begin);
  column.is_coded = true;
  const std::int32_t first = item_offsets_[begin];
  const std::int32_t last = item_offsets_[end];
  column.list_offsets.reserve(end - begin + 1);
  for (std::size_t row = begin; row <= end; ++row) {
    column.list_offsets.push_back(item_offsets_[row] - first);
  }
  if (first == 0 && static_cast<std::size_t>(last) == codes_.size()) {
    column.codes = std::move(codes_);
    column.doubles = std::move(scores_);
    column.int32s = std::move(grades_);
    documents_.MoveTo(column);
    return column;
  }
  if (IsRun()) {
    column.doubles.assign(scores_.begin() + first, scores_.begin() + last);
  } else {
    column.int32s.assign(grades_.begin() + first, grades_.begin() + last);
  }
  code_in_batch_.resize(static_cast<std::size_t>(documents_.size()), -1);
  column.codes.reserve(static_cast<std::size_t>(last - first));
  std::vector<std::int32_t> used;
  for (std::int32_t item = first; item < last; ++item) {
    const std::int32_t code = codes_[static_cast<std::size_t>(item)];
    std::int32_t& mapped = code_in_batch_[static_cast<std::size_t>(code)];
    if (mapped < 0) {
      mapped = static_cast<std::int32_t>(used.size());
      used.push_back(code);
      AppendText(column, documents_.Text(code));
    }
    column.codes.push_back(mapped);
  }
  for (const std::int32_t code : used) {
    code_in_batch_[static_cast<std::size_t>(code)] = -1;
  }
  return column;
}

absl::StatusOr<std::optional<Rows>> TrecReader::Next(std::int64_t max_rows) {
  const std::size_t num_rows = item_offsets_.size() - 1;
  if (next_row_ == num_rows) {
    bytes_read_ = file_.bytes().size();
    return std::nullopt;
  }
  // Bytes are shared out evenly over the items.
  const double bytes_per_item =
      static_cast<double>(file_.bytes().size()) / static_cast<double>(item_offsets_.back());
  const std::int32_t first = item_offsets_[next_row_];
  std::size_t end = next_row_ + 1;
  while (end < num_rows && static_cast<std::int64_t>(end - next_row_) < max_rows &&
         bytes_per_item * (item_offsets_[end] - first) <
             static_cast<double>(options_.max_batch_bytes)) {
    ++end;
  }
  Rows rows;
  rows.num_rows = static_cast<std::int64_t>(end - next_row_);
  Column key;
  key.name = "key";
  key.num_rows = rows.num_rows;
  for (std::size_t row = next_row_; row < end; ++row) {
    AppendText(key, queries_.Text(static_cast<std::int32_t>(row)));
  }
  rows.columns.push_back(std::move(key));
  rows.columns.push_back(MakeColumn(next_row_, end));
  next_row_ = end;
  bytes_read_ = static_cast<std::size_t>(bytes_per_item * item_offsets_[end]);
  return rows;
}

absl::StatusOr<std::unique_ptr<RowReader>> Open(const InputFile& file, const ReaderOptions& options,
                                                ColumnType type) {
  auto reader = std::make_unique<TrecReader>(file, options, type);
  if (absl::Status status = reader->Read(); !status.ok()) {
    return status;
  }
  return reader;
}

}  // namespace

absl::StatusOr<std::unique_ptr<RowReader>> OpenTrecQrels(const InputFile& file,
                                                         const ReaderOptions& options) {
  return Open(file, options, ColumnType::kRelevance);
}

absl::StatusOr<std::unique_ptr<RowReader>> OpenTrecRun(const InputFile& file,
                                                       const ReaderOptions& options) {
  return Open(file, options, ColumnType::kRanking);
}

}  // namespace assay::formats
