#include "server/run/row_hash.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "server/base/key_hash.h"

namespace assay::run {
namespace {

template <typename T>
std::string_view BytesOf(const std::vector<T>& values, std::int64_t begin, std::int64_t end) {
  return {reinterpret_cast<const char*>(values.data() + begin),
          static_cast<std::size_t>(end - begin) * sizeof(T)};
}

// -0 differs from 0; every NaN is one.
std::uint64_t NumberHash(double number) {
  const double canonical = std::isnan(number) ? std::numeric_limits<double>::quiet_NaN() : number;
  std::uint64_t bits = 0;
  std::memcpy(&bits, &canonical, sizeof(bits));
  return CombinedHash(1, bits);
}

}  // namespace

std::uint64_t CombinedHash(std::uint64_t first, std::uint64_t second) {
  // The finaliser of MurmurHash3 over a sum that tells the two apart.
  std::uint64_t hash = first * 0x9E3779B97F4A7C15U + second;
  hash = (hash ^ (hash >> 33)) * 0xFF51AFD7ED558CCDU;
  hash = (hash ^ (hash >> 33)) * 0xC4CEB9FE1A85EC53U;
  return hash ^ (hash >> 33);
}

std::uint64_t ValueHash(const Column& column, std::int64_t row) {
  if (!column.IsValid(row)) {
    return 0;
  }
  const auto at = static_cast<std::size_t>(row);
  switch (column.type) {
    case ColumnType::kText:
    case ColumnType::kJson:
      return KeyHash(column.Text(row));
    case ColumnType::kFloat64:
      return NumberHash(column.doubles[at]);
    case ColumnType::kInt64:
      return CombinedHash(2, static_cast<std::uint64_t>(column.int64s[at]));
    case ColumnType::kFloat32Vector:
      return KeyHash(BytesOf(column.floats, row * column.dimension, (row + 1) * column.dimension));
    case ColumnType::kFloat64Vector:
      return KeyHash(BytesOf(column.doubles, row * column.dimension, (row + 1) * column.dimension));
    case ColumnType::kInt32List:
      return KeyHash(BytesOf(column.int32s, column.ListBegin(row), column.ListEnd(row)));
    case ColumnType::kTextList:
    case ColumnType::kRanking:
    case ColumnType::kRelevance:
      break;
  }
  std::uint64_t hash = 3;
  for (std::int64_t item = column.ListBegin(row); item < column.ListEnd(row); ++item) {
    hash = CombinedHash(hash, KeyHash(column.Text(item)));
    if (column.type == ColumnType::kRanking) {
      hash = CombinedHash(hash, NumberHash(column.doubles[static_cast<std::size_t>(item)]));
    } else if (column.type == ColumnType::kRelevance) {
      hash = CombinedHash(hash, static_cast<std::uint64_t>(
                                    std::int64_t{column.int32s[static_cast<std::size_t>(item)]}));
    }
  }
  return hash;
}

}  // namespace assay::run
