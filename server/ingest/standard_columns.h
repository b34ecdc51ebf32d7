#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "evaluators/columns.h"
#include "server/store/records.h"

namespace assay::ingest {

// What the rows of a table are; decides which column names have a meaning of their own.
enum class RowKind : std::uint8_t { kExample, kDocument, kOutput };

RowKind RowKindOf(store::UploadKind upload, store::Table table);

// What is wrong with the name, type or dimension of a column among rows of `kind`, as a sentence
// without the column's name. Absent when nothing is.
//
//   all        key TEXT
//   examples   input TEXT or JSON; label, group TEXT; features FLOAT32_VECTOR; tokens INT32_LIST;
//              references TEXT_LIST; relevance RELEVANCE; reference_embedding a vector;
//              cohort.* TEXT
//   documents  text TEXT or JSON; features FLOAT32_VECTOR
//   outputs    label, text, error, trace_id, span_id TEXT; probabilities, logits FLOAT64_VECTOR;
//              ranking RANKING; embedding a vector; latency_us, cost, score.* FLOAT64;
//              repetition INT64
//
// Other names may have any type. Names have 1 to 128 bytes of UTF-8 without control characters and
// do not start with '$'.
std::optional<std::string> FindColumnFault(RowKind kind, const Column& column);

// True for columns whose numbers must be finite: features, reference_embedding, latency_us, cost,
// score.*. (`logits`, `probabilities` and `embedding` show what a model did and may hold anything.)
bool MustBeFinite(RowKind kind, std::string_view name);

// True for `key` and for `repetition` of outputs: every row has a value.
bool MustBePresent(RowKind kind, std::string_view name);

// True for `cohort.*` of examples.
bool IsCohort(RowKind kind, std::string_view name);

}  // namespace assay::ingest
