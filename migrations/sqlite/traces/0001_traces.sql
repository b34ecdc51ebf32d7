-- A trace has a short integer key of its own, so that its spans lie together and their keys are
-- small. Times are nanoseconds.
CREATE TABLE traces (
  id INTEGER NOT NULL PRIMARY KEY,
  project_id INTEGER NOT NULL,
  trace_id BLOB NOT NULL CHECK (length(trace_id) = 16),
  root_name TEXT NOT NULL,
  has_root INTEGER NOT NULL CHECK (has_root IN (0, 1)),
  start_ns INTEGER NOT NULL,
  end_ns INTEGER NOT NULL,
  num_spans INTEGER NOT NULL,
  num_errors INTEGER NOT NULL,
  resource TEXT NOT NULL,
  UNIQUE (project_id, trace_id)
) STRICT;

CREATE INDEX traces_by_id ON traces (project_id, id);

CREATE TABLE id_sequence (
  name TEXT NOT NULL PRIMARY KEY,
  next_id INTEGER NOT NULL CHECK (next_id > 0)
) STRICT, WITHOUT ROWID;

INSERT INTO id_sequence (name, next_id) VALUES ('id', 1);

-- Span names and resources repeat endlessly: each is kept once.
CREATE TABLE names (
  id INTEGER NOT NULL PRIMARY KEY,
  project_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  UNIQUE (project_id, name)
) STRICT;

-- attributes: pairs of key and value, each a length (u32, little-endian) and its bytes.
CREATE TABLE spans (
  project_id INTEGER NOT NULL,
  trace_key INTEGER NOT NULL,
  span_id BLOB NOT NULL CHECK (length(span_id) = 8),
  parent_span_id BLOB NOT NULL CHECK (length(parent_span_id) = 8),
  name_id INTEGER NOT NULL,
  start_ns INTEGER NOT NULL,
  duration_ns INTEGER NOT NULL,
  status INTEGER NOT NULL,
  status_message TEXT NOT NULL,
  attributes BLOB NOT NULL,
  resource_id INTEGER,
  PRIMARY KEY (project_id, trace_key, span_id)
) STRICT, WITHOUT ROWID;

-- From a run or a comparison to its traces; a trace may serve several.
CREATE TABLE trace_resources (
  project_id INTEGER NOT NULL,
  resource_id INTEGER NOT NULL,
  trace_key INTEGER NOT NULL,
  PRIMARY KEY (project_id, resource_id, trace_key)
) STRICT, WITHOUT ROWID;
