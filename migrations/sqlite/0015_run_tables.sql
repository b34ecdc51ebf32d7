-- Results of a run that are no single number: confusion matrices, reliability bins.
CREATE TABLE run_tables (
  project_id INTEGER NOT NULL,
  run_id INTEGER NOT NULL,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  PRIMARY KEY (project_id, run_id, position),
  UNIQUE (project_id, run_id, name)
) STRICT, WITHOUT ROWID;

-- Their columns, cut and encoded as chunks are; kept apart from those, which are shared by content
-- and aligned to the rows of a dataset version.
CREATE TABLE run_table_chunks (
  project_id INTEGER NOT NULL,
  run_id INTEGER NOT NULL,
  position INTEGER NOT NULL,
  column_no INTEGER NOT NULL CHECK (column_no >= 0),
  chunk_no INTEGER NOT NULL CHECK (chunk_no >= 0),
  name TEXT NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (project_id, run_id, position, column_no, chunk_no)
) STRICT, WITHOUT ROWID;
