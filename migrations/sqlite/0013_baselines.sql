-- Names for runs that others are compared with. Rows are never changed: setting a baseline again adds
-- one, and the newest of a name counts.
CREATE TABLE baselines (
  id INTEGER NOT NULL PRIMARY KEY,
  project_id INTEGER NOT NULL,
  name TEXT NOT NULL CHECK (name <> ''),
  run_id INTEGER NOT NULL,
  reason TEXT NOT NULL,
  actor TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  expires_us INTEGER,
  request_id TEXT NOT NULL
) STRICT;

CREATE INDEX baselines_by_name ON baselines (project_id, name, id);
CREATE UNIQUE INDEX baselines_by_request ON baselines (project_id, request_id)
WHERE request_id <> '';
