CREATE TABLE comparisons (
  id INTEGER NOT NULL PRIMARY KEY,
  project_id INTEGER NOT NULL,
  baseline_run_id INTEGER NOT NULL,
  candidate_run_id INTEGER NOT NULL,
  alpha ANY NOT NULL CHECK (typeof(alpha) = 'real'),
  allow_confounded INTEGER NOT NULL CHECK (allow_confounded IN (0, 1)),
  spec_digest BLOB NOT NULL CHECK (length(spec_digest) = 32),
  state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 5),
  error TEXT NOT NULL,
  fairness INTEGER NOT NULL,
  num_paired INTEGER NOT NULL,
  num_only_baseline INTEGER NOT NULL,
  num_only_candidate INTEGER NOT NULL,
  num_baseline_errors INTEGER NOT NULL,
  num_candidate_errors INTEGER NOT NULL,
  identical_outputs INTEGER NOT NULL CHECK (identical_outputs IN (0, 1)),
  flip_metric TEXT NOT NULL,
  num_broken INTEGER NOT NULL,
  num_fixed INTEGER NOT NULL,
  num_both_wrong INTEGER NOT NULL,
  num_both_right INTEGER NOT NULL,
  verdict INTEGER NOT NULL,
  summary TEXT NOT NULL,
  exit_code INTEGER NOT NULL,
  trace_id TEXT NOT NULL,
  parent_span_id TEXT NOT NULL,
  request_id TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  ended_us INTEGER
) STRICT;

CREATE INDEX comparisons_by_id ON comparisons (project_id, id);
CREATE INDEX comparisons_by_spec ON comparisons (project_id, spec_digest, id);
CREATE UNIQUE INDEX comparisons_by_request ON comparisons (project_id, request_id)
WHERE request_id <> '';

-- kind 1: a field that makes the comparison unfair; 2: a difference between the models.
CREATE TABLE comparison_differences (
  project_id INTEGER NOT NULL,
  comparison_id INTEGER NOT NULL,
  kind INTEGER NOT NULL CHECK (kind IN (1, 2)),
  position INTEGER NOT NULL,
  field TEXT NOT NULL,
  baseline TEXT NOT NULL,
  candidate TEXT NOT NULL,
  PRIMARY KEY (project_id, comparison_id, kind, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE comparison_metrics (
  project_id INTEGER NOT NULL,
  comparison_id INTEGER NOT NULL,
  position INTEGER NOT NULL,
  metric TEXT NOT NULL,
  definition TEXT NOT NULL,
  direction INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  lowest ANY NOT NULL CHECK (typeof(lowest) = 'real'),
  highest ANY NOT NULL CHECK (typeof(highest) = 'real'),
  unit TEXT NOT NULL,
  formula TEXT NOT NULL,
  undefined TEXT NOT NULL,
  source TEXT NOT NULL,
  PRIMARY KEY (project_id, comparison_id, position)
) STRICT, WITHOUT ROWID;

-- Cell 0 of a metric is all paired rows, the others are its cohorts in their stored order.
CREATE TABLE comparison_cells (
  project_id INTEGER NOT NULL,
  comparison_id INTEGER NOT NULL,
  metric_no INTEGER NOT NULL,
  cell_no INTEGER NOT NULL,
  cohort TEXT NOT NULL,
  num_rows INTEGER NOT NULL,
  baseline ANY CHECK (typeof(baseline) IN ('real', 'null')),
  candidate ANY CHECK (typeof(candidate) IN ('real', 'null')),
  delta ANY CHECK (typeof(delta) IN ('real', 'null')),
  lower_bound ANY CHECK (typeof(lower_bound) IN ('real', 'null')),
  upper_bound ANY CHECK (typeof(upper_bound) IN ('real', 'null')),
  p ANY CHECK (typeof(p) IN ('real', 'null')),
  q ANY CHECK (typeof(q) IN ('real', 'null')),
  method TEXT NOT NULL,
  effect_size ANY CHECK (typeof(effect_size) IN ('real', 'null')),
  minimum_detectable_effect ANY CHECK (typeof(minimum_detectable_effect) IN ('real', 'null')),
  num_worse INTEGER NOT NULL,
  num_better INTEGER NOT NULL,
  PRIMARY KEY (project_id, comparison_id, metric_no, cell_no)
) STRICT, WITHOUT ROWID;

-- kind 1: as asked for; 2: as judged.
CREATE TABLE comparison_gates (
  project_id INTEGER NOT NULL,
  comparison_id INTEGER NOT NULL,
  kind INTEGER NOT NULL CHECK (kind IN (1, 2)),
  position INTEGER NOT NULL,
  metric TEXT NOT NULL,
  cohort TEXT NOT NULL,
  max_drop ANY NOT NULL CHECK (typeof(max_drop) = 'real'),
  tier INTEGER NOT NULL,
  verdict INTEGER NOT NULL,
  delta ANY CHECK (typeof(delta) IN ('real', 'null')),
  lower_bound ANY CHECK (typeof(lower_bound) IN ('real', 'null')),
  upper_bound ANY CHECK (typeof(upper_bound) IN ('real', 'null')),
  p ANY CHECK (typeof(p) IN ('real', 'null')),
  p_adjusted ANY CHECK (typeof(p_adjusted) IN ('real', 'null')),
  num_rows INTEGER NOT NULL,
  rows_needed INTEGER,
  reason TEXT NOT NULL,
  PRIMARY KEY (project_id, comparison_id, kind, position)
) STRICT, WITHOUT ROWID;
