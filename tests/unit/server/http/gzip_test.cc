#include "server/http/gzip.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>
#include <vector>

namespace assay::http {
namespace {

std::string Gzip(const std::string& text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY),
            Z_OK);
  std::vector<Bytef> out(deflateBound(&stream, text.size()) + 64);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  std::string packed(reinterpret_cast<char*>(out.data()), stream.total_out);
  deflateEnd(&stream);
  return packed;
}

TEST(GunzipTest, UnpacksWhatWasPacked) {
  const std::string text(300'000, 'x');
  EXPECT_EQ(*Gunzip(Gzip(text), text.size()), text);
  EXPECT_EQ(*Gunzip(Gzip(""), 0), "");
}

TEST(GunzipTest, StopsAtTheLimit) {
  EXPECT_TRUE(
      absl::IsResourceExhausted(Gunzip(Gzip(std::string(10'000'000, 'x')), 9'999'999).status()));
}

TEST(GunzipTest, RefusesMoreThanTheEndOfTheFileSays) {
  std::string packed = Gzip(std::string(10'000'000, 'x'));
  packed.replace(packed.size() - 4, 4, std::string("\x05\0\0\0", 4));
  EXPECT_TRUE(absl::IsInvalidArgument(Gunzip(packed, 20'000'000).status()));
}

TEST(GunzipTest, TakesNoMoreMemoryThanItNeeds) {
  const std::string text(33 << 20, 'x');  // just above a power of two
  EXPECT_LT(Gunzip(Gzip(text), 64 << 20)->capacity(), text.size() + 64);
}

TEST(GunzipTest, RefusesWhatIsDamaged) {
  const std::string packed = Gzip("some text");
  std::string flipped = packed;
  flipped[packed.size() - 6] ^= 1;  // the checksum
  for (const std::string& bytes : {std::string(), std::string("text"),
                                   packed.substr(0, packed.size() - 1), packed + "x", flipped}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Gunzip(bytes, 1000).status()));
  }
}

}  // namespace
}  // namespace assay::http
