#include "server/run/corpus_metrics.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <memory>
#include <utility>

#include "server/base/status_macros.h"
#include "server/run/parallel_for.h"

namespace assay::run {
namespace {

// The chunks are cut into this many pieces, measured apart and merged in order.
constexpr std::int64_t kPieces = 8;

// States of one evaluator: overall, then a cohort value each.
struct EvaluatorStates {
  const Evaluator* evaluator = nullptr;
  std::vector<std::unique_ptr<CorpusState>> states;
  std::vector<std::int64_t> num_rows;
};

// Rows of a block by the cell they count in: all of them, then by cohort value.
class CellRows {
 public:
  explicit CellRows(std::span<const CohortColumn> cohorts) : cohorts_(cohorts) {
    std::size_t num_cells = 1;
    for (const CohortColumn& cohort : cohorts) {
      num_cells += cohort.values.size();
    }
    rows_.resize(num_cells);
    num_examples_.resize(num_cells);
  }

  std::size_t num_cells() const { return rows_.size(); }
  const std::vector<std::int64_t>& rows(std::size_t cell) const { return rows_[cell]; }
  std::int64_t num_examples(std::size_t cell) const { return num_examples_[cell]; }

  void Split(const LinedUpRows& rows, std::int64_t first_row,
             std::span<const std::uint8_t> takes_part) {
    for (std::size_t cell = 0; cell < rows_.size(); ++cell) {
      rows_[cell].clear();
      num_examples_[cell] = 0;
    }
    for (std::size_t i = 0; i < rows.examples.size(); ++i) {
      const auto example = static_cast<std::size_t>(first_row + rows.examples[i]);
      if (!takes_part.empty() && takes_part[example] == 0) {
        continue;
      }
      const bool is_first = i == 0 || rows.examples[i] != rows.examples[i - 1];
      Put(0, i, is_first);
      std::size_t base = 1;
      for (const CohortColumn& cohort : cohorts_) {
        if (const std::int32_t value = cohort.value_of[example]; value >= 0) {
          Put(base + static_cast<std::size_t>(value), i, is_first);
        }
        base += cohort.values.size();
      }
    }
  }

 private:
  void Put(std::size_t cell, std::size_t row, bool is_first) {
    rows_[cell].push_back(static_cast<std::int64_t>(row));
    num_examples_[cell] += is_first ? 1 : 0;
  }

  const std::span<const CohortColumn> cohorts_;
  std::vector<std::vector<std::int64_t>> rows_;
  std::vector<std::int64_t> num_examples_;
};

void AddBlock(const RowBlock& block, std::span<const std::uint8_t> takes_part, CellRows& cells,
              EvaluatorStates& states) {
  const LinedUpRows& rows = block.Rows(states.evaluator->ScoresMissingOutputs());
  cells.Split(rows, block.first_row, takes_part);
  const EvaluationBatch batch = rows.Batch();
  for (std::size_t cell = 0; cell < cells.num_cells(); ++cell) {
    if (!cells.rows(cell).empty()) {
      states.states[cell]->Add(batch, cells.rows(cell));
      states.num_rows[cell] += cells.num_examples(cell);
    }
  }
}

void AppendValues(const EvaluatorStates& states, std::vector<CorpusValues>& values) {
  const std::size_t first = values.size();
  for (const MetricDescriptor& metric : states.evaluator->metrics()) {
    if (metric.kind == MetricKind::kCorpus) {
      values.push_back({.metric = metric, .values = {}, .num_rows = states.num_rows});
    }
  }
  for (const auto& state : states.states) {
    const std::vector<std::optional<double>> cell = state->Values();
    for (std::size_t i = first; i < values.size(); ++i) {
      values[i].values.push_back(i - first < cell.size() ? cell[i - first] : std::nullopt);
    }
  }
}

std::vector<const Evaluator*> CorpusEvaluators(const PreparedRun& prepared) {
  std::vector<const Evaluator*> evaluators;
  for (const auto& evaluator : prepared.evaluators) {
    if (evaluator->NewCorpusState() != nullptr) {
      evaluators.push_back(evaluator.get());
    }
  }
  return evaluators;
}

std::vector<EvaluatorStates> FreshStates(const std::vector<const Evaluator*>& evaluators,
                                         std::size_t num_cells) {
  std::vector<EvaluatorStates> all_states;
  for (const Evaluator* const evaluator : evaluators) {
    EvaluatorStates& states = all_states.emplace_back();
    states.evaluator = evaluator;
    states.num_rows.resize(num_cells);
    for (std::size_t cell = 0; cell < num_cells; ++cell) {
      states.states.push_back(evaluator->NewCorpusState());
    }
  }
  return all_states;
}

// Adds states of later rows.
void MergeStates(const EvaluatorStates& later, EvaluatorStates& states) {
  for (std::size_t cell = 0; cell < states.states.size(); ++cell) {
    states.states[cell]->Merge(*later.states[cell]);
    states.num_rows[cell] += later.num_rows[cell];
  }
}

}  // namespace

absl::StatusOr<std::vector<CorpusValues>> MeasureCorpus(
    store::Store& store, const PreparedRun& prepared, std::span<const CohortColumn> cohorts,
    std::span<const std::uint8_t> takes_part, const ParallelFor& parallel_for,
    const JobControl& control, std::vector<ResultTable>* tables) {
  const std::vector<const Evaluator*> evaluators = CorpusEvaluators(prepared);
  std::vector<CorpusValues> values;
  if (evaluators.empty()) {
    return values;
  }
  const std::int64_t num_chunks = prepared.inputs->num_chunks();
  std::vector<std::vector<EvaluatorStates>> pieces(kPieces);
  const auto measure_piece = [&](std::int64_t piece) -> absl::Status {
    CellRows cells(cohorts);
    std::vector<EvaluatorStates>& states = pieces[static_cast<std::size_t>(piece)];
    states = FreshStates(evaluators, cells.num_cells());
    RowSource source = prepared.Source(store, evaluators);
    for (std::int64_t chunk = num_chunks * piece / kPieces;
         chunk < num_chunks * (piece + 1) / kPieces; ++chunk) {
      ASSAY_RETURN_IF_ERROR(control.Check());
      ASSAY_ASSIGN_OR_RETURN(const RowBlock block, source.Read(chunk));
      for (EvaluatorStates& evaluator_states : states) {
        AddBlock(block, takes_part, cells, evaluator_states);
      }
    }
    return absl::OkStatus();
  };
  ASSAY_RETURN_IF_ERROR(ForEach(parallel_for, kPieces, measure_piece));
  for (std::size_t i = 0; i < evaluators.size(); ++i) {
    for (std::size_t piece = 1; piece < pieces.size(); ++piece) {
      MergeStates(pieces[piece][i], pieces[0][i]);
    }
    AppendValues(pieces[0][i], values);
    if (tables != nullptr) {
      std::ranges::move(pieces[0][i].states[0]->Tables(), std::back_inserter(*tables));
    }
  }
  return values;
}

}  // namespace assay::run
