-- What claims such as "only the activation changed" are proven from, beside activation and weights
-- digest. Empty, as for every version stored before: not declared, so nothing is proven.
ALTER TABLE model_versions ADD COLUMN architecture TEXT NOT NULL DEFAULT '';
ALTER TABLE model_versions ADD COLUMN dtype TEXT NOT NULL DEFAULT '';
ALTER TABLE model_versions ADD COLUMN quantization TEXT NOT NULL DEFAULT '';
ALTER TABLE model_versions ADD COLUMN preprocessing TEXT NOT NULL DEFAULT '';
