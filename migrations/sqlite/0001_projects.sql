-- Every other table starts its key with a project, so that projects stay apart and the first column
-- can one day say on which machine a row lives.
CREATE TABLE projects (
  id INTEGER NOT NULL PRIMARY KEY,
  name TEXT NOT NULL UNIQUE CHECK (name <> ''),
  created_us INTEGER NOT NULL
) STRICT;

-- One sequence of ids over all kinds of rows: an id alone names the owner of a column, and every
-- engine can hand them out in the same way.
CREATE TABLE id_sequence (
  name TEXT NOT NULL PRIMARY KEY,
  next_id INTEGER NOT NULL CHECK (next_id > 0)
) STRICT, WITHOUT ROWID;

INSERT INTO projects (id, name, created_us)
VALUES (1, 'default', CAST(strftime('%s', 'now') AS INTEGER) * 1000000);
INSERT INTO id_sequence (name, next_id) VALUES ('id', 2);
