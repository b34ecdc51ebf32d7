-- Outputs at the beginning of a set whose times count nowhere. Comparisons made before this version
-- left none out and were not asked: NULL, as for a policy that leaves the choice to the server.
ALTER TABLE comparisons ADD COLUMN warmup_rows INTEGER CHECK (warmup_rows >= 0);
