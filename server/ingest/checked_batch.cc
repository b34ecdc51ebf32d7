#include "server/ingest/checked_batch.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_format.h"
#include "server/base/key_hash.h"

namespace assay::ingest {
namespace {

// Hashes values and the buffers between them, lengths included so that no two inputs run together.
class ContentHasher {
 public:
  ContentHasher() : state_(XXH3_createState(), &XXH3_freeState) {
    XXH3_128bits_reset(state_.get());
  }

  void Add(std::int64_t number) { XXH3_128bits_update(state_.get(), &number, sizeof number); }
  template <typename Buffer>
  void AddBuffer(const Buffer& buffer) {
    Add(std::ssize(buffer));
    XXH3_128bits_update(state_.get(), buffer.data(),
                        buffer.size() * sizeof(typename Buffer::value_type));
  }

  store::Digest Finish() const {
    const XXH128_hash_t hash = XXH3_128bits_digest(state_.get());
    store::Digest digest{};
    std::memcpy(digest.data(), &hash.low64, sizeof hash.low64);
    std::memcpy(digest.data() + sizeof hash.low64, &hash.high64, sizeof hash.high64);
    return digest;
  }

 private:
  std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state_;
};

store::Digest ContentOf(store::Table table, const std::vector<Column>& columns,
                        std::int64_t num_rows) {
  ContentHasher hasher;
  hasher.Add(static_cast<std::int64_t>(table));
  hasher.Add(num_rows);
  for (const Column& column : columns) {
    hasher.AddBuffer(column.name);
    hasher.Add(static_cast<std::int64_t>(column.type));
    hasher.Add(column.num_rows);
    hasher.Add(column.dimension);
    hasher.AddBuffer(column.validity);
    hasher.AddBuffer(column.list_offsets);
    hasher.Add(column.is_coded ? 1 : 0);
    hasher.AddBuffer(column.codes);
    hasher.AddBuffer(column.text_offsets);
    hasher.AddBuffer(column.text_bytes);
    hasher.AddBuffer(column.int32s);
    hasher.AddBuffer(column.int64s);
    hasher.AddBuffer(column.floats);
    hasher.AddBuffer(column.doubles);
  }
  return hasher.Finish();
}

template <typename T>
bool AllFinite(const std::vector<T>& values) {
  using Bits = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
  constexpr Bits kExponent = std::bit_cast<Bits>(std::numeric_limits<T>::infinity());
  constexpr std::size_t kStep = 16;  // A fixed count, so that the inner loop becomes vector code.
  Bits num_bad = 0;
  std::size_t i = 0;
  for (; i + kStep <= values.size(); i += kStep) {
    for (std::size_t j = 0; j < kStep; ++j) {
      num_bad += static_cast<Bits>((std::bit_cast<Bits>(values[i + j]) & kExponent) == kExponent);
    }
  }
  for (; i < values.size(); ++i) {
    num_bad += static_cast<Bits>((std::bit_cast<Bits>(values[i]) & kExponent) == kExponent);
  }
  return num_bad == 0;
}

// Row of the first value that is not finite, null rows aside. Absent when there is none.
template <typename T>
std::optional<ColumnFault> FindNotFinite(const Column& column, const std::vector<T>& values) {
  if (AllFinite(values)) {
    return std::nullopt;
  }
  const std::int64_t width = std::max(column.dimension, 1);
  for (std::int64_t i = 0; i < std::ssize(values); ++i) {
    const T value = values[static_cast<std::size_t>(i)];
    const std::int64_t row = i / width;
    if (std::isfinite(value) || !column.IsValid(row)) {
      continue;
    }
    std::string problem =
        absl::StrFormat("%s%s",
                        std::isnan(value) ? "NaN"
                        : value > 0       ? "infinity"
                                          : "-infinity",
                        column.dimension > 0 ? absl::StrFormat(" at component %d", i % width)
                                             : std::string("; send null where there is no value"));
    return ColumnFault{.row = row, .problem = std::move(problem)};
  }
  return std::nullopt;
}

std::optional<ColumnFault> FindAbsent(const Column& column) {
  if (!column.validity.empty()) {
    for (std::int64_t row = 0; row < column.num_rows; ++row) {
      if (!column.IsValid(row)) {
        return ColumnFault{.row = row, .problem = "null, but every row needs a value"};
      }
    }
  }
  return std::nullopt;
}

std::optional<ColumnFault> FindEmptyKey(const Column& keys) {
  for (std::int64_t row = 0; row < keys.num_rows; ++row) {
    const auto i = static_cast<std::size_t>(row);
    const bool is_empty =
        keys.is_coded ? keys.Text(row).empty() : keys.text_offsets[i] == keys.text_offsets[i + 1];
    if (is_empty) {
      return ColumnFault{.row = row, .problem = "empty, but every row needs a key"};
    }
  }
  return std::nullopt;
}

std::optional<ColumnFault> FindFaultAmong(RowKind kind, const Column& column,
                                          std::int64_t num_rows) {
  if (std::optional<std::string> problem = FindColumnFault(kind, column)) {
    return ColumnFault{.row = -1, .problem = *std::move(problem)};
  }
  if (column.num_rows != num_rows) {
    return ColumnFault{
        .row = -1,
        .problem = absl::StrFormat("has %d rows, the batch %d", column.num_rows, num_rows)};
  }
  if (std::optional<ColumnFault> fault = FindFault(column)) {
    return fault;
  }
  if (MustBePresent(kind, column.name)) {
    if (std::optional<ColumnFault> fault = FindAbsent(column)) {
      return fault;
    }
  }
  if (column.name == "key") {
    return FindEmptyKey(column);
  }
  if (MustBeFinite(kind, column.name)) {
    return column.type == ColumnType::kFloat32Vector ? FindNotFinite(column, column.floats)
                                                     : FindNotFinite(column, column.doubles);
  }
  return std::nullopt;
}

std::optional<BatchFault> FindBatchFault(RowKind kind, store::Table table,
                                         const std::vector<Column>& columns,
                                         std::int64_t num_rows) {
  if (table == store::Table::kDocuments && kind != RowKind::kDocument) {
    return BatchFault{.problem = "outputs have no documents"};
  }
  if (num_rows < 1 || num_rows > kMaxBatchRows) {
    return BatchFault{.problem =
                          absl::StrFormat("%d rows, 1 to %d are allowed", num_rows, kMaxBatchRows)};
  }
  if (columns.size() > kMaxColumns) {
    return BatchFault{.problem = absl::StrFormat("%d columns, at most %d are allowed",
                                                 columns.size(), kMaxColumns)};
  }
  absl::flat_hash_set<std::string_view> names;
  for (const Column& column : columns) {
    if (std::optional<ColumnFault> fault = FindFaultAmong(kind, column, num_rows)) {
      return BatchFault{
          .column = column.name, .row = fault->row, .problem = std::move(fault->problem)};
    }
    if (!names.insert(column.name).second) {
      return BatchFault{.column = column.name, .problem = "is there twice"};
    }
  }
  if (!names.contains("key")) {
    return BatchFault{.column = "key", .problem = "missing"};
  }
  return std::nullopt;
}

}  // namespace

CheckedBatch CheckBatch(RowKind kind, store::Table table, std::vector<Column> columns,
                        std::int64_t num_rows) {
  CheckedBatch batch;
  batch.table = table;
  batch.num_rows = num_rows;
  batch.content = ContentOf(table, columns, num_rows);
  batch.columns = std::move(columns);
  if (std::optional<BatchFault> fault = FindBatchFault(kind, table, batch.columns, num_rows)) {
    batch.fault = std::move(fault);
    return batch;
  }
  for (const Column& column : batch.columns) {
    if (column.name == "key") {
      AppendKeyHashes(column, batch.key_hashes);
    }
  }
  return batch;
}

void AppendKeyHashes(const Column& keys, std::vector<std::uint64_t>& hashes) {
  const std::size_t size = hashes.size();
  hashes.resize(size + static_cast<std::size_t>(keys.num_rows));
  if (keys.is_coded) {
    for (std::int64_t row = 0; row < keys.num_rows; ++row) {
      hashes[size + static_cast<std::size_t>(row)] = KeyHash(keys.Text(row));
    }
    return;
  }
  for (std::size_t row = 0; row < static_cast<std::size_t>(keys.num_rows); ++row) {
    const std::int32_t begin = keys.text_offsets[row];
    hashes[size + row] = KeyHash({keys.text_bytes.data() + begin,
                                  static_cast<std::size_t>(keys.text_offsets[row + 1] - begin)});
  }
}

std::int64_t SizeBytes(const std::vector<Column>& columns) {
  std::size_t size = 0;
  for (const Column& column : columns) {
    size += column.name.size() + column.validity.size() + column.text_bytes.size() +
            sizeof(std::int32_t) * (column.list_offsets.size() + column.codes.size() +
                                    column.text_offsets.size() + column.int32s.size()) +
            sizeof(std::int64_t) * (column.int64s.size() + column.doubles.size()) +
            sizeof(float) * column.floats.size();
  }
  return static_cast<std::int64_t>(size);
}

}  // namespace assay::ingest
