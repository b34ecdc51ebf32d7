#include "server/base/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace assay {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(MetricsTest, CountersAreOneANameAndLabels) {
  CounterOf("assay_test_calls_total", "Calls.", "code=\"OK\"").Add(2);
  CounterOf("assay_test_calls_total", "Calls.", "code=\"OK\"").Add();
  CounterOf("assay_test_calls_total", "Calls.", "code=\"LOST\"").Add();
  EXPECT_THAT(MetricsText(), HasSubstr("# HELP assay_test_calls_total Calls.\n"
                                       "# TYPE assay_test_calls_total counter\n"
                                       "assay_test_calls_total{code=\"LOST\"} 1\n"
                                       "assay_test_calls_total{code=\"OK\"} 3\n"));
}

TEST(MetricsTest, HistogramsAddUpFromTheSmallestBucket) {
  TimeHistogram& times = TimeHistogramOf("assay_test_seconds", "Times.");
  times.Observe(std::chrono::microseconds(100));
  times.Observe(std::chrono::microseconds(101));
  times.Observe(std::chrono::minutes(1));
  const std::string text = MetricsText();
  EXPECT_THAT(text, HasSubstr("assay_test_seconds_bucket{le=\"0.0001\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("assay_test_seconds_bucket{le=\"0.00025\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("assay_test_seconds_bucket{le=\"30\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("assay_test_seconds_bucket{le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("assay_test_seconds_sum 60.000201000\n"));
  EXPECT_THAT(text, HasSubstr("assay_test_seconds_count 3\n"));
}

TEST(MetricsTest, ASourceIsAskedAsLongAsItLives) {
  {
    double value = 1;
    const MetricSource source("assay_test_depth", "Depth.", MetricSource::Type::kGauge,
                              [&value] { return value; });
    value = 7;
    EXPECT_THAT(MetricsText(), HasSubstr("# TYPE assay_test_depth gauge\nassay_test_depth 7\n"));
  }
  EXPECT_THAT(MetricsText(), Not(HasSubstr("assay_test_depth")));
}

}  // namespace
}  // namespace assay
