#include "client/cpp/batch_codec.h"

#include <bit>
#include <cstring>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "assay/v1/batch.pb.h"
#include "client/cpp/status_macros.h"

namespace assay::client {
namespace {

static_assert(std::endian::native == std::endian::little, "buffers are sent as they lie in memory");

template <class T>
std::string Bytes(const std::vector<T>& values) {
  return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

template <class T>
absl::Status FromBytes(const std::string& bytes, std::int64_t expected, std::vector<T>& values) {
  const auto count = static_cast<std::int64_t>(bytes.size() / sizeof(T));
  if (bytes.size() % sizeof(T) != 0 || (expected >= 0 && count != expected)) {
    return absl::InternalError(
        absl::StrFormat("a buffer of %d bytes does not hold %d values", bytes.size(), expected));
  }
  values.resize(static_cast<std::size_t>(count));
  if (count > 0) {
    std::memcpy(values.data(), bytes.data(), bytes.size());
  }
  return absl::OkStatus();
}

void EncodeValues(const Column& column, v1::Column& encoded) {
  switch (column.type) {
    case ColumnType::kText:
    case ColumnType::kJson:
    case ColumnType::kTextList:
      return;
    case ColumnType::kFloat64:
    case ColumnType::kFloat64Vector:
    case ColumnType::kRanking:
      encoded.set_values(Bytes(column.doubles));
      return;
    case ColumnType::kInt64:
      encoded.set_values(Bytes(column.int64s));
      return;
    case ColumnType::kFloat32Vector:
      encoded.set_values(Bytes(column.floats));
      return;
    case ColumnType::kInt32List:
    case ColumnType::kRelevance:
      encoded.set_values(Bytes(column.int32s));
      return;
  }
}

// Values of a column with `num_items` items (rows for types that are not lists).
absl::Status DecodeValues(const v1::Column& encoded, std::int64_t num_items, Column& column) {
  switch (column.type) {
    case ColumnType::kText:
    case ColumnType::kJson:
    case ColumnType::kTextList:
      return absl::OkStatus();
    case ColumnType::kFloat64:
    case ColumnType::kRanking:
      return FromBytes(encoded.values(), num_items, column.doubles);
    case ColumnType::kFloat64Vector:
      return FromBytes(encoded.values(), num_items * column.dimension, column.doubles);
    case ColumnType::kInt64:
      return FromBytes(encoded.values(), num_items, column.int64s);
    case ColumnType::kFloat32Vector:
      return FromBytes(encoded.values(), num_items * column.dimension, column.floats);
    case ColumnType::kInt32List:
    case ColumnType::kRelevance:
      return FromBytes(encoded.values(), num_items, column.int32s);
  }
  return absl::InternalError(
      absl::StrFormat("unknown column type %d", static_cast<int>(column.type)));
}

absl::StatusOr<Column> DecodeColumn(const v1::Column& encoded, std::int64_t num_rows) {
  Column column;
  column.name = encoded.name();
  column.type = static_cast<ColumnType>(encoded.type());
  column.num_rows = num_rows;
  column.dimension = encoded.dimension();
  ASSAY_RETURN_IF_ERROR(FromBytes(encoded.validity(), -1, column.validity));
  std::int64_t num_items = num_rows;
  if (IsList(column.type)) {
    ASSAY_RETURN_IF_ERROR(FromBytes(encoded.list_offsets(), num_rows + 1, column.list_offsets));
    num_items = column.list_offsets.back();
  }
  if (HasText(column.type)) {
    column.is_coded = !encoded.codes().empty() || column.type == ColumnType::kRanking ||
                      column.type == ColumnType::kRelevance;
    if (column.is_coded) {
      ASSAY_RETURN_IF_ERROR(FromBytes(encoded.codes(), num_items, column.codes));
    }
    const std::int64_t num_offsets = column.is_coded || num_items == 0 ? -1 : num_items + 1;
    ASSAY_RETURN_IF_ERROR(FromBytes(encoded.text_offsets(), num_offsets, column.text_offsets));
    column.text_bytes = encoded.text_bytes();
  }
  ASSAY_RETURN_IF_ERROR(DecodeValues(encoded, num_items, column));
  if (const auto fault = FindFault(column)) {
    return absl::InternalError(fault->problem);
  }
  return column;
}

}  // namespace

void EncodeBatch(std::span<const Column> columns, v1::Batch& batch) {
  batch.Clear();
  batch.set_num_rows(columns.empty() ? 0 : static_cast<std::int32_t>(columns[0].num_rows));
  for (const Column& column : columns) {
    v1::Column& encoded = *batch.add_columns();
    encoded.set_name(column.name);
    encoded.set_type(static_cast<v1::ColumnType>(column.type));
    encoded.set_dimension(column.dimension);
    encoded.set_validity(Bytes(column.validity));
    encoded.set_list_offsets(Bytes(column.list_offsets));
    encoded.set_codes(Bytes(column.codes));
    encoded.set_text_offsets(Bytes(column.text_offsets));
    encoded.set_text_bytes(column.text_bytes);
    EncodeValues(column, encoded);
  }
}

absl::StatusOr<std::vector<Column>> DecodeBatch(const v1::Batch& batch) {
  std::vector<Column> columns;
  columns.reserve(static_cast<std::size_t>(batch.columns_size()));
  for (const v1::Column& encoded : batch.columns()) {
    absl::StatusOr<Column> column = DecodeColumn(encoded, batch.num_rows());
    if (!column.ok()) {
      return absl::InternalError(absl::StrFormat("the server sent a malformed column '%s': %s",
                                                 encoded.name(), column.status().message()));
    }
    columns.push_back(*std::move(column));
  }
  return columns;
}

std::int64_t EncodedBytes(std::span<const Column> columns) {
  std::size_t bytes = 0;
  for (const Column& column : columns) {
    bytes += column.validity.size() + column.text_bytes.size() +
             sizeof(double) * column.doubles.size() + sizeof(std::int64_t) * column.int64s.size() +
             sizeof(float) * column.floats.size() +
             sizeof(std::int32_t) * (column.int32s.size() + column.codes.size() +
                                     column.text_offsets.size() + column.list_offsets.size());
  }
  return static_cast<std::int64_t>(bytes);
}

Column WithUsedDictionary(Column column) {
  if (!column.is_coded) {
    return column;
  }
  const std::size_t num_entries = column.text_offsets.empty() ? 0 : column.text_offsets.size() - 1;
  std::vector<std::int32_t> new_code(num_entries, -1);
  std::vector<std::int32_t> offsets = {0};
  std::string bytes;
  for (std::int32_t& code : column.codes) {
    if (static_cast<std::size_t>(code) >= num_entries) {
      continue;  // A null row of a column without entries.
    }
    std::int32_t& mapped = new_code[static_cast<std::size_t>(code)];
    if (mapped < 0) {
      mapped = static_cast<std::int32_t>(offsets.size() - 1);
      const auto begin =
          static_cast<std::size_t>(column.text_offsets[static_cast<std::size_t>(code)]);
      const auto end =
          static_cast<std::size_t>(column.text_offsets[static_cast<std::size_t>(code) + 1]);
      bytes.append(column.text_bytes, begin, end - begin);
      offsets.push_back(static_cast<std::int32_t>(bytes.size()));
    }
    code = mapped;
  }
  column.text_offsets = std::move(offsets);
  column.text_bytes = std::move(bytes);
  return column;
}

}  // namespace assay::client
