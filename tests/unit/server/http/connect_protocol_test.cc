#include "server/http/connect_protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay::http::connect {
namespace {

TEST(ContentTypeTest, KnowsTheFourOfTheProtocol) {
  for (const std::string_view name : {"application/json", "application/proto",
                                      "application/connect+json", "application/connect+proto"}) {
    ASSERT_TRUE(ParseContentType(name).has_value()) << name;
    EXPECT_EQ(FormatContentType(*ParseContentType(name)), name);
  }
}

TEST(ContentTypeTest, IgnoresCaseAndParameters) {
  EXPECT_TRUE(ParseContentType("Application/JSON; charset=utf-8").has_value());
}

TEST(ContentTypeTest, RefusesWhatAFormCanSend) {
  for (const std::string_view name :
       {"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data",
        "application/jsonx", "application/grpc"}) {
    EXPECT_FALSE(ParseContentType(name).has_value()) << name;
  }
}

TEST(TimeoutTest, TakesOneToTenDigits) {
  EXPECT_EQ(ParseTimeout("0")->count(), 0);
  EXPECT_EQ(ParseTimeout("9999999999")->count(), 9'999'999'999);
  for (const std::string_view text : {"", "-1", "1.5", "1s", " 1", "10000000000"}) {
    EXPECT_FALSE(ParseTimeout(text).ok()) << text;
  }
}

// The table of connectrpc.com/docs/protocol, section Error Codes.
TEST(CodeTest, HasNameAndStatusOfTheProtocol) {
  EXPECT_EQ(CodeName(grpc::StatusCode::CANCELLED), "canceled");
  EXPECT_EQ(HttpStatus(grpc::StatusCode::CANCELLED), 499);
  EXPECT_EQ(CodeName(grpc::StatusCode::FAILED_PRECONDITION), "failed_precondition");
  EXPECT_EQ(HttpStatus(grpc::StatusCode::FAILED_PRECONDITION), 400);
  EXPECT_EQ(HttpStatus(grpc::StatusCode::RESOURCE_EXHAUSTED), 429);
  EXPECT_EQ(CodeName(grpc::StatusCode::UNAUTHENTICATED), "unauthenticated");
  EXPECT_EQ(HttpStatus(grpc::StatusCode::UNAUTHENTICATED), 401);
  EXPECT_EQ(CodeName(static_cast<grpc::StatusCode>(99)), "unknown");
}

TEST(ErrorJsonTest, QuotesTheMessage) {
  EXPECT_EQ(ErrorJson({grpc::StatusCode::NOT_FOUND, "no such run: '\"\n'"}),
            R"({"code":"not_found","message":"no such run: '\"\n'"})");
}

TEST(ErrorJsonTest, CarriesDetails) {
  // google.rpc.Status with one Any of type a.B and value 0x08 0x01.
  const std::string details("\x08\x05\x1a\x0c\x0a\x06x/a.B0\x12\x02\x08\x01", 16);
  EXPECT_EQ(ErrorJson({grpc::StatusCode::NOT_FOUND, "", details}),
            R"({"code":"not_found","message":"","details":[{"type":"a.B0","value":"CAE"}]})");
}

TEST(EnvelopeTest, OpensWhatItCloses) {
  const std::string closed = Envelope(0, "text");
  EXPECT_EQ(closed, std::string("\0\0\0\0\x04text", 9));
  EXPECT_EQ(*OpenEnvelope(closed), "text");
}

TEST(EnvelopeTest, WantsExactlyOneUncompressedMessage) {
  for (const std::string& body :
       {std::string(), std::string("\0\0\0\0", 4), Envelope(0, "a") + Envelope(0, "b"),
        Envelope(kCompressed, "a"), Envelope(kEndOfStream, "{}"),
        std::string("\0\xff\xff\xff\xff", 5), std::string("\0\0\0\0\x02x", 6)}) {
    EXPECT_FALSE(OpenEnvelope(body).ok());
  }
}

TEST(Base64Test, HasNoPadding) {
  EXPECT_EQ(Base64("a"), "YQ");
  EXPECT_EQ(Base64("abc"), "YWJj");
}

}  // namespace
}  // namespace assay::http::connect
