#include "server/store/latency_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace assay::store {
namespace {

TEST(LatencyHistogramTest, WithoutValuesThereIsNoQuantile) {
  EXPECT_FALSE(LatencyHistogram().Quantile(0.5).has_value());
}

TEST(LatencyHistogramTest, SmallValuesAreExact) {
  LatencyHistogram histogram;
  for (int value = 0; value < 128; ++value) {
    histogram.Add(value);
  }
  EXPECT_EQ(histogram.Quantile(0.5), 63);
  EXPECT_EQ(histogram.Quantile(1.0), 127);
  EXPECT_EQ(histogram.Quantile(1e-9), 0);
}

TEST(LatencyHistogramTest, EveryQuantileIsWithinOnePartInHundredTwentyEightOfTheSortedValues) {
  std::mt19937_64 random(7);
  std::vector<std::int64_t> values;
  LatencyHistogram histogram;
  for (int i = 0; i < 20'000; ++i) {
    // Log-uniform over 1 ns to a day.
    const double exponent = static_cast<double>(random() >> 11) * 0x1p-53 * std::log(8.64e13);
    values.push_back(static_cast<std::int64_t>(std::exp(exponent)));
    histogram.Add(values.back());
  }
  std::sort(values.begin(), values.end());
  for (const double share : {0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<std::size_t>(std::ceil(share * 20'000));
    const auto exact = static_cast<double>(values[rank - 1]);
    EXPECT_NEAR(static_cast<double>(*histogram.Quantile(share)), exact, exact / 128) << share;
  }
}

TEST(LatencyHistogramTest, PartsAddUpToTheWholeInAnyOrder) {
  std::mt19937_64 random(3);
  LatencyHistogram whole;
  LatencyHistogram parts[3];
  for (int i = 0; i < 1000; ++i) {
    const auto value = static_cast<std::int64_t>(random() >> (random() % 60 + 1));
    whole.Add(value);
    parts[i % 3].Add(value);
  }
  LatencyHistogram forward = parts[0];
  forward.Merge(parts[1]);
  forward.Merge(parts[2]);
  LatencyHistogram backward = parts[2];
  backward.Merge(parts[1]);
  backward.Merge(parts[0]);
  EXPECT_EQ(forward, whole);
  EXPECT_EQ(backward, whole);
}

TEST(LatencyHistogramTest, ReadsBackWhatItWrote) {
  LatencyHistogram histogram;
  for (const std::int64_t value :
       {std::int64_t{0}, std::int64_t{63}, std::int64_t{64}, std::int64_t{1'000'000'000},
        std::numeric_limits<std::int64_t>::max()}) {
    histogram.Add(value, 300);
  }
  EXPECT_EQ(LatencyHistogram::Decode(histogram.Encode()), histogram);
  EXPECT_EQ(LatencyHistogram::Decode(""), LatencyHistogram());
}

TEST(LatencyHistogramTest, DamagedBytesAreNotRead) {
  EXPECT_FALSE(LatencyHistogram::Decode("\x01").has_value());
  EXPECT_FALSE(LatencyHistogram::Decode(std::string("\x01\x00", 2)).has_value());
  EXPECT_FALSE(LatencyHistogram::Decode("\xff\xff\x7f\x01").has_value());
}

}  // namespace
}  // namespace assay::store
