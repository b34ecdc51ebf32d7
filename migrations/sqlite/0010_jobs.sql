-- Pieces of work. Stored jobs are the queue, so a restart loses none. The fence grows with every
-- claim, and every result names it: a worker that was paused past its lease cannot write late.
-- lease_until_us is on the server's steady clock, so that setting the clock neither loses nor
-- doubles a lease; a new server makes every leased job ready before it claims.
-- state 1: waits for the shards of its run; 2: ready; 3: leased; 4: done, kept until its run ends.
CREATE TABLE jobs (
  id INTEGER NOT NULL PRIMARY KEY,
  project_id INTEGER NOT NULL,
  target_id INTEGER NOT NULL,
  kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 3),
  shard INTEGER NOT NULL CHECK (shard >= 0),
  state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 4),
  fence INTEGER NOT NULL CHECK (fence >= 0),
  owner TEXT NOT NULL,
  lease_until_us INTEGER NOT NULL,
  attempt INTEGER NOT NULL CHECK (attempt >= 0)
) STRICT;

CREATE INDEX jobs_by_state ON jobs (state, id);
CREATE INDEX jobs_by_target ON jobs (project_id, target_id, kind, state);
