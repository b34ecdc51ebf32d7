#include "server/api/embedding_change_convert.h"

#include <cstdint>

#include "server/api/set_optional.h"

namespace assay::api {
namespace {

void ToProto(const UnusableVectors& from, v1::UnusableVectors& to) {
  to.set_num_missing(from.num_missing);
  to.set_num_zero(from.num_zero);
  to.set_num_not_finite(from.num_not_finite);
}

// Of at least one example.
void ToProto(const EmbeddingSpread& from, v1::EmbeddingSpread& to) {
  using Spread = v1::EmbeddingSpread;
  to.set_mean_norm(from.mean_norm);
  SetOptional(from.mean_pairwise_cosine, to, &Spread::set_mean_pairwise_cosine);
  SetOptional(from.effective_rank, to, &Spread::set_effective_rank);
  SetOptional(from.participation_ratio, to, &Spread::set_participation_ratio);
}

void ToProto(const store::EmbeddingChangeCell& from, v1::EmbeddingChangeCell& to) {
  using Cell = v1::EmbeddingChangeCell;
  to.set_cohort(from.cohort);
  to.set_num_rows(from.num_rows);
  SetOptional(from.cosine, to, &Cell::set_cosine);
  SetOptional(from.l2, to, &Cell::set_l2);
  SetOptional(from.neighbor_overlap, to, &Cell::set_neighbor_overlap);
  SetOptional(from.procrustes_residual, to, &Cell::set_procrustes_residual);
}

}  // namespace

void ToProto(const store::EmbeddingChangeRecord& from, v1::EmbeddingChange& to) {
  to.set_baseline_dimension(from.baseline_dimension);
  to.set_candidate_dimension(from.candidate_dimension);
  to.set_num_paired(from.num_paired);
  to.set_num_sampled(from.num_sampled);
  to.set_num_neighbors(static_cast<std::int32_t>(from.num_neighbors));
  to.set_same_space(from.same_space);
  ToProto(from.baseline_unusable, *to.mutable_baseline_unusable());
  ToProto(from.candidate_unusable, *to.mutable_candidate_unusable());
  if (!from.cells.empty() && from.cells[0].num_rows > 0) {
    ToProto(from.baseline_spread, *to.mutable_baseline_spread());
    ToProto(from.candidate_spread, *to.mutable_candidate_spread());
  }
  SetOptional(from.debiased_cka, to, &v1::EmbeddingChange::set_debiased_cka);
  for (const store::EmbeddingChangeCell& cell : from.cells) {
    ToProto(cell, *to.add_cells());
  }
}

}  // namespace assay::api
