#include "evaluators/model/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>

namespace assay {
namespace {

using testing::HasSubstr;

std::string File(const std::string& header, const std::string& data) {
  std::string file(8, '\0');
  const std::uint64_t length = header.size();
  std::memcpy(file.data(), &length, sizeof(length));
  return file + header + data;
}

std::string Problem(const std::string& file) {
  return std::string(ReadSafetensorsIndex(file).status().message());
}

TEST(SafetensorsTest, TensorsAreListedByPosition) {
  const auto index =
      ReadSafetensorsIndex(File(R"({"b":{"dtype":"F32","shape":[],"data_offsets":[2,6]},)"
                                R"("__metadata__":{"format":"pt"},)"
                                R"("a":{"dtype":"BF16","shape":[1,1],"data_offsets":[0,2]},)"
                                R"("empty":{"dtype":"F64","shape":[0,3],"data_offsets":[6,6]}}   )",
                                std::string("\x80\x3f", 2) + std::string("\0\0\x20\xc1", 4)));
  ASSERT_TRUE(index.ok()) << index.status();
  ASSERT_EQ(index->tensors.size(), 3U);
  EXPECT_EQ(index->tensors[0].name, "a");
  EXPECT_EQ(index->tensors[1].num_elements, 1);
  EXPECT_EQ(index->tensors[2].num_elements, 0);
  EXPECT_EQ(index->metadata.at("format"), "pt");
}

TEST(SafetensorsTest, ValuesOfEveryFloatTypeAreExact) {
  const std::string file = File(R"({"h":{"dtype":"F16","shape":[3],"data_offsets":[0,6]},)"
                                R"("b":{"dtype":"BF16","shape":[1],"data_offsets":[6,8]},)"
                                R"("f":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}})",
                                std::string("\x01\x00\x00\x3c\xff\xfb", 6) +
                                    std::string("\x40\xc0", 2) + std::string("\0\0\x20\xc1", 4));
  const auto index = ReadSafetensorsIndex(file);
  ASSERT_TRUE(index.ok()) << index.status();
  EXPECT_THAT(*TensorValues(file, *index->Find("h")),
              testing::ElementsAre(std::ldexp(1, -24), 1, -65504));
  EXPECT_THAT(*TensorValues(file, *index->Find("b")), testing::ElementsAre(-3));
  EXPECT_THAT(*TensorValues(file, *index->Find("f")), testing::ElementsAre(-10));
}

TEST(SafetensorsTest, ANanWeightIsNamed) {
  const std::string file = File(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
                                std::string("\0\0\0\0\0\0\xc0\x7f", 8));
  const auto index = ReadSafetensorsIndex(file);
  ASSERT_TRUE(index.ok());
  EXPECT_THAT(std::string(TensorValues(file, index->tensors[0]).status().message()),
              HasSubstr("tensor 'w': element [1] is nan"));
}

TEST(SafetensorsTest, LyingLengthsAreRefusedBeforeAnythingIsAllocated) {
  EXPECT_THAT(Problem("1234567"), HasSubstr("too few"));
  EXPECT_THAT(Problem(std::string("\xff\xff\xff\xff\xff\xff\xff\xff{}", 10)),
              HasSubstr("at most 100000000"));
  EXPECT_THAT(Problem(std::string("\x09\0\0\0\0\0\0\0{}", 10)), HasSubstr("in a file of 10"));
}

struct BadHeader {
  const char* header;
  const char* problem;
};

class BadHeaderTest : public testing::TestWithParam<BadHeader> {};

TEST_P(BadHeaderTest, IsRefusedWithTheReason) {
  EXPECT_THAT(Problem(File(GetParam().header, std::string(8, '\0'))),
              HasSubstr(GetParam().problem));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadHeaderTest,
    testing::Values(
        BadHeader{" {}", "does not begin with '{'"}, BadHeader{"{", "not valid JSON"},
        BadHeader{"{\"a\":\"\xff\"}", "not valid JSON"},
        BadHeader{R"({"a":[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]})", "not valid JSON"},
        BadHeader{R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                  R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
                  "the key 'a' occurs twice"},
        BadHeader{R"({"a":{"dtype":"F31","shape":[2],"data_offsets":[0,8]}})",
                  "unknown dtype 'F31'"},
        BadHeader{R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})",
                  "F32 of shape [3] does not take 8 bytes"},
        BadHeader{R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,16]}})", "leave the 8"},
        BadHeader{R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", "leave the 8"},
        BadHeader{R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", "a hole"},
        BadHeader{R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "4 bytes behind"},
        BadHeader{R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                  R"("b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                  "overlap"},
        BadHeader{R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})",
                  "shape is not a list of sizes"},
        BadHeader{R"({"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}})",
                  "shape is not a list of sizes"},
        BadHeader{R"({"a":{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,8]}})",
                  "does not take 8 bytes"},
        BadHeader{R"({"a":{"dtype":"F64","shape":[18446744073709551616],"data_offsets":[0,8]}})",
                  "header"},
        BadHeader{R"({"a":{"dtype":"F4","shape":[3],"data_offsets":[0,8]}})", "does not take"},
        BadHeader{R"({"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8],"x":1}})",
                  "unknown key 'x'"},
        BadHeader{R"({"__metadata__":{"a":1}})", "is not text"},
        BadHeader{R"({"a":[]})", "not an object"}));

TEST(RoundingTest, HalfAndBfloat16RoundToNearestEven) {
  EXPECT_EQ(RoundedToBfloat16(1 + std::ldexp(1, -8)), 1);
  EXPECT_EQ(RoundedToBfloat16(1 + std::ldexp(3, -8)), 1 + std::ldexp(1, -6));
  EXPECT_EQ(RoundedToHalf(1 + std::ldexp(1, -11)), 1);
  EXPECT_EQ(RoundedToHalf(65519), 65504);
  EXPECT_EQ(RoundedToHalf(65520), std::numeric_limits<double>::infinity());
  EXPECT_EQ(RoundedToHalf(std::ldexp(1, -25)), 0);
  EXPECT_EQ(RoundedToHalf(std::ldexp(3, -25)), std::ldexp(1, -23));
}

TEST(RoundingTest, EveryHalfAndBfloat16IsItsOwnNearest) {
  for (int bits = 0; bits < 0x10000; ++bits) {
    const auto code = static_cast<std::uint16_t>(bits);
    if (std::isfinite(HalfValue(code))) {
      EXPECT_EQ(RoundedToHalf(HalfValue(code)), HalfValue(code));
    }
    if (std::isfinite(Bfloat16Value(code))) {
      EXPECT_EQ(RoundedToBfloat16(Bfloat16Value(code)), Bfloat16Value(code));
    }
  }
}

}  // namespace
}  // namespace assay
