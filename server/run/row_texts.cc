#include "server/run/row_texts.h"

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "server/base/status_macros.h"
#include "server/run/output_index.h"
#include "server/run/score_columns.h"

namespace assay::run {
namespace {

constexpr std::size_t kMaxCharacters = 1000;
constexpr std::size_t kMaxDocuments = 10;
constexpr std::string_view kEllipsis = "\u2026";

bool IsCharacterStart(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }

std::vector<std::int64_t> ItemsOf(const Column& column, std::int64_t row) {
  std::vector<std::int64_t> items;
  for (std::int64_t item = column.ListBegin(row); item < column.ListEnd(row); ++item) {
    items.push_back(item);
  }
  return items;
}

// The first documents of a ranking: by score, then by id, both descending, as evaluators read it.
std::string RankingText(const Column& column, std::int64_t row) {
  std::vector<std::int64_t> items = ItemsOf(column, row);
  std::ranges::sort(items, [&](std::int64_t a, std::int64_t b) {
    const double score_a = column.doubles[static_cast<std::size_t>(a)];
    const double score_b = column.doubles[static_cast<std::size_t>(b)];
    return score_a != score_b ? score_a > score_b : column.Text(a) > column.Text(b);
  });
  std::vector<std::string> documents;
  for (const std::int64_t item : items) {
    if (documents.size() == kMaxDocuments) {
      documents.push_back(absl::StrFormat("(%d more)", items.size() - kMaxDocuments));
      break;
    }
    documents.emplace_back(column.Text(item));
  }
  return absl::StrJoin(documents, " ");
}

// Relevant documents with their grades, best first.
std::string RelevanceText(const Column& column, std::int64_t row) {
  std::vector<std::int64_t> items = ItemsOf(column, row);
  const auto grade = [&](std::int64_t item) {
    return column.int32s[static_cast<std::size_t>(item)];
  };
  std::erase_if(items, [&](std::int64_t item) { return grade(item) <= 0; });
  std::ranges::stable_sort(items, std::ranges::greater(), grade);
  std::vector<std::string> documents;
  for (const std::int64_t item : items) {
    if (documents.size() == kMaxDocuments) {
      documents.push_back(absl::StrFormat("(%d more)", items.size() - kMaxDocuments));
      break;
    }
    documents.push_back(absl::StrFormat("%s (%d)", column.Text(item), grade(item)));
  }
  return absl::StrJoin(documents, " ");
}

std::string TextListText(const Column& column, std::int64_t row) {
  std::vector<std::string> texts;
  for (const std::int64_t item : ItemsOf(column, row)) {
    texts.emplace_back(column.Text(item));
  }
  return absl::StrJoin(texts, " | ");
}

// A value as text; absent when it is null or its type has no text.
std::optional<std::string> ValueText(const Column& column, std::int64_t row) {
  if (!column.IsValid(row)) {
    return std::nullopt;
  }
  switch (column.type) {
    case ColumnType::kText:
    case ColumnType::kJson:
      return Shortened(column.Text(row));
    case ColumnType::kFloat64:
      return absl::StrFormat("%g", column.doubles[static_cast<std::size_t>(row)]);
    case ColumnType::kInt64:
      return absl::StrFormat("%d", column.int64s[static_cast<std::size_t>(row)]);
    case ColumnType::kTextList:
      return Shortened(TextListText(column, row));
    case ColumnType::kRanking:
      return Shortened(RankingText(column, row));
    case ColumnType::kRelevance:
      return Shortened(RelevanceText(column, row));
    case ColumnType::kFloat32Vector:
    case ColumnType::kFloat64Vector:
    case ColumnType::kInt32List:
      return std::nullopt;
  }
  return std::nullopt;
}

// Texts of one column at some rows of an owner; -1 stands for no row. Each chunk is read once.
absl::StatusOr<std::vector<std::optional<std::string>>> ReadTexts(
    store::Store& store, store::Id project, store::Id owner, const store::ColumnRecord& column,
    std::int64_t num_rows, std::span<const std::int64_t> rows) {
  std::vector<std::optional<std::string>> texts(rows.size());
  std::map<std::int64_t, std::vector<std::size_t>> wanted;  // by chunk
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] >= 0) {
      wanted[rows[i] / store::kChunkRows].push_back(i);
    }
  }
  for (const auto& [number, places] : wanted) {
    ASSAY_ASSIGN_OR_RETURN(const Column chunk,
                           store.columns().ReadChunk(project, owner, column, number));
    ASSAY_RETURN_IF_ERROR(CheckChunk(chunk, column, number, num_rows));
    for (const std::size_t place : places) {
      texts[place] = ValueText(chunk, rows[place] % store::kChunkRows);
    }
  }
  return texts;
}

// Fills those of `texts` that are still absent from the first of `columns` that has a value.
absl::Status FillTexts(store::Store& store, store::Id project, store::Id owner,
                       const std::vector<store::ColumnRecord>& columns,
                       std::initializer_list<std::string_view> names, std::int64_t num_rows,
                       std::span<const std::int64_t> rows,
                       std::vector<std::optional<std::string>>& texts) {
  for (const std::string_view name : names) {
    const store::ColumnRecord* const column = FindColumn(columns, name);
    if (column == nullptr) {
      continue;
    }
    std::vector<std::int64_t> missing(rows.begin(), rows.end());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      missing[i] = texts[i].has_value() ? -1 : rows[i];
    }
    ASSAY_ASSIGN_OR_RETURN(auto values,
                           ReadTexts(store, project, owner, *column, num_rows, missing));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (values[i].has_value()) {
        texts[i] = std::move(values[i]);
      }
    }
  }
  return absl::OkStatus();
}

// Outputs for each of the examples `rows`, ascending.
absl::StatusOr<std::vector<std::vector<std::int64_t>>> FindOutputs(
    store::Store& store, const RunInputs& inputs, std::span<const std::int64_t> rows) {
  std::vector<std::vector<std::int64_t>> outputs(rows.size());
  if (inputs.outputs.is_aligned) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (rows[i] >= 0) {
        outputs[i].push_back(rows[i]);
      }
    }
    return outputs;
  }
  // A scan for a few examples costs less memory than an index of all.
  absl::flat_hash_map<std::int64_t, std::size_t> place_of;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] >= 0) {
      place_of[rows[i]] = i;
    }
  }
  std::int64_t output = 0;
  ASSAY_RETURN_IF_ERROR(ReadExampleRows(store, inputs, [&](std::int64_t example) {
    if (const auto found = place_of.find(example); found != place_of.end()) {
      outputs[found->second].push_back(output);
    }
    ++output;
  }));
  return outputs;
}

// The output to show of each example: its first that is no error, else its first; -1 for none.
// `errors` gets the texts of the errors that are shown.
absl::StatusOr<std::vector<std::int64_t>> ChooseOutputs(
    store::Store& store, const RunInputs& inputs,
    const std::vector<std::vector<std::int64_t>>& outputs,
    std::vector<std::optional<std::string>>& errors) {
  std::vector<std::int64_t> all;
  for (const auto& of_example : outputs) {
    all.insert(all.end(), of_example.begin(), of_example.end());
  }
  std::vector<std::optional<std::string>> all_errors(all.size());
  ASSAY_RETURN_IF_ERROR(FillTexts(store, inputs.project, inputs.outputs.id, inputs.output_columns,
                                  {"error"}, inputs.outputs.num_rows, all, all_errors));
  std::vector<std::int64_t> chosen(outputs.size(), -1);
  errors.assign(outputs.size(), std::nullopt);
  std::size_t next = 0;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    bool is_found = false;
    for (const std::int64_t output : outputs[i]) {
      std::optional<std::string>& error = all_errors[next++];
      const bool is_error = error.has_value() && !error->empty();
      if (!is_found && (!is_error || chosen[i] < 0)) {
        chosen[i] = output;
        errors[i] = is_error ? std::move(error) : std::nullopt;
        is_found = !is_error;
      }
    }
  }
  return chosen;
}

}  // namespace

absl::StatusOr<std::vector<ExampleText>> ReadExampleTexts(store::Store& store,
                                                          const RunInputs& inputs,
                                                          std::span<const std::int64_t> rows) {
  std::vector<ExampleText> examples(rows.size());
  const auto fill = [&](std::initializer_list<std::string_view> names,
                        const auto& put) -> absl::Status {
    std::vector<std::optional<std::string>> texts(rows.size());
    if (absl::Status status =
            FillTexts(store, inputs.project, inputs.dataset.id, inputs.example_columns, names,
                      inputs.dataset.num_rows, rows, texts);
        !status.ok()) {
      return status;
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (texts[i].has_value()) {
        put(examples[i], *std::move(texts[i]));
      }
    }
    return absl::OkStatus();
  };
  ASSAY_RETURN_IF_ERROR(
      fill({"key"}, [](ExampleText& example, std::string text) { example.key = std::move(text); }));
  ASSAY_RETURN_IF_ERROR(fill(
      {"input"}, [](ExampleText& example, std::string text) { example.input = std::move(text); }));
  ASSAY_RETURN_IF_ERROR(
      fill({"label", "references", "relevance"},
           [](ExampleText& example, std::string text) { example.expected = std::move(text); }));
  std::vector<std::string> cohorts;
  for (const store::ColumnRecord& column : inputs.example_columns) {
    if (column.name.starts_with("cohort.")) {
      cohorts.push_back(column.name);
    }
  }
  std::ranges::sort(cohorts);
  for (const std::string& name : cohorts) {
    ASSAY_RETURN_IF_ERROR(fill({name}, [&](ExampleText& example, const std::string& text) {
      example.cohorts.push_back(
          absl::StrFormat("%s=%s", name.substr(std::string_view("cohort.").size()), text));
    }));
  }
  return examples;
}

absl::StatusOr<std::vector<OutputText>> ReadOutputTexts(store::Store& store,
                                                        const RunInputs& inputs,
                                                        std::span<const std::int64_t> rows) {
  ASSAY_ASSIGN_OR_RETURN(const std::vector<std::vector<std::int64_t>> outputs,
                         FindOutputs(store, inputs, rows));
  std::vector<std::optional<std::string>> texts;
  ASSAY_ASSIGN_OR_RETURN(const std::vector<std::int64_t> chosen,
                         ChooseOutputs(store, inputs, outputs, texts));
  ASSAY_RETURN_IF_ERROR(FillTexts(store, inputs.project, inputs.outputs.id, inputs.output_columns,
                                  {"label", "text", "ranking"}, inputs.outputs.num_rows, chosen,
                                  texts));
  std::vector<std::optional<std::string>> traces(rows.size());
  ASSAY_RETURN_IF_ERROR(FillTexts(store, inputs.project, inputs.outputs.id, inputs.output_columns,
                                  {"trace_id"}, inputs.outputs.num_rows, chosen, traces));
  std::vector<OutputText> result(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    result[i].output = std::move(texts[i]).value_or("");
    result[i].trace_id = std::move(traces[i]).value_or("");
  }
  return result;
}

std::string Shortened(std::string_view text) {
  std::size_t num_characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (IsCharacterStart(text[i]) && num_characters++ == kMaxCharacters) {
      return std::string(text.substr(0, i)).append(kEllipsis);
    }
  }
  return std::string(text);
}

}  // namespace assay::run
