CREATE TABLE runs (
  id INTEGER NOT NULL PRIMARY KEY,
  project_id INTEGER NOT NULL,
  dataset_version_id INTEGER NOT NULL,
  output_set_id INTEGER NOT NULL,
  model_version_id INTEGER NOT NULL,
  row_filter TEXT NOT NULL,
  spec_digest BLOB NOT NULL CHECK (length(spec_digest) = 32),
  state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 5),
  error TEXT NOT NULL,
  num_rows INTEGER NOT NULL,
  shard_chunks INTEGER NOT NULL CHECK (shard_chunks >= 0),
  num_rows_done INTEGER NOT NULL,
  num_scored INTEGER NOT NULL,
  num_missing INTEGER NOT NULL,
  num_errors INTEGER NOT NULL,
  num_filtered INTEGER NOT NULL,
  result_digest BLOB CHECK (length(result_digest) = 32),
  trace_id TEXT NOT NULL,
  parent_span_id TEXT NOT NULL,
  request_id TEXT NOT NULL,
  build TEXT NOT NULL,
  isa TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  started_us INTEGER,
  ended_us INTEGER
) STRICT;

CREATE INDEX runs_by_id ON runs (project_id, id);
CREATE INDEX runs_by_spec ON runs (project_id, spec_digest, id);
CREATE UNIQUE INDEX runs_by_request ON runs (project_id, request_id) WHERE request_id <> '';

CREATE TABLE run_evaluators (
  project_id INTEGER NOT NULL,
  run_id INTEGER NOT NULL,
  position INTEGER NOT NULL,
  spec TEXT NOT NULL,
  PRIMARY KEY (project_id, run_id, position)
) STRICT, WITHOUT ROWID;

-- Doubles here and below are ANY: SQLite would turn -0.0 in a REAL column into 0.0, and what is
-- stored must be read back bit for bit.
CREATE TABLE run_metrics (
  project_id INTEGER NOT NULL,
  run_id INTEGER NOT NULL,
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
  PRIMARY KEY (project_id, run_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE run_notes (
  project_id INTEGER NOT NULL,
  run_id INTEGER NOT NULL,
  position INTEGER NOT NULL,
  note TEXT NOT NULL,
  PRIMARY KEY (project_id, run_id, position)
) STRICT, WITHOUT ROWID;

-- NULL is an undefined value, never zero.
CREATE TABLE run_summaries (
  project_id INTEGER NOT NULL,
  run_id INTEGER NOT NULL,
  position INTEGER NOT NULL,
  metric TEXT NOT NULL,
  cohort TEXT NOT NULL,
  value ANY CHECK (typeof(value) IN ('real', 'null')),
  num_rows INTEGER NOT NULL,
  num_undefined INTEGER NOT NULL,
  lower_bound ANY CHECK (typeof(lower_bound) IN ('real', 'null')),
  upper_bound ANY CHECK (typeof(upper_bound) IN ('real', 'null')),
  PRIMARY KEY (project_id, run_id, position)
) STRICT, WITHOUT ROWID;
