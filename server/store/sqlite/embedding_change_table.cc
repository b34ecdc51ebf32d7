#include "server/store/sqlite/embedding_change_table.h"

#include <cstddef>
#include <optional>
#include <string_view>

#include "server/base/status_macros.h"
#include "server/store/sqlite/statement.h"

namespace assay::store {
namespace {

constexpr std::string_view kInsert =
    "INSERT INTO embedding_changes (project_id, comparison_id, baseline_dimension, "
    "candidate_dimension, num_paired, num_sampled, num_neighbors, same_space, baseline_missing, "
    "baseline_zero, "
    "baseline_not_finite, candidate_missing, candidate_zero, candidate_not_finite, "
    "baseline_mean_norm, baseline_pairwise_cosine, baseline_effective_rank, "
    "baseline_participation, candidate_mean_norm, candidate_pairwise_cosine, "
    "candidate_effective_rank, candidate_participation, debiased_cka) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, "
    "$19, $20, $21, $22, $23)";
constexpr std::string_view kSelect =
    "SELECT baseline_dimension, candidate_dimension, num_paired, num_sampled, num_neighbors, "
    "same_space, "
    "baseline_missing, baseline_zero, baseline_not_finite, candidate_missing, candidate_zero, "
    "candidate_not_finite, baseline_mean_norm, baseline_pairwise_cosine, baseline_effective_rank, "
    "baseline_participation, candidate_mean_norm, candidate_pairwise_cosine, "
    "candidate_effective_rank, candidate_participation, debiased_cka "
    "FROM embedding_changes WHERE project_id = $1 AND comparison_id = $2";
constexpr std::string_view kInsertCell =
    "INSERT INTO embedding_change_cells (project_id, comparison_id, cell_no, cohort, num_rows, "
    "cosine, l2, neighbor_overlap, procrustes_residual) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
constexpr std::string_view kSelectCells =
    "SELECT cohort, num_rows, cosine, l2, neighbor_overlap, procrustes_residual "
    "FROM embedding_change_cells WHERE project_id = $1 AND comparison_id = $2 ORDER BY cell_no";

}  // namespace

absl::Status InsertEmbeddingChange(Database& database, Id project, Id comparison,
                                   const EmbeddingChangeRecord& change) {
  const EmbeddingSpread& before = change.baseline_spread;
  const EmbeddingSpread& after = change.candidate_spread;
  ASSAY_RETURN_IF_ERROR(RunOnce(
      database, kInsert, project, comparison, change.baseline_dimension, change.candidate_dimension,
      change.num_paired, change.num_sampled, change.num_neighbors, change.same_space,
      change.baseline_unusable.num_missing, change.baseline_unusable.num_zero,
      change.baseline_unusable.num_not_finite, change.candidate_unusable.num_missing,
      change.candidate_unusable.num_zero, change.candidate_unusable.num_not_finite,
      before.mean_norm, before.mean_pairwise_cosine, before.effective_rank,
      before.participation_ratio, after.mean_norm, after.mean_pairwise_cosine, after.effective_rank,
      after.participation_ratio, change.debiased_cka));
  ASSAY_ASSIGN_OR_RETURN(Statement insert, Statement::Prepare(database, kInsertCell));
  for (std::size_t i = 0; i < change.cells.size(); ++i) {
    const EmbeddingChangeCell& cell = change.cells[i];
    insert.Bind(project, comparison, i, cell.cohort, cell.num_rows, cell.cosine, cell.l2,
                cell.neighbor_overlap, cell.procrustes_residual);
    ASSAY_RETURN_IF_ERROR(insert.Run());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<EmbeddingChangeRecord>> SelectEmbeddingChange(Database& database,
                                                                           Id project,
                                                                           Id comparison) {
  ASSAY_ASSIGN_OR_RETURN(Statement select, Statement::Prepare(database, kSelect));
  select.Bind(project, comparison);
  ASSAY_ASSIGN_OR_RETURN(const bool found, select.Step());
  if (!found) {
    return std::nullopt;
  }
  EmbeddingChangeRecord change;
  EmbeddingSpread& before = change.baseline_spread;
  EmbeddingSpread& after = change.candidate_spread;
  ASSAY_RETURN_IF_ERROR(
      select.Read(change.baseline_dimension, change.candidate_dimension, change.num_paired,
                  change.num_sampled, change.num_neighbors, change.same_space,
                  change.baseline_unusable.num_missing, change.baseline_unusable.num_zero,
                  change.baseline_unusable.num_not_finite, change.candidate_unusable.num_missing,
                  change.candidate_unusable.num_zero, change.candidate_unusable.num_not_finite,
                  before.mean_norm, before.mean_pairwise_cosine, before.effective_rank,
                  before.participation_ratio, after.mean_norm, after.mean_pairwise_cosine,
                  after.effective_rank, after.participation_ratio, change.debiased_cka));
  ASSAY_ASSIGN_OR_RETURN(Statement cells, Statement::Prepare(database, kSelectCells));
  cells.Bind(project, comparison);
  ASSAY_RETURN_IF_ERROR(ForEachRow(cells, [&] {
    EmbeddingChangeCell& cell = change.cells.emplace_back();
    return cells.Read(cell.cohort, cell.num_rows, cell.cosine, cell.l2, cell.neighbor_overlap,
                      cell.procrustes_residual);
  }));
  return change;
}

}  // namespace assay::store
