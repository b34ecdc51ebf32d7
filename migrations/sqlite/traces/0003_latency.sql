-- Percentiles by name over time come from histograms that grow with every span, so that no span is
-- read for them. A day by minutes is 1,440 rows a name, so hours are kept beside.
-- width: minutes that a row covers, 1 or 60. slot: minutes since the Unix epoch divided by width.
-- histogram: see latency_histogram.h. Spans from before this version are in none.
CREATE TABLE latency (
  project_id INTEGER NOT NULL,
  width INTEGER NOT NULL,
  slot INTEGER NOT NULL,
  name_id INTEGER NOT NULL,
  service_id INTEGER NOT NULL,
  num_errors INTEGER NOT NULL,
  histogram BLOB NOT NULL,
  PRIMARY KEY (project_id, width, slot, name_id, service_id)
) STRICT, WITHOUT ROWID;

-- The slowest traces first.
CREATE INDEX traces_by_duration ON traces (project_id, duration_ns);
