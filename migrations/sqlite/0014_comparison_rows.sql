-- Which examples flipped between right and wrong, one bit each from the lowest of the first byte, so
-- that a row can be asked how often it flipped of late. Output sets tell apart what was compared.
CREATE TABLE comparison_flips (
  project_id INTEGER NOT NULL,
  dataset_version_id INTEGER NOT NULL,
  comparison_id INTEGER NOT NULL,
  baseline_output_set_id INTEGER NOT NULL,
  candidate_output_set_id INTEGER NOT NULL,
  bits BLOB NOT NULL,
  PRIMARY KEY (project_id, dataset_version_id, comparison_id)
) STRICT;

-- The worst rows of a metric as they are shown. Texts lie scattered over large chunks, and these rows
-- are asked for first.
CREATE TABLE comparison_row_lists (
  project_id INTEGER NOT NULL,
  comparison_id INTEGER NOT NULL,
  metric TEXT NOT NULL,
  num_rows INTEGER NOT NULL,
  num_broken INTEGER NOT NULL,
  PRIMARY KEY (project_id, comparison_id, metric)
) STRICT, WITHOUT ROWID;

CREATE TABLE comparison_rows (
  project_id INTEGER NOT NULL,
  comparison_id INTEGER NOT NULL,
  metric TEXT NOT NULL,
  position INTEGER NOT NULL,
  row_number INTEGER NOT NULL,
  key TEXT NOT NULL,
  bucket INTEGER NOT NULL,
  baseline_score ANY CHECK (typeof(baseline_score) IN ('real', 'null')),
  candidate_score ANY CHECK (typeof(candidate_score) IN ('real', 'null')),
  input TEXT NOT NULL,
  expected TEXT NOT NULL,
  baseline_output TEXT NOT NULL,
  candidate_output TEXT NOT NULL,
  baseline_trace_id TEXT NOT NULL,
  candidate_trace_id TEXT NOT NULL,
  -- "COLUMN=VALUE", a line each.
  cohorts TEXT NOT NULL,
  PRIMARY KEY (project_id, comparison_id, metric, position)
) STRICT, WITHOUT ROWID;
