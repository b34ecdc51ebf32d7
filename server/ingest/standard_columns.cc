#include "server/ingest/standard_columns.h"

#include <algorithm>
#include <array>
#include <span>

#include "absl/strings/str_format.h"

namespace assay::ingest {
namespace {

constexpr std::size_t kMaxNameBytes = 128;
constexpr std::int32_t kMaxDimension = 65'536;

struct Rule {
  std::string_view name;  // ends in '.' for a family of names
  ColumnType type;
  ColumnType other_type;  // as `type` when there is one choice only
};

constexpr Rule Only(std::string_view name, ColumnType type) { return {name, type, type}; }
constexpr Rule Vector(std::string_view name) {
  return {name, ColumnType::kFloat32Vector, ColumnType::kFloat64Vector};
}
constexpr Rule TextOrJson(std::string_view name) {
  return {name, ColumnType::kText, ColumnType::kJson};
}

constexpr std::array kExampleRules = {
    Only("key", ColumnType::kText),
    TextOrJson("input"),
    Only("label", ColumnType::kText),
    Only("group", ColumnType::kText),
    Only("features", ColumnType::kFloat32Vector),
    Only("tokens", ColumnType::kInt32List),
    Only("references", ColumnType::kTextList),
    Only("relevance", ColumnType::kRelevance),
    Vector("reference_embedding"),
    Only("cohort.", ColumnType::kText),
};

constexpr std::array kDocumentRules = {
    Only("key", ColumnType::kText),
    TextOrJson("text"),
    Only("features", ColumnType::kFloat32Vector),
};

constexpr std::array kOutputRules = {
    Only("key", ColumnType::kText),
    Only("label", ColumnType::kText),
    Only("text", ColumnType::kText),
    Only("error", ColumnType::kText),
    Only("trace_id", ColumnType::kText),
    Only("span_id", ColumnType::kText),
    Only("probabilities", ColumnType::kFloat64Vector),
    Only("logits", ColumnType::kFloat64Vector),
    Only("ranking", ColumnType::kRanking),
    Vector("embedding"),
    Only("latency_us", ColumnType::kFloat64),
    Only("cost", ColumnType::kFloat64),
    Only("score.", ColumnType::kFloat64),
    Only("repetition", ColumnType::kInt64),
};

std::span<const Rule> RulesOf(RowKind kind) {
  switch (kind) {
    case RowKind::kExample:
      return kExampleRules;
    case RowKind::kDocument:
      return kDocumentRules;
    case RowKind::kOutput:
      return kOutputRules;
  }
  return {};
}

bool IsFamily(const Rule& rule) { return rule.name.back() == '.'; }

std::optional<std::string> FindNameFault(std::string_view name) {
  if (name.empty()) {
    return "a column needs a name";
  }
  if (name.size() > kMaxNameBytes) {
    return absl::StrFormat("the name has %d bytes, at most %d are allowed", name.size(),
                           kMaxNameBytes);
  }
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (!IsUtf8(name) || std::any_of(name.begin(), name.end(), is_control)) {
    return "the name must be UTF-8 without control characters";
  }
  if (name.front() == '$') {
    return "names that start with '$' are reserved";
  }
  return std::nullopt;
}

bool IsVector(ColumnType type) {
  return type == ColumnType::kFloat32Vector || type == ColumnType::kFloat64Vector;
}

}  // namespace

RowKind RowKindOf(store::UploadKind upload, store::Table table) {
  if (upload == store::UploadKind::kOutputSet) {
    return RowKind::kOutput;
  }
  return table == store::Table::kDocuments ? RowKind::kDocument : RowKind::kExample;
}

std::optional<std::string> FindColumnFault(RowKind kind, const Column& column) {
  if (std::optional<std::string> fault = FindNameFault(column.name)) {
    return fault;
  }
  if (IsVector(column.type) && (column.dimension < 1 || column.dimension > kMaxDimension)) {
    return absl::StrFormat("dimension %d is not in 1 to %d", column.dimension, kMaxDimension);
  }
  for (const Rule& rule : RulesOf(kind)) {
    const bool applies =
        IsFamily(rule) ? column.name.starts_with(rule.name) : column.name == rule.name;
    if (!applies) {
      continue;
    }
    if (column.name.size() == rule.name.size() && IsFamily(rule)) {
      return absl::StrFormat("'%s' must be followed by a name", rule.name);
    }
    if (column.type == rule.type || column.type == rule.other_type) {
      return std::nullopt;
    }
    if (rule.type == rule.other_type) {
      return absl::StrFormat("must be %s, not %s", ColumnTypeName(rule.type),
                             ColumnTypeName(column.type));
    }
    return absl::StrFormat("must be %s or %s, not %s", ColumnTypeName(rule.type),
                           ColumnTypeName(rule.other_type), ColumnTypeName(column.type));
  }
  return std::nullopt;
}

bool MustBeFinite(RowKind kind, std::string_view name) {
  if (kind == RowKind::kOutput) {
    return name == "latency_us" || name == "cost" || name.starts_with("score.");
  }
  return name == "features" || (kind == RowKind::kExample && name == "reference_embedding");
}

bool MustBePresent(RowKind kind, std::string_view name) {
  return name == "key" || (kind == RowKind::kOutput && name == "repetition");
}

bool IsCohort(RowKind kind, std::string_view name) {
  return kind == RowKind::kExample && name.starts_with("cohort.");
}

}  // namespace assay::ingest
