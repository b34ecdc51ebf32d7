#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "evaluators/columns.h"

namespace assay::formats {

// What a field holds, decided by its name or, for other names, by its first value.
enum class FieldKind : std::uint8_t {
  kScalarAsText,  // text; numbers and booleans are kept as they are written
  kCodedText,     // the same, dictionary-coded
  kText,          // text only
  kInput,         // text, else JSON
  kFloat64,
  kInt64,
  kFloat32Vector,
  kFloat64Vector,
  kInt32List,
  kTextList,
  kRanking,
  kRelevance,
  kJson,   // any JSON, byte for byte
  kOther,  // text, number or JSON, after its first value
};

// The kind of the field `name`:
//   key kScalarAsText; label, group, cohort.* kCodedText; text, error, trace_id, span_id kText;
//   input kInput; latency_us, cost, score.* kFloat64; repetition kInt64; features kFloat32Vector;
//   embedding, reference_embedding, probabilities, logits kFloat64Vector; tokens kInt32List;
//   references kTextList; ranking kRanking; relevance kRelevance; all else kOther.
FieldKind KindOfName(std::string_view name);

// The column type of a kind; kInput and kOther are undecided and have none.
std::optional<ColumnType> TypeOfKind(FieldKind kind);

// INVALID_ARGUMENT unless `name` is 1 to 128 bytes of UTF-8 without control characters.
absl::Status CheckColumnName(std::string_view name);

}  // namespace assay::formats
