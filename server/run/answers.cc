#include "server/run/answers.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>

#include "server/base/key_hash.h"
#include "server/base/status_macros.h"
#include "server/run/output_index.h"
#include "server/run/parallel_for.h"
#include "server/run/row_hash.h"
#include "server/run/score_columns.h"

namespace assay::run {
namespace {

// First document of a ranking: the highest score, among equals the last id in byte order.
std::uint64_t FirstDocumentHash(const Column& ranking, std::int64_t row) {
  const std::int64_t begin = ranking.ListBegin(row);
  std::int64_t first = begin;
  for (std::int64_t item = begin; item < ranking.ListEnd(row); ++item) {
    const double score = ranking.doubles[static_cast<std::size_t>(item)];
    const double best = ranking.doubles[static_cast<std::size_t>(first)];
    if (score > best || (score == best && ranking.Text(item) > ranking.Text(first))) {
      first = item;
    }
  }
  return begin == ranking.ListEnd(row) ? 0 : KeyHash(ranking.Text(first));
}

std::uint64_t AnswerHash(const Column& column, std::int64_t row) {
  if (!column.IsValid(row)) {
    return 0;
  }
  return column.type == ColumnType::kRanking ? FirstDocumentHash(column, row)
                                             : ValueHash(column, row);
}

// Answers by output; 0 for an error.
absl::StatusOr<std::vector<std::uint64_t>> AnswersByOutput(store::Store& store,
                                                           const RunInputs& inputs,
                                                           const store::ColumnRecord& answer,
                                                           const ParallelFor& parallel_for) {
  const store::ColumnRecord* const error = FindColumn(inputs.output_columns, "error");
  const std::int64_t num_rows = inputs.outputs.num_rows;
  std::vector<std::uint64_t> answers(static_cast<std::size_t>(num_rows));
  const auto read_chunk = [&](std::int64_t number) -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(
        const Column chunk,
        store.columns().ReadChunk(inputs.project, inputs.outputs.id, answer, number));
    ASSAY_RETURN_IF_ERROR(CheckChunk(chunk, answer, number, num_rows));
    Column errors;
    if (error != nullptr) {
      ASSAY_ASSIGN_OR_RETURN(
          errors, store.columns().ReadChunk(inputs.project, inputs.outputs.id, *error, number));
      ASSAY_RETURN_IF_ERROR(CheckChunk(errors, *error, number, num_rows));
    }
    for (std::int64_t row = 0; row < chunk.num_rows; ++row) {
      const bool has_failed = error != nullptr && errors.IsValid(row);
      answers[static_cast<std::size_t>(number * store::kChunkRows + row)] =
          has_failed ? 0 : AnswerHash(chunk, row);
    }
    return absl::OkStatus();
  };
  ASSAY_RETURN_IF_ERROR(
      ForEach(parallel_for, (num_rows + store::kChunkRows - 1) / store::kChunkRows, read_chunk));
  return answers;
}

// The most frequent answer among `outputs`, the earlier of two.
std::uint64_t MostFrequent(std::span<const std::int32_t> outputs,
                           const std::vector<std::uint64_t>& answers) {
  std::uint64_t best = 0;
  std::ptrdiff_t most = 0;
  for (const std::int32_t output : outputs) {
    const std::uint64_t answer = answers[static_cast<std::size_t>(output)];
    if (answer == 0) {
      continue;
    }
    const std::ptrdiff_t count = std::ranges::count_if(outputs, [&](std::int32_t other) {
      return answers[static_cast<std::size_t>(other)] == answer;
    });
    if (count > most) {
      most = count;
      best = answer;
    }
  }
  return best;
}

}  // namespace

std::string AnswerColumn(const RunInputs& baseline, const RunInputs& candidate) {
  constexpr std::pair<std::string_view, ColumnType> kAnswers[] = {
      {"label", ColumnType::kText}, {"ranking", ColumnType::kRanking}, {"text", ColumnType::kText}};
  for (const auto& [name, type] : kAnswers) {
    const store::ColumnRecord* const before = FindColumn(baseline.output_columns, name);
    const store::ColumnRecord* const after = FindColumn(candidate.output_columns, name);
    if (before != nullptr && after != nullptr && before->type == type && after->type == type) {
      return std::string(name);
    }
  }
  return "";
}

absl::StatusOr<std::vector<std::uint64_t>> LoadAnswers(store::Store& store, const RunInputs& inputs,
                                                       const std::string& column,
                                                       const ParallelFor& parallel_for) {
  const store::ColumnRecord* const answer = FindColumn(inputs.output_columns, column);
  if (answer == nullptr) {
    return std::vector<std::uint64_t>(static_cast<std::size_t>(inputs.dataset.num_rows), 0);
  }
  ASSAY_ASSIGN_OR_RETURN(std::vector<std::uint64_t> by_output,
                         AnswersByOutput(store, inputs, *answer, parallel_for));
  if (inputs.outputs.is_aligned) {
    return by_output;
  }
  ASSAY_ASSIGN_OR_RETURN(const OutputIndex index, OutputIndex::Load(store, inputs));
  std::vector<std::uint64_t> by_example(static_cast<std::size_t>(inputs.dataset.num_rows), 0);
  for (std::int64_t example = 0; example < inputs.dataset.num_rows; ++example) {
    by_example[static_cast<std::size_t>(example)] =
        MostFrequent(index.OutputsOf(example), by_output);
  }
  return by_example;
}

}  // namespace assay::run
