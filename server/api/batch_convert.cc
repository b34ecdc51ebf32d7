#include "server/api/batch_convert.h"

#include <bit>
#include <cstring>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "assay/v1/batch.pb.h"
#include "server/api/resource_names.h"
#include "server/base/status_macros.h"

namespace assay::api {
namespace {

static_assert(std::endian::native == std::endian::little, "buffers are copied as they are");

constexpr std::int32_t kMaxRows = 65'536;
constexpr std::size_t kMaxBytes = 16 << 20;
constexpr std::int32_t kMaxDimension = 65'536;
constexpr int kMaxColumns = 4096;
constexpr std::size_t kMaxNameBytes = 128;

bool IsVector(ColumnType type) {
  return type == ColumnType::kFloat32Vector || type == ColumnType::kFloat64Vector;
}

bool IsAlwaysCoded(ColumnType type) {
  return type == ColumnType::kRanking || type == ColumnType::kRelevance;
}

absl::Status FieldError(std::string_view path, std::string_view field, std::string_view problem) {
  return absl::InvalidArgumentError(absl::StrFormat("%s.%s: %s", path, field, problem));
}

template <typename T>
absl::Status CopyItems(std::string_view path, std::string_view field, const std::string& bytes,
                       std::vector<T>& items) {
  if (bytes.size() % sizeof(T) != 0) {
    return FieldError(path, field,
                      absl::StrFormat("%d bytes are no whole number of items of %d bytes",
                                      bytes.size(), sizeof(T)));
  }
  items.resize(bytes.size() / sizeof(T));
  if (!bytes.empty()) {
    std::memcpy(items.data(), bytes.data(), bytes.size());
  }
  return absl::OkStatus();
}

template <typename T>
std::string ItemBytes(const std::vector<T>& items) {
  return std::string(reinterpret_cast<const char*>(items.data()), items.size() * sizeof(T));
}

absl::Status CheckName(std::string_view path, const std::string& name) {
  if (name.empty() || name.size() > kMaxNameBytes) {
    return FieldError(path, "name",
                      absl::StrFormat("expected 1 to 128 bytes, found %d", name.size()));
  }
  for (const unsigned char c : name) {
    if (c < 0x20 || c == 0x7f) {
      return FieldError(path, "name",
                        absl::StrFormat("holds a control character: '%s'", Quoted(name)));
    }
  }
  if (name[0] == '$') {
    return FieldError(path, "name", absl::StrFormat("must not start with '$': '%s'", Quoted(name)));
  }
  return absl::OkStatus();
}

absl::Status CopyValues(std::string_view path, const v1::Column& from, Column& to) {
  switch (to.type) {
    case ColumnType::kFloat64:
    case ColumnType::kFloat64Vector:
    case ColumnType::kRanking:
      return CopyItems(path, "values", from.values(), to.doubles);
    case ColumnType::kInt64:
      return CopyItems(path, "values", from.values(), to.int64s);
    case ColumnType::kFloat32Vector:
      return CopyItems(path, "values", from.values(), to.floats);
    case ColumnType::kInt32List:
    case ColumnType::kRelevance:
      return CopyItems(path, "values", from.values(), to.int32s);
    case ColumnType::kText:
    case ColumnType::kJson:
    case ColumnType::kTextList:
      return from.values().empty() ? absl::OkStatus()
                                   : FieldError(path, "values", "not used by this type");
  }
  return absl::InternalError("a column type without a layout");
}

absl::StatusOr<Column> ColumnFromProto(const std::string& path, const v1::Column& from,
                                       std::int32_t num_rows) {
  ASSAY_RETURN_IF_ERROR(CheckName(path, from.name()));
  if (!v1::ColumnType_IsValid(from.type()) || from.type() == v1::COLUMN_TYPE_UNSPECIFIED) {
    return FieldError(path, "type",
                      absl::StrFormat("unknown column type: %d", static_cast<int>(from.type())));
  }
  Column to;
  to.name = from.name();
  to.type = static_cast<ColumnType>(from.type());
  to.num_rows = num_rows;
  to.dimension = from.dimension();
  const bool has_good_dimension =
      IsVector(to.type) ? to.dimension >= 1 && to.dimension <= kMaxDimension : to.dimension == 0;
  if (!has_good_dimension) {
    return FieldError(
        path, "dimension",
        absl::StrFormat("expected %s: %d", IsVector(to.type) ? "1 to 65536" : "0 for this type",
                        to.dimension));
  }
  if (!IsList(to.type) && !from.list_offsets().empty()) {
    return FieldError(path, "list_offsets", "not used by this type");
  }
  if (!HasText(to.type) &&
      !(from.codes().empty() && from.text_offsets().empty() && from.text_bytes().empty())) {
    return FieldError(path, "text_bytes", "text is not used by this type");
  }
  to.validity.assign(from.validity().begin(), from.validity().end());
  ASSAY_RETURN_IF_ERROR(CopyItems(path, "list_offsets", from.list_offsets(), to.list_offsets));
  ASSAY_RETURN_IF_ERROR(CopyItems(path, "codes", from.codes(), to.codes));
  ASSAY_RETURN_IF_ERROR(CopyItems(path, "text_offsets", from.text_offsets(), to.text_offsets));
  to.is_coded = IsAlwaysCoded(to.type) || !to.codes.empty();
  to.text_bytes = from.text_bytes();
  ASSAY_RETURN_IF_ERROR(CopyValues(path, from, to));
  return to;
}

std::string ValueBytes(const Column& column) {
  switch (column.type) {
    case ColumnType::kFloat64:
    case ColumnType::kFloat64Vector:
    case ColumnType::kRanking:
      return ItemBytes(column.doubles);
    case ColumnType::kInt64:
      return ItemBytes(column.int64s);
    case ColumnType::kFloat32Vector:
      return ItemBytes(column.floats);
    case ColumnType::kInt32List:
    case ColumnType::kRelevance:
      return ItemBytes(column.int32s);
    case ColumnType::kText:
    case ColumnType::kJson:
    case ColumnType::kTextList:
      return "";
  }
  return "";
}

}  // namespace

absl::StatusOr<std::vector<Column>> ColumnsFromBatch(const v1::Batch& batch) {
  if (batch.num_rows() < 0 || batch.num_rows() > kMaxRows) {
    return absl::InvalidArgumentError(
        absl::StrFormat("batch.num_rows: expected 0 to %d: %d", kMaxRows, batch.num_rows()));
  }
  if (batch.ByteSizeLong() > kMaxBytes) {
    return absl::InvalidArgumentError(
        absl::StrFormat("batch: %d bytes, at most %d are taken", batch.ByteSizeLong(), kMaxBytes));
  }
  if (batch.columns_size() > kMaxColumns) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "batch.columns: %d columns, at most %d are taken", batch.columns_size(), kMaxColumns));
  }
  std::vector<Column> columns;
  std::set<std::string_view> names;
  for (int i = 0; i < batch.columns_size(); ++i) {
    const std::string path = absl::StrFormat("batch.columns[%d]", i);
    ASSAY_ASSIGN_OR_RETURN(Column column,
                           ColumnFromProto(path, batch.columns(i), batch.num_rows()));
    if (!names.insert(batch.columns(i).name()).second) {
      return FieldError(path, "name", absl::StrFormat("given twice: '%s'", Quoted(column.name)));
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

void ColumnsToBatch(const std::vector<Column>& columns, std::int64_t num_rows, v1::Batch& batch) {
  batch.set_num_rows(static_cast<std::int32_t>(num_rows));
  for (const Column& from : columns) {
    v1::Column& to = *batch.add_columns();
    to.set_name(from.name);
    to.set_type(static_cast<v1::ColumnType>(from.type));
    to.set_dimension(from.dimension);
    to.set_validity(from.validity.data(), from.validity.size());
    to.set_list_offsets(ItemBytes(from.list_offsets));
    to.set_codes(ItemBytes(from.codes));
    to.set_text_offsets(ItemBytes(from.text_offsets));
    to.set_text_bytes(from.text_bytes);
    to.set_values(ValueBytes(from));
  }
}

}  // namespace assay::api
