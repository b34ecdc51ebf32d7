#include "client/cli/retrieval_rows.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "client/cpp/status_macros.h"

namespace assay::cli {
namespace {

constexpr std::int64_t kBatchRows = 65'536;

absl::StatusOr<std::vector<Column>> ReadAll(formats::RowReader& reader) {
  std::vector<Column> columns;
  while (true) {
    ASSAY_ASSIGN_OR_RETURN(std::optional<formats::Rows> rows, reader.Next(kBatchRows));
    if (!rows.has_value()) {
      return columns;
    }
    if (columns.empty()) {
      columns = std::move(rows->columns);
      continue;
    }
    for (std::size_t c = 0; c < columns.size(); ++c) {
      Append(columns[c], rows->columns[c]);
    }
  }
}

const Column* Find(const std::vector<Column>& columns, std::string_view name) {
  for (const Column& column : columns) {
    if (column.name == name) {
      return &column;
    }
  }
  return nullptr;
}

using RowOfKey = std::unordered_map<std::string_view, std::int64_t>;

absl::StatusOr<RowOfKey> IndexKeys(const Column& keys, const formats::RowReader& reader) {
  RowOfKey rows;
  for (std::int64_t row = 0; row < keys.num_rows; ++row) {
    const auto [first, is_new] = rows.emplace(keys.Text(row), row);
    if (!is_new) {
      return absl::InvalidArgumentError(absl::StrFormat("%s: duplicate key '%s', first at %s",
                                                        reader.PlaceOfRow(row), keys.Text(row),
                                                        reader.PlaceOfRow(first->second)));
    }
  }
  return rows;
}

}  // namespace

absl::StatusOr<PlacedRows> JoinJudgements(formats::RowReader& queries,
                                          formats::RowReader& judgements) {
  ASSAY_ASSIGN_OR_RETURN(const std::vector<Column> query_columns, ReadAll(queries));
  ASSAY_ASSIGN_OR_RETURN(const std::vector<Column> judged_columns, ReadAll(judgements));
  const Column* query_keys = Find(query_columns, "key");
  const Column* judged_keys = Find(judged_columns, "key");
  const Column* relevance = Find(judged_columns, "relevance");
  if (query_keys == nullptr || judged_keys == nullptr || relevance == nullptr) {
    return absl::InvalidArgumentError("queries need keys, and judgements keys and relevance");
  }
  if (Find(query_columns, "relevance") != nullptr) {
    return absl::InvalidArgumentError(
        "the queries have a column 'relevance' of their own; leave out --qrels or the column");
  }
  ASSAY_ASSIGN_OR_RETURN(const RowOfKey row_of_query, IndexKeys(*query_keys, queries));
  ASSAY_ASSIGN_OR_RETURN(const RowOfKey row_of_judged, IndexKeys(*judged_keys, judgements));

  const std::int64_t num_queries = query_keys->num_rows;
  std::vector<std::int64_t> query_rows;
  std::vector<std::int64_t> judged_rows;
  for (std::int64_t row = 0; row < num_queries; ++row) {
    const auto judged = row_of_judged.find(query_keys->Text(row));
    query_rows.push_back(row);
    judged_rows.push_back(judged == row_of_judged.end() ? -1 : judged->second);
  }
  std::vector<std::int64_t> unmatched;
  for (std::int64_t row = 0; row < judged_keys->num_rows; ++row) {
    if (!row_of_query.contains(judged_keys->Text(row))) {
      unmatched.push_back(row);
      query_rows.push_back(-1);
      judged_rows.push_back(row);
    }
  }

  PlacedRows joined;
  for (const Column& column : query_columns) {
    if (&column == query_keys) {
      Column keys = column;
      Append(keys, Gather(*judged_keys, unmatched));
      joined.columns.push_back(std::move(keys));
    } else {
      joined.columns.push_back(Gather(column, query_rows));
    }
  }
  joined.columns.push_back(Gather(*relevance, judged_rows));
  joined.place = [&queries, &judgements, num_queries,
                  unmatched = std::move(unmatched)](std::int64_t row) {
    return row < num_queries
               ? queries.PlaceOfRow(row)
               : judgements.PlaceOfRow(unmatched[static_cast<std::size_t>(row - num_queries)]);
  };
  return joined;
}

}  // namespace assay::cli
