-- What happened to the embeddings between two runs: a row where both sides have them. Counts of
-- vectors without a direction, spreads, and the summaries that are no means of rows.
CREATE TABLE embedding_changes (
  project_id INTEGER NOT NULL,
  comparison_id INTEGER NOT NULL,
  baseline_dimension INTEGER NOT NULL,
  candidate_dimension INTEGER NOT NULL,
  num_paired INTEGER NOT NULL,
  num_sampled INTEGER NOT NULL,
  num_neighbors INTEGER NOT NULL,
  same_space INTEGER NOT NULL CHECK (same_space IN (0, 1)),
  baseline_missing INTEGER NOT NULL,
  baseline_zero INTEGER NOT NULL,
  baseline_not_finite INTEGER NOT NULL,
  candidate_missing INTEGER NOT NULL,
  candidate_zero INTEGER NOT NULL,
  candidate_not_finite INTEGER NOT NULL,
  baseline_mean_norm ANY NOT NULL CHECK (typeof(baseline_mean_norm) = 'real'),
  baseline_pairwise_cosine ANY CHECK (typeof(baseline_pairwise_cosine) IN ('real', 'null')),
  baseline_effective_rank ANY CHECK (typeof(baseline_effective_rank) IN ('real', 'null')),
  baseline_participation ANY CHECK (typeof(baseline_participation) IN ('real', 'null')),
  candidate_mean_norm ANY NOT NULL CHECK (typeof(candidate_mean_norm) = 'real'),
  candidate_pairwise_cosine ANY CHECK (typeof(candidate_pairwise_cosine) IN ('real', 'null')),
  candidate_effective_rank ANY CHECK (typeof(candidate_effective_rank) IN ('real', 'null')),
  candidate_participation ANY CHECK (typeof(candidate_participation) IN ('real', 'null')),
  debiased_cka ANY CHECK (typeof(debiased_cka) IN ('real', 'null')),
  PRIMARY KEY (project_id, comparison_id)
) STRICT, WITHOUT ROWID;

-- Means by row: cell 0 is all measured rows, the others are cohorts.
CREATE TABLE embedding_change_cells (
  project_id INTEGER NOT NULL,
  comparison_id INTEGER NOT NULL,
  cell_no INTEGER NOT NULL,
  cohort TEXT NOT NULL,
  num_rows INTEGER NOT NULL,
  cosine ANY CHECK (typeof(cosine) IN ('real', 'null')),
  l2 ANY CHECK (typeof(l2) IN ('real', 'null')),
  neighbor_overlap ANY CHECK (typeof(neighbor_overlap) IN ('real', 'null')),
  procrustes_residual ANY CHECK (typeof(procrustes_residual) IN ('real', 'null')),
  PRIMARY KEY (project_id, comparison_id, cell_no)
) STRICT, WITHOUT ROWID;
