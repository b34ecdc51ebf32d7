#include "client/cli/retrieval_rows.h"

#include <algorithm>
#include <cstddef>
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

absl::StatusOr<RowOfKey> IndexKeys(const Column& keys, const PlaceOfRow& place) {
  RowOfKey rows;
  for (std::int64_t row = 0; row < keys.num_rows; ++row) {
    const auto [first, is_new] = rows.emplace(keys.Text(row), row);
    if (!is_new) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "%s: duplicate key '%s', first at %s", place(row), keys.Text(row), place(first->second)));
    }
  }
  return rows;
}

struct Condition {
  const Column* column = nullptr;
  std::string_view value;
};

absl::StatusOr<std::vector<Condition>> ParseFilter(std::string_view filter,
                                                   const std::vector<Column>& columns) {
  std::vector<Condition> conditions;
  while (!filter.empty()) {
    const std::size_t comma = filter.find(',');
    const std::string_view one = filter.substr(0, comma);
    filter = comma == std::string_view::npos ? std::string_view() : filter.substr(comma + 1);
    const std::size_t equals = one.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return absl::InvalidArgumentError(
          absl::StrFormat("row filter '%s': expected COLUMN=VALUE", one));
    }
    const std::string_view name = one.substr(0, equals);
    const Column* const column = Find(columns, name);
    if (column == nullptr || column->type != ColumnType::kText) {
      return absl::InvalidArgumentError(
          absl::StrFormat("row filter '%s': there is no text column '%s'", one, name));
    }
    conditions.push_back({column, one.substr(equals + 1)});
  }
  return conditions;
}

// Documents by their text in a column.
using DocumentsOfText = std::unordered_map<std::string_view, std::vector<std::int32_t>>;

absl::StatusOr<const Column*> FindText(const PlacedRows& rows, std::string_view name,
                                       std::string_view what) {
  const Column* const column = Find(rows.columns, name);
  if (column == nullptr || column->type != ColumnType::kText) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the %s have no text column '%s'", what, name));
  }
  return column;
}

}  // namespace

absl::StatusOr<PlacedRows> ReadRows(formats::RowReader& reader, std::string_view filter) {
  PlacedRows all;
  ASSAY_ASSIGN_OR_RETURN(all.columns, ReadAll(reader));
  all.place = [&reader](std::int64_t row) { return reader.PlaceOfRow(row); };
  if (filter.empty()) {
    return all;
  }
  ASSAY_ASSIGN_OR_RETURN(const std::vector<Condition> conditions, ParseFilter(filter, all.columns));
  std::vector<std::int64_t> chosen;
  const std::int64_t num_rows = all.columns.empty() ? 0 : all.columns.front().num_rows;
  for (std::int64_t row = 0; row < num_rows; ++row) {
    if (std::all_of(conditions.begin(), conditions.end(), [row](const Condition& condition) {
          return condition.column->IsValid(row) && condition.column->Text(row) == condition.value;
        })) {
      chosen.push_back(row);
    }
  }
  if (chosen.empty()) {
    return absl::InvalidArgumentError(absl::StrFormat("row filter '%s' leaves no rows", filter));
  }
  PlacedRows rows;
  for (const Column& column : all.columns) {
    rows.columns.push_back(Gather(column, chosen));
  }
  rows.place = [&reader, chosen = std::move(chosen)](std::int64_t row) {
    return reader.PlaceOfRow(chosen[static_cast<std::size_t>(row)]);
  };
  return rows;
}

absl::StatusOr<PlacedRows> JudgeByColumn(PlacedRows queries, const PlacedRows& documents,
                                         std::string_view column) {
  constexpr std::int64_t kMostPairs = 100'000'000;
  ASSAY_ASSIGN_OR_RETURN(const Column* const asked, FindText(queries, column, "queries"));
  ASSAY_ASSIGN_OR_RETURN(const Column* const held, FindText(documents, column, "documents"));
  ASSAY_ASSIGN_OR_RETURN(const Column* const keys, FindText(documents, "key", "documents"));
  if (Find(queries.columns, "relevance") != nullptr) {
    return absl::InvalidArgumentError(
        "the queries have a column 'relevance' of their own; leave out --relevant-by or the "
        "column");
  }
  ASSAY_RETURN_IF_ERROR(IndexKeys(*keys, documents.place).status());
  Column relevance;
  relevance.name = "relevance";
  relevance.type = ColumnType::kRelevance;
  relevance.is_coded = true;
  DocumentsOfText documents_of;
  for (std::int64_t row = 0; row < keys->num_rows; ++row) {
    AppendText(relevance, keys->Text(row));
    if (held->IsValid(row)) {
      documents_of[held->Text(row)].push_back(static_cast<std::int32_t>(row));
    }
  }
  relevance.list_offsets.push_back(0);
  for (std::int64_t row = 0; row < asked->num_rows; ++row) {
    if (asked->IsValid(row)) {
      if (const auto found = documents_of.find(asked->Text(row)); found != documents_of.end()) {
        relevance.codes.insert(relevance.codes.end(), found->second.begin(), found->second.end());
      }
    }
    if (static_cast<std::int64_t>(relevance.codes.size()) > kMostPairs) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "'%s' makes more than %d pairs of query and document", column, kMostPairs));
    }
    relevance.list_offsets.push_back(static_cast<std::int32_t>(relevance.codes.size()));
    ++relevance.num_rows;
    AppendValidity(relevance, asked->IsValid(row));
  }
  relevance.int32s.assign(relevance.codes.size(), 1);
  queries.columns.push_back(std::move(relevance));
  return queries;
}

absl::StatusOr<PlacedRows> JoinJudgements(const PlacedRows& queries,
                                          formats::RowReader& judgements) {
  const std::vector<Column>& query_columns = queries.columns;
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
  ASSAY_ASSIGN_OR_RETURN(const RowOfKey row_of_query, IndexKeys(*query_keys, queries.place));
  ASSAY_ASSIGN_OR_RETURN(const RowOfKey row_of_judged,
                         IndexKeys(*judged_keys, [&judgements](std::int64_t row) {
                           return judgements.PlaceOfRow(row);
                         }));

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
  joined.place = [place = queries.place, &judgements, num_queries,
                  unmatched = std::move(unmatched)](std::int64_t row) {
    return row < num_queries
               ? place(row)
               : judgements.PlaceOfRow(unmatched[static_cast<std::size_t>(row - num_queries)]);
  };
  return joined;
}

}  // namespace assay::cli
