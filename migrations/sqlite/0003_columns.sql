-- Columns of uploads, dataset versions, output sets and runs alike: the owner's id says whose.
CREATE TABLE columns (
  project_id INTEGER NOT NULL,
  owner_id INTEGER NOT NULL,
  column_no INTEGER NOT NULL CHECK (column_no >= 0),
  table_no INTEGER NOT NULL CHECK (table_no IN (1, 2)),
  name TEXT NOT NULL,
  type INTEGER NOT NULL,
  dimension INTEGER NOT NULL CHECK (dimension >= 0),
  null_count INTEGER NOT NULL CHECK (null_count >= 0),
  digest BLOB NOT NULL CHECK (length(digest) = 32),
  PRIMARY KEY (project_id, owner_id, column_no),
  UNIQUE (project_id, owner_id, table_no, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE column_chunks (
  project_id INTEGER NOT NULL,
  owner_id INTEGER NOT NULL,
  column_no INTEGER NOT NULL,
  chunk_no INTEGER NOT NULL CHECK (chunk_no >= 0),
  chunk_id INTEGER NOT NULL,
  PRIMARY KEY (project_id, owner_id, column_no, chunk_no)
) STRICT, WITHOUT ROWID;

-- For the sweep: is a chunk still in use?
CREATE INDEX column_chunks_by_chunk ON column_chunks (project_id, chunk_id);
