#include "server/run/embedding_change.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "evaluators/metrics/embedding_change.h"
#include "server/base/status_macros.h"
#include "server/run/first_outputs.h"
#include "server/run/run_inputs.h"

namespace assay::run {
namespace {

constexpr std::string_view kEmbedding = "embedding";
constexpr std::string_view kSpaceKey = "embedding_space";
constexpr std::int64_t kNumNeighbors = 10;

// nullptr when the outputs have no vectors by that name. Refers to the inputs.
const store::ColumnRecord* FindEmbedding(const RunInputs& inputs) {
  const store::ColumnRecord* const column = FindColumn(inputs.output_columns, kEmbedding);
  const bool is_vector = column != nullptr && (column->type == ColumnType::kFloat32Vector ||
                                               column->type == ColumnType::kFloat64Vector);
  return is_vector && column->dimension > 0 ? column : nullptr;
}

// Components so large that their products overflow leave measures without a number.
std::optional<double> Finite(const std::optional<double>& value) {
  return value.has_value() && std::isfinite(*value) ? value : std::nullopt;
}

EmbeddingSpread Finite(const EmbeddingSpread& spread) {
  return {.mean_norm = spread.mean_norm,
          .mean_pairwise_cosine = Finite(spread.mean_pairwise_cosine),
          .effective_rank = Finite(spread.effective_rank),
          .participation_ratio = Finite(spread.participation_ratio)};
}

// Mean of `values` at positions `rows`; absent when there are no values or no rows.
std::optional<double> MeanAt(const std::vector<double>& values,
                             const std::vector<std::size_t>& rows) {
  if (values.empty() || rows.empty()) {
    return std::nullopt;
  }
  double sum = 0;
  for (const std::size_t row : rows) {
    sum += values[row];
  }
  return Finite(sum / static_cast<double>(rows.size()));
}

// `rows` are positions in change.rows.
store::EmbeddingChangeCell CellOf(const EmbeddingChange& change, std::string cohort,
                                  const std::vector<std::size_t>& rows) {
  return {.cohort = std::move(cohort),
          .num_rows = std::ssize(rows),
          .cosine = MeanAt(change.cosine, rows),
          .l2 = MeanAt(change.l2, rows),
          .neighbor_overlap = MeanAt(change.neighbor_overlap, rows),
          .procrustes_residual = MeanAt(change.procrustes_residual, rows)};
}

// `measured` are the candidate's rows behind change.rows.
void AddCohortCells(const EmbeddingChange& change, const std::vector<std::int64_t>& measured,
                    std::span<const CohortColumn> cohorts, store::EmbeddingChangeRecord& record) {
  for (const CohortColumn& cohort : cohorts) {
    std::vector<std::vector<std::size_t>> rows_of(cohort.values.size());
    for (std::size_t i = 0; i < measured.size(); ++i) {
      if (const std::int32_t value = cohort.value_of[static_cast<std::size_t>(measured[i])];
          value >= 0) {
        rows_of[static_cast<std::size_t>(value)].push_back(i);
      }
    }
    for (std::size_t value = 0; value < rows_of.size(); ++value) {
      if (!rows_of[value].empty()) {
        record.cells.push_back(CellOf(change, CohortName(cohort, value), rows_of[value]));
      }
    }
  }
}

// `rows` are the candidate's rows that were measured or found unusable.
store::EmbeddingChangeRecord ToRecord(const EmbeddingChange& change,
                                      const std::vector<std::int64_t>& rows,
                                      std::span<const CohortColumn> cohorts) {
  store::EmbeddingChangeRecord record;
  record.baseline_dimension = change.baseline_dimension;
  record.candidate_dimension = change.candidate_dimension;
  record.num_sampled = std::ssize(rows);
  record.num_neighbors = kNumNeighbors;
  record.baseline_unusable = change.baseline_unusable;
  record.candidate_unusable = change.candidate_unusable;
  record.baseline_spread = Finite(change.baseline_spread);
  record.candidate_spread = Finite(change.candidate_spread);
  record.debiased_cka = Finite(change.debiased_cka);
  std::vector<std::size_t> all(change.rows.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  record.cells.push_back(CellOf(change, "", all));
  std::vector<std::int64_t> measured;
  measured.reserve(change.rows.size());
  for (const std::int64_t row : change.rows) {
    measured.push_back(rows[static_cast<std::size_t>(row)]);
  }
  AddCohortCells(change, measured, cohorts, record);
  return record;
}

// Work that a stopped job would not use is left out, so that it ends soon.
ParallelFor Stoppable(const ParallelFor& parallel_for, const JobControl& control) {
  return [&](std::int64_t n, const std::function<void(std::int64_t)>& body) {
    parallel_for(n, [&](std::int64_t i) {
      if (control.reason() == StopReason::kNone) {
        body(i);
      }
    });
  };
}

}  // namespace

bool HaveOneSpace(const store::ModelVersionRecord& baseline,
                  const store::ModelVersionRecord& candidate) {
  const auto before = baseline.config.find(std::string(kSpaceKey));
  const auto after = candidate.config.find(std::string(kSpaceKey));
  if (before != baseline.config.end() && after != candidate.config.end()) {
    return before->second == after->second;
  }
  return !baseline.weights_digest.empty() && baseline.weights_digest == candidate.weights_digest;
}

absl::StatusOr<std::optional<store::EmbeddingChangeRecord>> MeasureEmbeddings(
    store::Store& store, store::Id project, const EmbeddingRequest& request,
    const ParallelFor& parallel_for, const JobControl& control) {
  const auto limit = [](const store::ColumnRecord& before, const store::ColumnRecord& after) {
    return std::min(kMaxEmbeddingRows,
                    kMaxEmbeddingValues / std::max(before.dimension, after.dimension));
  };
  ASSAY_ASSIGN_OR_RETURN(const std::optional<PairedOutputs> vectors,
                         ReadPairedOutputs(store, project,
                                           {.baseline = request.baseline,
                                            .candidate = request.candidate,
                                            .pairing = request.pairing,
                                            .is_paired = request.is_paired},
                                           FindEmbedding, limit, control));
  if (!vectors.has_value()) {
    return std::nullopt;
  }
  const bool same_space = vectors->baseline.dimension == vectors->candidate.dimension &&
                          HaveOneSpace(request.baseline.model, request.candidate.model);
  ASSAY_ASSIGN_OR_RETURN(const EmbeddingChange change,
                         MeasureEmbeddingChange(vectors->baseline, vectors->candidate,
                                                {.k = kNumNeighbors, .same_space = same_space},
                                                Stoppable(parallel_for, control)));
  ASSAY_RETURN_IF_ERROR(control.Check());
  store::EmbeddingChangeRecord record = ToRecord(change, vectors->rows, request.cohorts);
  record.num_paired = std::ranges::count(request.is_paired, std::uint8_t{1});
  record.same_space = same_space;
  return record;
}

}  // namespace assay::run
