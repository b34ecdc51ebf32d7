-- What one model version answered on one dataset version. The content digest covers the columns
-- alone, so that equal answers of two models are seen to be equal.
CREATE TABLE output_sets (
  id INTEGER NOT NULL PRIMARY KEY,
  project_id INTEGER NOT NULL,
  dataset_version_id INTEGER NOT NULL,
  model_version_id INTEGER NOT NULL,
  digest BLOB NOT NULL CHECK (length(digest) = 32),
  content_digest BLOB NOT NULL CHECK (length(content_digest) = 32),
  num_rows INTEGER NOT NULL CHECK (num_rows >= 0),
  machine TEXT NOT NULL,
  is_aligned INTEGER NOT NULL CHECK (is_aligned IN (0, 1)),
  created_us INTEGER NOT NULL,
  UNIQUE (project_id, digest)
) STRICT;

CREATE INDEX output_sets_by_dataset ON output_sets (project_id, dataset_version_id, id);
CREATE INDEX output_sets_by_model ON output_sets (project_id, model_version_id, id);
