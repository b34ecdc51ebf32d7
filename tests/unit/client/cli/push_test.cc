#include "client/cli/push.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::cli {
namespace {

std::string Place(std::int64_t row) {
  return row < 100 ? "rows.jsonl:" + std::to_string(row + 1) : std::string();
}

TEST(WithPlacesTest, LeadsWithThePlaceOfAColumnsRow) {
  EXPECT_EQ(WithPlaces("column 'label', row 17: must be text", Place),
            "rows.jsonl:18: column 'label': must be text");
}

TEST(WithPlacesTest, NamesBothPlacesOfADuplicate) {
  EXPECT_EQ(WithPlaces("duplicate key 'a': rows 3 and 17", Place),
            "duplicate key 'a': rows.jsonl:4 and rows.jsonl:18");
}

TEST(WithPlacesTest, NamesASingleRow) {
  EXPECT_EQ(WithPlaces("row 2: too large", Place), "rows.jsonl:3: too large");
}

TEST(WithPlacesTest, LeavesRowsThatItDoesNotKnow) {
  EXPECT_EQ(WithPlaces("column 'x', row 500: bad", Place), "column 'x', row 500: bad");
}

TEST(WithPlacesTest, LeavesNumbersOfOtherThings) {
  EXPECT_EQ(WithPlaces("more than 5 rows; grow 3 and 4", Place), "more than 5 rows; grow 3 and 4");
}

}  // namespace
}  // namespace assay::cli
