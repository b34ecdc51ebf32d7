#include "tests/unit/server/store/random_columns.h"

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/columns_builder.h"

namespace assay::test {
namespace {

std::string RandomText(std::mt19937& random) {
  switch (random() % 8) {
    case 0:
      return "";
    case 1:
      return std::string(random() % 100, 'x');
    case 2:
      return "\xC3\xA9\xF0\x9F\x98\x80" + std::to_string(random() % 5);
    default:
      return "label " + std::to_string(random() % 20);
  }
}

double RandomDouble(std::mt19937& random, bool allow_nan) {
  switch (random() % 8) {
    case 0:
      return allow_nan ? std::numeric_limits<double>::quiet_NaN() : 0.5;
    case 1:
      return -std::numeric_limits<double>::infinity();
    case 2:
      return -0.0;
    case 3:
      return 1.0;
    case 4:
      return std::numeric_limits<double>::denorm_min();
    default:
      return std::uniform_real_distribution<double>(-1e6, 1e6)(random);
  }
}

std::int64_t RandomInt64(std::mt19937& random) {
  const auto wide =
      static_cast<std::int64_t>((static_cast<std::uint64_t>(random()) << 32) | random());
  return random() % 4 == 0 ? wide : static_cast<std::int64_t>(random() % 1000) - 500;
}

template <typename T, typename MakeRow>
Rows<T> RandomRows(std::mt19937& random, std::int64_t num_rows, double null_share,
                   MakeRow make_row) {
  std::bernoulli_distribution is_null(null_share);
  Rows<T> rows;
  for (std::int64_t i = 0; i < num_rows; ++i) {
    rows.push_back(is_null(random) ? std::nullopt : std::optional<T>(make_row()));
  }
  return rows;
}

template <typename T, typename MakeItem>
std::vector<T> RandomList(std::mt19937& random, MakeItem make_item) {
  std::vector<T> items(random() % 6);
  for (T& item : items) {
    item = make_item();
  }
  return items;
}

// A few documents, none twice.
template <typename T, typename MakeNumber>
std::vector<std::pair<std::string, T>> RandomDocuments(std::mt19937& random,
                                                       MakeNumber make_number) {
  std::vector<std::pair<std::string, T>> documents;
  for (unsigned i = random() % 10; i < 50; i += 1 + random() % 20) {
    documents.emplace_back("doc" + std::to_string(i), make_number());
  }
  return documents;
}

}  // namespace

Column RandomColumn(ColumnType type, std::mt19937& random, std::int64_t num_rows,
                    double null_share) {
  const auto text = [&] { return RandomText(random); };
  const auto real = [&] { return RandomDouble(random, true); };
  const auto score = [&] { return RandomDouble(random, false); };
  const auto small = [&] { return static_cast<std::int32_t>(random() % 100'000) - 50'000; };
  switch (type) {
    case ColumnType::kText: {
      const auto rows = RandomRows<std::string>(random, num_rows, null_share, text);
      return random() % 2 == 0 ? TextColumn("c", rows) : CodedTextColumn("c", rows);
    }
    case ColumnType::kJson:
      return JsonColumn("c", RandomRows<std::string>(random, num_rows, null_share, text));
    case ColumnType::kFloat64:
      return Float64Column("c", RandomRows<double>(random, num_rows, null_share, real));
    case ColumnType::kInt64:
      return Int64Column("c", RandomRows<std::int64_t>(random, num_rows, null_share,
                                                       [&] { return RandomInt64(random); }));
    case ColumnType::kFloat32Vector:
      return Float32VectorColumn("c", 3,
                                 RandomRows<std::vector<float>>(random, num_rows, null_share, [&] {
                                   return std::vector<float>{static_cast<float>(real()),
                                                             static_cast<float>(real()), -0.0F};
                                 }));
    case ColumnType::kFloat64Vector:
      return Float64VectorColumn("c", 2,
                                 RandomRows<std::vector<double>>(random, num_rows, null_share, [&] {
                                   return std::vector<double>{real(), real()};
                                 }));
    case ColumnType::kInt32List:
      return Int32ListColumn(
          "c", RandomRows<std::vector<std::int32_t>>(random, num_rows, null_share, [&] {
            return RandomList<std::int32_t>(random, small);
          }));
    case ColumnType::kTextList:
      return TextListColumn("c",
                            RandomRows<std::vector<std::string>>(random, num_rows, null_share, [&] {
                              return RandomList<std::string>(random, text);
                            }));
    case ColumnType::kRanking:
      return RankingColumn("c", RandomRows<std::vector<std::pair<std::string, double>>>(
                                    random, num_rows, null_share,
                                    [&] { return RandomDocuments<double>(random, score); }));
    case ColumnType::kRelevance:
      return RelevanceColumn("c", RandomRows<std::vector<std::pair<std::string, std::int32_t>>>(
                                      random, num_rows, null_share, [&] {
                                        return RandomDocuments<std::int32_t>(random, small);
                                      }));
  }
  return {};
}

}  // namespace assay::test
