-- The whole verdict: policy, budgets, changed answers, slices and what the numbers rest on.
-- Comparisons stored before had neither budgets nor claims, corrected by Holm and needed 30 rows.
ALTER TABLE comparisons ADD COLUMN policy_source TEXT NOT NULL DEFAULT '';
ALTER TABLE comparisons ADD COLUMN correction INTEGER NOT NULL DEFAULT 1;
ALTER TABLE comparisons ADD COLUMN min_rows INTEGER NOT NULL DEFAULT 30;
ALTER TABLE comparisons ADD COLUMN min_coverage ANY CHECK (typeof(min_coverage) IN ('real', 'null'));
ALTER TABLE comparisons ADD COLUMN max_error_rate ANY
  CHECK (typeof(max_error_rate) IN ('real', 'null'));
ALTER TABLE comparisons ADD COLUMN find_slices INTEGER NOT NULL DEFAULT 0
  CHECK (find_slices IN (0, 1));
-- The baseline that named the first run; 0: none.
ALTER TABLE comparisons ADD COLUMN baseline_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE comparisons ADD COLUMN claim TEXT NOT NULL DEFAULT '';
ALTER TABLE comparisons ADD COLUMN num_changed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE comparisons ADD COLUMN coverage ANY CHECK (typeof(coverage) IN ('real', 'null'));
ALTER TABLE comparisons ADD COLUMN baseline_error_rate ANY
  CHECK (typeof(baseline_error_rate) IN ('real', 'null'));
ALTER TABLE comparisons ADD COLUMN candidate_error_rate ANY
  CHECK (typeof(candidate_error_rate) IN ('real', 'null'));
-- Empty: the outputs have no answer in common.
ALTER TABLE comparisons ADD COLUMN behavior_column TEXT NOT NULL DEFAULT '';
ALTER TABLE comparisons ADD COLUMN behavior_rows INTEGER NOT NULL DEFAULT 0;
ALTER TABLE comparisons ADD COLUMN behavior_changed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE comparisons ADD COLUMN behavior_lower ANY
  CHECK (typeof(behavior_lower) IN ('real', 'null'));
ALTER TABLE comparisons ADD COLUMN behavior_upper ANY
  CHECK (typeof(behavior_upper) IN ('real', 'null'));
ALTER TABLE comparisons ADD COLUMN seed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE comparisons ADD COLUMN num_draws INTEGER NOT NULL DEFAULT 0;
-- Empty: no search was made.
ALTER TABLE comparisons ADD COLUMN slice_metric TEXT NOT NULL DEFAULT '';
ALTER TABLE comparisons ADD COLUMN slice_seed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE comparisons ADD COLUMN slice_min_rows INTEGER NOT NULL DEFAULT 0;
ALTER TABLE comparisons ADD COLUMN slices_considered INTEGER NOT NULL DEFAULT 0;

-- kind 1: fields that the claim lets change; 2: pairs of cohort columns; 3: warnings.
CREATE TABLE comparison_texts (
  project_id INTEGER NOT NULL,
  comparison_id INTEGER NOT NULL,
  kind INTEGER NOT NULL CHECK (kind IN (1, 2, 3)),
  position INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (project_id, comparison_id, kind, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE comparison_budgets (
  project_id INTEGER NOT NULL,
  comparison_id INTEGER NOT NULL,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  limit_value ANY NOT NULL CHECK (typeof(limit_value) = 'real'),
  value ANY CHECK (typeof(value) IN ('real', 'null')),
  verdict INTEGER NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (project_id, comparison_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE comparison_slices (
  project_id INTEGER NOT NULL,
  comparison_id INTEGER NOT NULL,
  position INTEGER NOT NULL,
  cohort TEXT NOT NULL,
  metric TEXT NOT NULL,
  num_search_rows INTEGER NOT NULL,
  search_delta ANY CHECK (typeof(search_delta) IN ('real', 'null')),
  num_test_rows INTEGER NOT NULL,
  delta ANY CHECK (typeof(delta) IN ('real', 'null')),
  lower_bound ANY CHECK (typeof(lower_bound) IN ('real', 'null')),
  upper_bound ANY CHECK (typeof(upper_bound) IN ('real', 'null')),
  p ANY CHECK (typeof(p) IN ('real', 'null')),
  q ANY CHECK (typeof(q) IN ('real', 'null')),
  PRIMARY KEY (project_id, comparison_id, position)
) STRICT, WITHOUT ROWID;

-- limit_kind 1: max_drop, 2: max_relative_drop, 3: max_increase, 4: max_relative_increase,
-- 5: max_flips, 6: max_changed. alpha and min_rows are NULL when the policy's count.
ALTER TABLE comparison_gates RENAME COLUMN max_drop TO limit_value;
ALTER TABLE comparison_gates ADD COLUMN limit_kind INTEGER NOT NULL DEFAULT 1;
ALTER TABLE comparison_gates ADD COLUMN alpha ANY CHECK (typeof(alpha) IN ('real', 'null'));
ALTER TABLE comparison_gates ADD COLUMN min_rows INTEGER;
ALTER TABLE comparison_gates ADD COLUMN margin ANY CHECK (typeof(margin) IN ('real', 'null'));
ALTER TABLE comparison_gates ADD COLUMN baseline ANY CHECK (typeof(baseline) IN ('real', 'null'));
ALTER TABLE comparison_gates ADD COLUMN candidate ANY CHECK (typeof(candidate) IN ('real', 'null'));
ALTER TABLE comparison_gates ADD COLUMN method TEXT NOT NULL DEFAULT '';

ALTER TABLE comparison_cells ADD COLUMN standard_error ANY
  CHECK (typeof(standard_error) IN ('real', 'null'));
ALTER TABLE comparison_cells ADD COLUMN permutation_p ANY
  CHECK (typeof(permutation_p) IN ('real', 'null'));
ALTER TABLE comparison_cells ADD COLUMN num_clusters INTEGER NOT NULL DEFAULT 0;
ALTER TABLE comparison_cells ADD COLUMN note TEXT NOT NULL DEFAULT '';
ALTER TABLE comparison_cells ADD COLUMN num_draws INTEGER NOT NULL DEFAULT 0;
ALTER TABLE comparison_cells ADD COLUMN seed INTEGER NOT NULL DEFAULT 0;

-- Differences of kind 3: fields that a claim needs and a side does not declare.
CREATE TABLE new_comparison_differences (
  project_id INTEGER NOT NULL,
  comparison_id INTEGER NOT NULL,
  kind INTEGER NOT NULL CHECK (kind IN (1, 2, 3)),
  position INTEGER NOT NULL,
  field TEXT NOT NULL,
  baseline TEXT NOT NULL,
  candidate TEXT NOT NULL,
  PRIMARY KEY (project_id, comparison_id, kind, position)
) STRICT, WITHOUT ROWID;
INSERT INTO new_comparison_differences SELECT * FROM comparison_differences;
DROP TABLE comparison_differences;
ALTER TABLE new_comparison_differences RENAME TO comparison_differences;
