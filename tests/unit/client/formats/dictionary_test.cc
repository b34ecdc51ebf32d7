#include "client/formats/dictionary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace assay::formats {
namespace {

TEST(DictionaryTest, NumbersTextsInOrderOfFirstSight) {
  Dictionary dictionary;
  EXPECT_EQ(dictionary.Code("b"), 0);
  EXPECT_EQ(dictionary.Code("a"), 1);
  EXPECT_EQ(dictionary.Code("b"), 0);
  EXPECT_EQ(dictionary.Code(""), 2);
  EXPECT_EQ(dictionary.Find("a"), 1);
  EXPECT_EQ(dictionary.Find("c"), -1);
}

TEST(DictionaryTest, KeepsItsCodesWhileItGrows) {
  Dictionary dictionary;
  for (int i = 0; i < 100'000; ++i) {
    ASSERT_EQ(dictionary.Code(std::to_string(i)), i);
  }
  for (int i = 0; i < 100'000; ++i) {
    ASSERT_EQ(dictionary.Code(std::to_string(i)), i);
    ASSERT_EQ(dictionary.Text(i), std::to_string(i));
  }
}

TEST(DictionaryTest, TellsTextsWithOneHashApart) {
  Dictionary dictionary;
  EXPECT_EQ(dictionary.Code("a", 7), 0);
  EXPECT_EQ(dictionary.Code("b", 7), 1);
  EXPECT_EQ(dictionary.Code("a", 7), 0);
}

TEST(DictionaryTest, BecomesTheDictionaryOfAColumn) {
  Dictionary dictionary;
  dictionary.Code("x");
  dictionary.Code("yz");
  Column column;
  column.num_rows = 1;
  column.codes = {1};
  dictionary.MoveTo(column);
  EXPECT_EQ(column.Text(0), "yz");
  EXPECT_EQ(dictionary.size(), 0);
  EXPECT_EQ(dictionary.Code("yz"), 0);
}

}  // namespace
}  // namespace assay::formats
