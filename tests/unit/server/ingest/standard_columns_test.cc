#include "server/ingest/standard_columns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <tuple>

#include "tests/support/columns_builder.h"

namespace assay::ingest {
namespace {

using ::testing::HasSubstr;
using ::testing::Optional;
using ::testing::Values;

Column Named(std::string name, ColumnType type, std::int32_t dimension = 0) {
  Column column;
  column.name = std::move(name);
  column.type = type;
  column.dimension = dimension;
  return column;
}

struct StandardColumn {
  RowKind kind;
  std::string name;
  ColumnType type;
  ColumnType wrong_type;
  std::string wrong_message;
};

class StandardColumnTest : public testing::TestWithParam<StandardColumn> {};

std::int32_t DimensionOf(ColumnType type) {
  return type == ColumnType::kFloat32Vector || type == ColumnType::kFloat64Vector ? 4 : 0;
}

TEST_P(StandardColumnTest, HasItsType) {
  const StandardColumn& column = GetParam();
  EXPECT_EQ(FindColumnFault(column.kind, Named(column.name, column.type, DimensionOf(column.type))),
            std::nullopt);
}

TEST_P(StandardColumnTest, RefusesAnotherType) {
  const StandardColumn& column = GetParam();
  EXPECT_THAT(FindColumnFault(column.kind, Named(column.name, column.wrong_type,
                                                 DimensionOf(column.wrong_type))),
              Optional(column.wrong_message));
}

INSTANTIATE_TEST_SUITE_P(
    Columns, StandardColumnTest,
    Values(StandardColumn{RowKind::kExample, "key", ColumnType::kText, ColumnType::kInt64,
                          "must be text, not int64"},
           StandardColumn{RowKind::kExample, "input", ColumnType::kJson, ColumnType::kFloat64,
                          "must be text or json, not float64"},
           StandardColumn{RowKind::kExample, "label", ColumnType::kText, ColumnType::kJson,
                          "must be text, not json"},
           StandardColumn{RowKind::kExample, "group", ColumnType::kText, ColumnType::kInt64,
                          "must be text, not int64"},
           StandardColumn{RowKind::kExample, "features", ColumnType::kFloat32Vector,
                          ColumnType::kFloat64Vector, "must be float32_vector, not float64_vector"},
           StandardColumn{RowKind::kExample, "tokens", ColumnType::kInt32List,
                          ColumnType::kTextList, "must be int32_list, not text_list"},
           StandardColumn{RowKind::kExample, "references", ColumnType::kTextList, ColumnType::kText,
                          "must be text_list, not text"},
           StandardColumn{RowKind::kExample, "relevance", ColumnType::kRelevance,
                          ColumnType::kRanking, "must be relevance, not ranking"},
           StandardColumn{RowKind::kExample, "reference_embedding", ColumnType::kFloat64Vector,
                          ColumnType::kFloat64,
                          "must be float32_vector or float64_vector, not float64"},
           StandardColumn{RowKind::kExample, "cohort.domain", ColumnType::kText, ColumnType::kInt64,
                          "must be text, not int64"},
           StandardColumn{RowKind::kDocument, "text", ColumnType::kText, ColumnType::kTextList,
                          "must be text or json, not text_list"},
           StandardColumn{RowKind::kDocument, "features", ColumnType::kFloat32Vector,
                          ColumnType::kFloat64, "must be float32_vector, not float64"},
           StandardColumn{RowKind::kOutput, "logits", ColumnType::kFloat64Vector,
                          ColumnType::kFloat32Vector, "must be float64_vector, not float32_vector"},
           StandardColumn{RowKind::kOutput, "ranking", ColumnType::kRanking, ColumnType::kTextList,
                          "must be ranking, not text_list"},
           StandardColumn{RowKind::kOutput, "embedding", ColumnType::kFloat32Vector,
                          ColumnType::kInt32List,
                          "must be float32_vector or float64_vector, not int32_list"},
           StandardColumn{RowKind::kOutput, "latency_us", ColumnType::kFloat64, ColumnType::kInt64,
                          "must be float64, not int64"},
           StandardColumn{RowKind::kOutput, "score.judge", ColumnType::kFloat64, ColumnType::kText,
                          "must be float64, not text"},
           StandardColumn{RowKind::kOutput, "repetition", ColumnType::kInt64, ColumnType::kFloat64,
                          "must be int64, not float64"}));

TEST(FindColumnFaultTest, LetsOtherColumnsHaveAnyType) {
  EXPECT_EQ(FindColumnFault(RowKind::kExample, Named("anything", ColumnType::kFloat64)),
            std::nullopt);
  EXPECT_EQ(FindColumnFault(RowKind::kOutput, Named("cohort.domain", ColumnType::kInt64)),
            std::nullopt);
  EXPECT_EQ(FindColumnFault(RowKind::kExample, Named("latency_us", ColumnType::kInt64)),
            std::nullopt);
}

TEST(FindColumnFaultTest, RefusesAFamilyWithoutAName) {
  EXPECT_THAT(FindColumnFault(RowKind::kExample, Named("cohort.", ColumnType::kText)),
              Optional(HasSubstr("must be followed by a name")));
}

TEST(FindColumnFaultTest, RefusesNamesThatCannotBeNames) {
  for (const std::string& name :
       {std::string(), std::string(129, 'a'), std::string("a\nb"), std::string("\xFF"),
        std::string("$example_row"), std::string("a\x7F")}) {
    EXPECT_NE(FindColumnFault(RowKind::kExample, Named(name, ColumnType::kText)), std::nullopt)
        << testing::PrintToString(name);
  }
  EXPECT_EQ(FindColumnFault(RowKind::kExample, Named(std::string(128, 'a'), ColumnType::kText)),
            std::nullopt);
}

TEST(FindColumnFaultTest, RefusesDimensionsOutOfRange) {
  EXPECT_THAT(FindColumnFault(RowKind::kOutput, Named("v", ColumnType::kFloat32Vector, 65'537)),
              Optional(HasSubstr("dimension 65537")));
  EXPECT_THAT(FindColumnFault(RowKind::kOutput, Named("v", ColumnType::kFloat64Vector, 0)),
              Optional(HasSubstr("dimension 0")));
}

TEST(RowKindOfTest, FollowsTargetAndTable) {
  EXPECT_EQ(RowKindOf(store::UploadKind::kDataset, store::Table::kRows), RowKind::kExample);
  EXPECT_EQ(RowKindOf(store::UploadKind::kDataset, store::Table::kDocuments), RowKind::kDocument);
  EXPECT_EQ(RowKindOf(store::UploadKind::kOutputSet, store::Table::kRows), RowKind::kOutput);
}

}  // namespace
}  // namespace assay::ingest
