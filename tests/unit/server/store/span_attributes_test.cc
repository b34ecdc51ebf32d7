#include "server/store/sqlite/span_attributes.h"

#include <gtest/gtest.h>

namespace assay::store {
namespace {

using Attributes = std::map<std::string, std::string>;

TEST(SpanAttributesTest, ReadBackAsTheyWere) {
  const Attributes attributes = {{"", "empty key"},
                                 {"a", ""},
                                 {"rows", std::string("4\0"
                                                      "6",
                                                      3)}};
  Attributes read;
  EXPECT_TRUE(DecodeAttributes(EncodeAttributes(attributes), read));
  EXPECT_EQ(read, attributes);
}

TEST(SpanAttributesTest, EveryTruncationInsideAPairIsRefused) {
  const std::string bytes = EncodeAttributes({{"key", "value"}});
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    Attributes read;
    EXPECT_FALSE(DecodeAttributes(bytes.substr(0, size), read)) << size;
  }
}

TEST(SpanAttributesTest, ALengthBeyondTheEndIsRefused) {
  std::string bytes = EncodeAttributes({{"key", "value"}});
  bytes[3] = '\xff';
  Attributes read;
  EXPECT_FALSE(DecodeAttributes(bytes, read));
}

}  // namespace
}  // namespace assay::store
