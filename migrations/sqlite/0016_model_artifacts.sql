-- Versions with artifacts: the architecture in its one spelling, what it runs in, and for derived
-- versions the declared changes and the version that holds the weights. A derived version has the
-- number of its base, so numbers are unique only together with the changes. Versions from before
-- are external: they keep empty texts.
CREATE TABLE model_versions_new (
  id INTEGER NOT NULL PRIMARY KEY,
  project_id INTEGER NOT NULL,
  model_id INTEGER NOT NULL,
  number INTEGER NOT NULL CHECK (number >= 1),
  digest BLOB NOT NULL CHECK (length(digest) = 32),
  is_external INTEGER NOT NULL CHECK (is_external IN (0, 1)),
  activation TEXT NOT NULL,
  weights_digest TEXT NOT NULL,
  architecture TEXT NOT NULL,
  dtype TEXT NOT NULL,
  quantization TEXT NOT NULL,
  preprocessing TEXT NOT NULL,
  architecture_json TEXT NOT NULL,
  numerics TEXT NOT NULL,
  derivation TEXT NOT NULL,
  base_id INTEGER NOT NULL CHECK ((base_id > 0) = (derivation <> '')),
  request_id TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  UNIQUE (project_id, model_id, number, derivation),
  UNIQUE (project_id, model_id, digest)
) STRICT;

INSERT INTO model_versions_new (id, project_id, model_id, number, digest, is_external, activation,
  weights_digest, architecture, dtype, quantization, preprocessing, architecture_json, numerics,
  derivation, base_id, request_id, created_us)
SELECT id, project_id, model_id, number, digest, is_external, activation, weights_digest,
  architecture, dtype, quantization, preprocessing, '', '', '', 0, request_id, created_us
FROM model_versions;

DROP TABLE model_versions;
ALTER TABLE model_versions_new RENAME TO model_versions;

CREATE UNIQUE INDEX model_versions_by_request ON model_versions (project_id, request_id)
WHERE request_id <> '';
