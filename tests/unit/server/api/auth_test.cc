#include "server/api/auth.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "absl/strings/str_format.h"
#include "assay/v1/admin_service.pb.h"
#include "assay/v1/baseline_service.pb.h"
#include "assay/v1/comparison_service.pb.h"
#include "assay/v1/dataset_service.pb.h"
#include "assay/v1/model_service.pb.h"
#include "assay/v1/planning_service.pb.h"
#include "assay/v1/reference_model_service.pb.h"
#include "assay/v1/run_service.pb.h"
#include "assay/v1/trace_service.pb.h"
#include "assay/v1/upload_service.pb.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.pb.h"

namespace assay::api {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// Every method of assay.v1, `assay.v1.Service/Method`, and of OpenTelemetry's service.
std::set<std::string> SchemaMethods() {
  std::set<std::string> methods;
  for (const google::protobuf::FileDescriptor* file :
       {v1::ServerInfo::descriptor()->file(), v1::Comparison::descriptor()->file(),
        v1::Dataset::descriptor()->file(), v1::Model::descriptor()->file(),
        v1::Run::descriptor()->file(), v1::Trace::descriptor()->file(),
        v1::Upload::descriptor()->file(), v1::Baseline::descriptor()->file(),
        v1::PowerCell::descriptor()->file(), v1::LayerHealth::descriptor()->file(),
        opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest::descriptor()
            ->file()}) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        methods.insert(absl::StrFormat("%s/%s", file->service(s)->full_name(),
                                       file->service(s)->method(m)->name()));
      }
    }
  }
  return methods;
}

TEST(MethodRolesTest, CoverEveryMethodOfTheSchemaAndNoOther) {
  std::set<std::string> table;
  for (const auto& [method, role] : MethodRoles()) {
    EXPECT_TRUE(table.insert(std::string(method)).second) << method << " is there twice";
  }
  EXPECT_EQ(table, SchemaMethods());
}

TEST(MethodRolesTest, LetViewersReadOnly) {
  for (const auto& [method, role] : MethodRoles()) {
    const std::string_view verb = method.substr(method.find('/') + 1);
    const bool is_read = verb.starts_with("Get") || verb.starts_with("List") ||
                         verb.starts_with("Read") || verb.starts_with("Watch") ||
                         verb.starts_with("Query");
    const bool stores_nothing =
        verb == "CompareLayers" || verb == "DiagnoseModel" || verb == "EstimatePower";
    if (!is_read && !stores_nothing) {
      EXPECT_GT(role, Role::kViewer) << method;
    }
  }
}

TEST(AuthorizeTest, RefusesAMethodThatIsNotInTheTable) {
  const Caller admin{"root", Role::kAdmin, "*"};
  for (const std::string method :
       {"", "/", "assay.v1.RunService/", "grpc.channelz.v1.Channelz/X"}) {
    EXPECT_EQ(Authorize(admin, method).code(), absl::StatusCode::kPermissionDenied) << method;
  }
}

TEST(AuthorizeTest, NamesTheRoleThatIsMissing) {
  const Caller viewer{"ann", Role::kViewer, "*"};
  const absl::Status status = Authorize(viewer, "assay.v1.RunService/CreateRun");
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(status.message()), HasSubstr("needs the role runner"));
}

TEST(AuthenticatorTest, LetsEveryoneInAsAdminWithoutTokens) {
  const absl::StatusOr<Caller> caller = Authenticator::AllowAll().Authenticate(std::nullopt);
  ASSERT_TRUE(caller.ok());
  EXPECT_EQ(caller->role, Role::kAdmin);
}

TEST(AuthenticatorTest, KnowsTheHolderOfANewToken) {
  const NewToken made = *MakeToken("ci", Role::kRunner, "default");
  const absl::StatusOr<Authenticator> tokens =
      Authenticator::FromTokens("# tokens\n\n" + made.line + "\n");
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  const absl::StatusOr<Caller> caller = tokens->Authenticate("Bearer " + made.token);
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_EQ(caller->name, "ci");
  EXPECT_EQ(caller->role, Role::kRunner);
  EXPECT_EQ(caller->project, "default");
}

TEST(AuthenticatorTest, DoesNotCareHowBearerIsWritten) {
  const NewToken made = *MakeToken("ci", Role::kRunner, "default");
  EXPECT_TRUE(Authenticator::FromTokens(made.line)->Authenticate("bEARER " + made.token).ok());
}

TEST(AuthenticatorTest, RefusesEverythingElse) {
  const NewToken made = *MakeToken("ci", Role::kRunner, "default");
  const Authenticator tokens = *Authenticator::FromTokens(made.line);
  for (const std::string& header :
       {std::string(), std::string("Bearer"), std::string("Bearer "), made.token,
        "Basic " + made.token, "Bearer  " + made.token, "Bearer " + made.token + " ",
        "Bearer " + made.token.substr(1), "Bearer " + made.line,
        "Bearer " + made.line.substr(made.line.rfind(' ') + 1), "Bearer " + std::string(9000, 'x'),
        std::string("Bearer \xff\x00", 9)}) {
    EXPECT_EQ(tokens.Authenticate(header).status().code(), absl::StatusCode::kUnauthenticated)
        << header;
  }
  EXPECT_EQ(tokens.Authenticate(std::nullopt).status().code(), absl::StatusCode::kUnauthenticated);
}

TEST(AuthenticatorTest, NamesTheLineThatIsWrong) {
  const std::string good = MakeToken("ci", Role::kRunner, "default")->line;
  for (const std::string& bad :
       {std::string("ci runner default"), std::string("ci boss default sha256:00"),
        std::string("ci runner default sha256:00"), good + " more",
        good.substr(0, good.size() - 1) + "g"}) {
    const absl::Status status = Authenticator::FromTokens(good + "\n" + bad).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), StartsWith("line 2: ")) << bad;
  }
}

TEST(AuthenticatorTest, DoesNotRepeatASecretThatStandsWhereItsDigestBelongs) {
  const std::string secret = MakeToken("ci", Role::kRunner, "default")->token;
  const absl::Status status = Authenticator::FromTokens("ci runner default " + secret).status();
  EXPECT_THAT(std::string(status.message()), ::testing::Not(HasSubstr(secret)));
}

TEST(AuthenticatorTest, RefusesAFileWithoutTokens) {
  EXPECT_EQ(Authenticator::FromTokens("# nobody\n").status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(MakeTokenTest, NeverMakesTheSameTokenTwice) {
  EXPECT_NE(MakeToken("ci", Role::kRunner, "*")->token, MakeToken("ci", Role::kRunner, "*")->token);
}

TEST(MakeTokenTest, DoesNotWriteTheTokenIntoItsLine) {
  const NewToken made = *MakeToken("ci", Role::kRunner, "*");
  EXPECT_THAT(made.line, ::testing::Not(HasSubstr(made.token)));
  EXPECT_THAT(made.line, StartsWith("ci runner * sha256:"));
}

TEST(MakeTokenTest, RefusesNamesThatWouldBreakTheLine) {
  for (const std::string name : {"", "a b", "a\nb", "#a", "\xc3\xa9"}) {
    EXPECT_EQ(MakeToken(name, Role::kViewer, "*").status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace assay::api
