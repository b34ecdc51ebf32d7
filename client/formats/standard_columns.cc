#include "client/formats/standard_columns.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "client/formats/input_error.h"
#include "evaluators/columns.h"

namespace assay::formats {
namespace {

constexpr std::size_t kMaxNameBytes = 128;

constexpr std::array<std::pair<std::string_view, FieldKind>, 20> kStandard = {{
    {"key", FieldKind::kScalarAsText},
    {"label", FieldKind::kCodedText},
    {"group", FieldKind::kCodedText},
    {"input", FieldKind::kInput},
    {"text", FieldKind::kText},
    {"error", FieldKind::kText},
    {"trace_id", FieldKind::kText},
    {"span_id", FieldKind::kText},
    {"latency_us", FieldKind::kFloat64},
    {"cost", FieldKind::kFloat64},
    {"repetition", FieldKind::kInt64},
    {"features", FieldKind::kFloat32Vector},
    {"embedding", FieldKind::kFloat64Vector},
    {"reference_embedding", FieldKind::kFloat64Vector},
    {"probabilities", FieldKind::kFloat64Vector},
    {"logits", FieldKind::kFloat64Vector},
    {"tokens", FieldKind::kInt32List},
    {"references", FieldKind::kTextList},
    {"ranking", FieldKind::kRanking},
    {"relevance", FieldKind::kRelevance},
}};

}  // namespace

FieldKind KindOfName(std::string_view name) {
  if (name.starts_with("cohort.")) {
    return FieldKind::kCodedText;
  }
  if (name.starts_with("score.")) {
    return FieldKind::kFloat64;
  }
  const auto* const found = std::find_if(kStandard.begin(), kStandard.end(),
                                         [name](const auto& entry) { return entry.first == name; });
  return found == kStandard.end() ? FieldKind::kOther : found->second;
}

std::optional<ColumnType> TypeOfKind(FieldKind kind) {
  switch (kind) {
    case FieldKind::kScalarAsText:
    case FieldKind::kCodedText:
    case FieldKind::kText:
      return ColumnType::kText;
    case FieldKind::kFloat64:
      return ColumnType::kFloat64;
    case FieldKind::kInt64:
      return ColumnType::kInt64;
    case FieldKind::kFloat32Vector:
      return ColumnType::kFloat32Vector;
    case FieldKind::kFloat64Vector:
      return ColumnType::kFloat64Vector;
    case FieldKind::kInt32List:
      return ColumnType::kInt32List;
    case FieldKind::kTextList:
      return ColumnType::kTextList;
    case FieldKind::kRanking:
      return ColumnType::kRanking;
    case FieldKind::kRelevance:
      return ColumnType::kRelevance;
    case FieldKind::kJson:
      return ColumnType::kJson;
    case FieldKind::kInput:
    case FieldKind::kOther:
      return std::nullopt;
  }
  return std::nullopt;
}

absl::Status CheckColumnName(std::string_view name) {
  if (name.empty()) {
    return absl::InvalidArgumentError("the name of a field is empty");
  }
  if (name.size() > kMaxNameBytes) {
    return BadValue("the name of a field is longer than 128 bytes", name);
  }
  const bool has_control = std::any_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7F;
  });
  if (has_control || !IsUtf8(name)) {
    return BadValue("the name of a field holds control characters or invalid UTF-8", name);
  }
  return absl::OkStatus();
}

}  // namespace assay::formats
