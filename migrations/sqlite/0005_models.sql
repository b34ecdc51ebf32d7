CREATE TABLE models (
  id INTEGER NOT NULL PRIMARY KEY,
  project_id INTEGER NOT NULL,
  name TEXT NOT NULL CHECK (name <> ''),
  created_us INTEGER NOT NULL,
  UNIQUE (project_id, name)
) STRICT;

CREATE INDEX models_by_id ON models (project_id, id);

-- Activation and weights digest are empty when the owner did not declare them.
CREATE TABLE model_versions (
  id INTEGER NOT NULL PRIMARY KEY,
  project_id INTEGER NOT NULL,
  model_id INTEGER NOT NULL,
  number INTEGER NOT NULL CHECK (number >= 1),
  digest BLOB NOT NULL CHECK (length(digest) = 32),
  is_external INTEGER NOT NULL CHECK (is_external IN (0, 1)),
  activation TEXT NOT NULL,
  weights_digest TEXT NOT NULL,
  request_id TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  UNIQUE (project_id, model_id, number),
  UNIQUE (project_id, model_id, digest)
) STRICT;

CREATE UNIQUE INDEX model_versions_by_request ON model_versions (project_id, request_id)
WHERE request_id <> '';

CREATE TABLE model_config (
  project_id INTEGER NOT NULL,
  model_version_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (project_id, model_version_id, name)
) STRICT, WITHOUT ROWID;
