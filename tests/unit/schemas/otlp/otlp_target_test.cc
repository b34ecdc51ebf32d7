#include "schemas/otlp/otlp_target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <string>

namespace assay::otlp {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class OtlpTargetTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                             "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
                             "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
                             "OTEL_SERVICE_NAME"}) {
      unsetenv(name);
    }
  }

  static void Set(const char* name, const char* value) { setenv(name, value, 1); }

  static std::string ErrorOf(const char* endpoint) {
    Set("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
    return std::string(OtlpTargetFromEnvironment().status().message());
  }
};

TEST_F(OtlpTargetTest, IsAbsentWithoutAnEndpoint) {
  const auto target = OtlpTargetFromEnvironment();
  ASSERT_TRUE(target.ok());
  EXPECT_FALSE(target->has_value());
}

TEST_F(OtlpTargetTest, HasThePortOfTheProtocolWhenNoneIsGiven) {
  Set("OTEL_EXPORTER_OTLP_ENDPOINT", "https://[::1]/");
  const auto target = OtlpTargetFromEnvironment();
  ASSERT_TRUE(target.ok() && target->has_value());
  EXPECT_EQ((*target)->address, "[::1]:4317");
  EXPECT_TRUE((*target)->uses_tls);
}

TEST_F(OtlpTargetTest, TheVariableOfTracesComesFirst) {
  Set("OTEL_EXPORTER_OTLP_ENDPOINT", "http://all:1");
  Set("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces:2");
  const auto target = OtlpTargetFromEnvironment();
  ASSERT_TRUE(target.ok() && target->has_value());
  EXPECT_EQ((*target)->address, "traces:2");
  EXPECT_FALSE((*target)->uses_tls);
}

TEST_F(OtlpTargetTest, ReadsHeadersWithNamesInLowerCase) {
  Set("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector");
  Set("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Bearer a=b, x-tenant=7");
  const auto target = OtlpTargetFromEnvironment();
  ASSERT_TRUE(target.ok() && target->has_value());
  EXPECT_THAT((*target)->headers,
              ElementsAre(Pair("authorization", "Bearer a=b"), Pair("x-tenant", "7")));
}

TEST_F(OtlpTargetTest, ValuesOfHeadersArePercentEncoded) {
  Set("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector");
  Set("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Basic%20YTpi%3d%3D,x-list=a%2Cb%25");
  const auto target = OtlpTargetFromEnvironment();
  ASSERT_TRUE(target.ok() && target->has_value());
  EXPECT_THAT((*target)->headers,
              ElementsAre(Pair("authorization", "Basic YTpi=="), Pair("x-list", "a,b%")));
  for (const char* const wrong : {"a=100%", "a=%2", "a=%zz", "a=%0d%0a", "a=%ff", "a=%00"}) {
    Set("OTEL_EXPORTER_OTLP_HEADERS", wrong);
    EXPECT_THAT(ErrorOf("http://collector"), HasSubstr("OTEL_EXPORTER_OTLP_HEADERS")) << wrong;
  }
}

TEST_F(OtlpTargetTest, NamesTheVariableThatIsWrong) {
  EXPECT_THAT(ErrorOf("collector:4317"), HasSubstr("OTEL_EXPORTER_OTLP_ENDPOINT: expected http"));
  EXPECT_THAT(ErrorOf("http://collector/v1/traces"), HasSubstr("expected http"));
  Set("OTEL_EXPORTER_OTLP_HEADERS", "two words=1");
  EXPECT_THAT(ErrorOf("http://collector"), HasSubstr("OTEL_EXPORTER_OTLP_HEADERS"));
  Set("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
  EXPECT_THAT(ErrorOf("http://collector"), HasSubstr("OTEL_EXPORTER_OTLP_PROTOCOL: only grpc"));
}

TEST_F(OtlpTargetTest, AnEmptyServiceNameIsNone) {
  Set("OTEL_SERVICE_NAME", "");
  EXPECT_EQ(ServiceName("assay"), "assay");
  Set("OTEL_SERVICE_NAME", "nightly");
  EXPECT_EQ(ServiceName("assay"), "nightly");
}

}  // namespace
}  // namespace assay::otlp
