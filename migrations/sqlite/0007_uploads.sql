-- Rows on their way in. A committed upload stays, so that a repeated commit finds its answer.
CREATE TABLE uploads (
  id INTEGER NOT NULL PRIMARY KEY,
  project_id INTEGER NOT NULL,
  kind INTEGER NOT NULL CHECK (kind IN (1, 2)),
  state INTEGER NOT NULL CHECK (state IN (1, 2)),
  dataset_name TEXT NOT NULL,
  dataset_version_id INTEGER NOT NULL,
  model_version_id INTEGER NOT NULL,
  machine TEXT NOT NULL,
  next_sequence INTEGER NOT NULL CHECK (next_sequence >= 0),
  num_rows INTEGER NOT NULL CHECK (num_rows >= 0),
  num_documents INTEGER NOT NULL CHECK (num_documents >= 0),
  result_id INTEGER NOT NULL,
  already_existed INTEGER NOT NULL CHECK (already_existed IN (0, 1)),
  request_id TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX uploads_by_request ON uploads (project_id, request_id) WHERE request_id <> '';
CREATE INDEX uploads_by_age ON uploads (state, updated_us);

-- What each stored batch held, to tell a repeated batch from another one under the same number.
CREATE TABLE upload_batches (
  project_id INTEGER NOT NULL,
  upload_id INTEGER NOT NULL,
  sequence INTEGER NOT NULL CHECK (sequence >= 0),
  content BLOB NOT NULL CHECK (length(content) = 32),
  PRIMARY KEY (project_id, upload_id, sequence)
) STRICT, WITHOUT ROWID;
