-- Chunks of up to 4,096 rows of one column, kept once however many versions share them. The
-- checksum is ours: SQLite's own checks do not notice a flipped bit inside a value.
CREATE TABLE chunks (
  id INTEGER NOT NULL PRIMARY KEY,
  project_id INTEGER NOT NULL,
  hash BLOB NOT NULL CHECK (length(hash) = 32),
  num_rows INTEGER NOT NULL CHECK (num_rows BETWEEN 0 AND 4096),
  null_count INTEGER NOT NULL CHECK (null_count BETWEEN 0 AND num_rows),
  num_bytes INTEGER NOT NULL CHECK (num_bytes >= 0),
  num_segments INTEGER NOT NULL CHECK (num_segments >= 1),
  crc32c INTEGER NOT NULL,
  UNIQUE (project_id, hash)
) STRICT;

-- Their bytes, apart so that looking for a hash or sweeping does not read them, and in pieces of at
-- most 4 MiB so that one row never needs much memory. Piece k of a chunk has the id of the chunk
-- plus k: a plain rowid is half again as fast to append to as a compound key.
CREATE TABLE chunk_segments (
  id INTEGER NOT NULL PRIMARY KEY,
  project_id INTEGER NOT NULL,
  data BLOB NOT NULL CHECK (length(data) <= 4194304)
) STRICT;

-- Chunks that lost a reference. The sweep looks only at these instead of at all chunks.
CREATE TABLE loose_chunks (
  project_id INTEGER NOT NULL,
  chunk_id INTEGER NOT NULL,
  PRIMARY KEY (project_id, chunk_id)
) STRICT, WITHOUT ROWID;
