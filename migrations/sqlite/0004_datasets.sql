CREATE TABLE datasets (
  id INTEGER NOT NULL PRIMARY KEY,
  project_id INTEGER NOT NULL,
  name TEXT NOT NULL CHECK (name <> ''),
  created_us INTEGER NOT NULL,
  UNIQUE (project_id, name)
) STRICT;

CREATE INDEX datasets_by_id ON datasets (project_id, id);

-- Immutable, and named by content: the same rows pushed again are the same version.
CREATE TABLE dataset_versions (
  id INTEGER NOT NULL PRIMARY KEY,
  project_id INTEGER NOT NULL,
  dataset_id INTEGER NOT NULL,
  number INTEGER NOT NULL CHECK (number >= 1),
  digest BLOB NOT NULL CHECK (length(digest) = 32),
  num_rows INTEGER NOT NULL CHECK (num_rows >= 0),
  num_documents INTEGER NOT NULL CHECK (num_documents >= 0),
  created_us INTEGER NOT NULL,
  UNIQUE (project_id, dataset_id, number),
  UNIQUE (project_id, dataset_id, digest)
) STRICT;
