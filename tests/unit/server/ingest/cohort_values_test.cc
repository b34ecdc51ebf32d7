#include "server/ingest/cohort_values.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "tests/support/columns_builder.h"

namespace assay::ingest {
namespace {

using test::CodedTextColumn;
using test::TextColumn;

test::Rows<std::string> DistinctRows(std::size_t count) {
  test::Rows<std::string> rows;
  for (std::size_t i = 0; i < count; ++i) {
    rows.emplace_back("value" + std::to_string(i));
  }
  return rows;
}

TEST(CohortValuesTest, AllowsAThousandValues) {
  CohortValues values;
  values.Add(TextColumn("cohort.c", DistinctRows(1000)));
  values.Add(CodedTextColumn("cohort.c", DistinctRows(1000)));
  EXPECT_FALSE(values.HasTooMany());
}

TEST(CohortValuesTest, CountsOneMoreAsTooMany) {
  CohortValues values;
  values.Add(TextColumn("cohort.c", DistinctRows(1000)));
  values.Add(TextColumn("cohort.c", {"another"}));
  EXPECT_TRUE(values.HasTooMany());
}

TEST(CohortValuesTest, CountsCodedValues) {
  CohortValues values;
  values.Add(CodedTextColumn("cohort.c", DistinctRows(1001)));
  EXPECT_TRUE(values.HasTooMany());
}

TEST(CohortValuesTest, DoesNotCountNullRows) {
  test::Rows<std::string> rows = DistinctRows(1000);
  rows.emplace_back(std::nullopt);
  CohortValues values;
  values.Add(TextColumn("cohort.c", rows));
  values.Add(CodedTextColumn("cohort.c", rows));
  EXPECT_FALSE(values.HasTooMany());
}

TEST(CohortValuesTest, DoesNotCountDictionaryEntriesWithoutRows) {
  Column column = CodedTextColumn("cohort.c", DistinctRows(1500));
  column.codes.resize(3);
  column.num_rows = 3;
  CohortValues values;
  values.Add(column);
  values.Add(CodedTextColumn("cohort.c", DistinctRows(1000)));
  EXPECT_FALSE(values.HasTooMany());
}

}  // namespace
}  // namespace assay::ingest
