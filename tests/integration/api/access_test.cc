#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "server/api/auth.h"
#include "tests/integration/api/api_client.h"
#include "tests/integration/api/tls_identity.h"
#include "tests/support/server_process.h"

namespace assay::test {
namespace {

using api::Role;
using ::testing::HasSubstr;

using Metadata = std::vector<std::pair<std::string, std::string>>;

// A server with TLS and one token of every role, and one for another project.
class AccessTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    files_ = std::make_unique<TempDir>();
    const TlsIdentity identity = MakeTlsIdentity();
    Write("cert.pem", identity.certificate);
    Write("key.pem", identity.private_key);
    std::string lines = "# NAME ROLE PROJECT DIGEST\n";
    for (const Role role : {Role::kViewer, Role::kRunner, Role::kAdmin}) {
      const api::NewToken made = *api::MakeToken(api::RoleName(role), role, api::kAllProjects);
      tokens_[static_cast<std::size_t>(role)] = made.token;
      lines += made.line + "\n";
    }
    const api::NewToken stranger = *api::MakeToken("stranger", Role::kAdmin, "elsewhere");
    stranger_ = stranger.token;
    lines += stranger.line + "\n";
    Write("tokens", lines);
    server_ = *ServerProcess::Start({.data_dir = {},
                                     .flags = {"--tls-cert", Path("cert.pem"), "--tls-key",
                                               Path("key.pem"), "--token-file", Path("tokens")}});
    grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = identity.certificate;
    client_ = std::make_unique<ApiClient>(
        grpc::CreateChannel(server_->grpc_address(), grpc::SslCredentials(tls)));
  }
  static void TearDownTestSuite() {
    client_.reset();
    EXPECT_EQ(server_->Terminate(), 0) << server_->Log();
    server_.reset();
    files_.reset();
  }

  static std::string Path(const std::string& name) { return (files_->path() / name).string(); }
  static void Write(const std::string& name, const std::string& text) {
    std::ofstream(Path(name), std::ios::binary) << text;
  }
  static Metadata Bearer(const std::string& token) {
    return {{"authorization", "Bearer " + token}};
  }
  static Metadata BearerOf(Role role) { return Bearer(tokens_[static_cast<std::size_t>(role)]); }

  static inline std::unique_ptr<TempDir> files_;
  static inline std::unique_ptr<ServerProcess> server_;
  static inline std::unique_ptr<ApiClient> client_;
  static inline std::string tokens_[4];
  static inline std::string stranger_;
};

TEST_F(AccessTest, RefusesEveryMethodWithoutAKnownToken) {
  const std::string unknown = api::MakeToken("x", Role::kAdmin, "*")->token;
  for (const auto& [method, role] : api::MethodRoles()) {
    for (const Metadata& metadata :
         {Metadata{}, Bearer(""), Bearer(unknown), Bearer(unknown.substr(1)),
          Metadata{{"authorization", "Basic Og=="}}}) {
      EXPECT_EQ(client_->Raw(std::string(method), "", metadata).status.error_code(),
                grpc::StatusCode::UNAUTHENTICATED)
          << method;
    }
  }
}

TEST_F(AccessTest, HoldsEveryMethodToItsRole) {
  for (const auto& [method, required] : api::MethodRoles()) {
    for (const Role role : {Role::kViewer, Role::kRunner, Role::kAdmin}) {
      const grpc::StatusCode code =
          client_->Raw(std::string(method), "", BearerOf(role)).status.error_code();
      EXPECT_EQ(code == grpc::StatusCode::PERMISSION_DENIED, role < required)
          << method << " as " << api::RoleName(role) << ": " << code;
      EXPECT_NE(code, grpc::StatusCode::UNAUTHENTICATED) << method;
    }
  }
}

TEST_F(AccessTest, TellsAStrangerNothingAboutAProject) {
  v1::ListRunsRequest existing;
  existing.set_parent("projects/default");
  const RawAnswer answer =
      client_->Raw("assay.v1.RunService/ListRuns", existing.SerializeAsString(), Bearer(stranger_));
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(answer.status.error_message(), "no such project: 'projects/default'");
}

TEST_F(AccessTest, LetsNobodyCheckTheStoreForOneProject) {
  EXPECT_EQ(
      client_->Raw("assay.v1.AdminService/CheckStore", "", Bearer(stranger_)).status.error_code(),
      grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(AccessTest, DoesNotSpeakWithoutTls) {
  const ApiClient plain(server_->grpc_address());
  EXPECT_EQ(plain.Raw("assay.v1.AdminService/GetServerInfo", "", BearerOf(Role::kAdmin))
                .status.error_code(),
            grpc::StatusCode::UNAVAILABLE);
}

TEST_F(AccessTest, NeverLogsATokenOrItsDigest) {
  client_->Raw("assay.v1.AdminService/GetServerInfo", "", BearerOf(Role::kAdmin));
  for (const std::string& token : tokens_) {
    if (!token.empty()) {
      EXPECT_THAT(server_->Log(), ::testing::Not(HasSubstr(token)));
    }
  }
}

TEST_F(AccessTest, RefusesToStartWithATokenFileThatIsWrong) {
  Write("bad", "ci boss default sha256:00\n");
  const ProgramResult result = RunServerProgram({"--token-file", Path("bad")});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("--token-file: " + Path("bad") + ": line 1: unknown role"));
}

TEST_F(AccessTest, RefusesToStartWithAKeyOfAnotherCertificate) {
  Write("other.pem", MakeTlsIdentity().private_key);
  const TempDir directory;
  const ProgramResult result = RunServerProgram(
      {"--data-dir", directory.path().string(), "--listen", "127.0.0.1:0", "--http-listen",
       "127.0.0.1:0", "--tls-cert", Path("cert.pem"), "--tls-key", Path("other.pem")});
  EXPECT_EQ(result.exit_code, 2) << result.err;
  EXPECT_THAT(result.err, HasSubstr("TLS"));
}

TEST_F(AccessTest, RefusesToStartWithACertificateThatIsNone) {
  Write("garbage", "garbage");
  const TempDir directory;
  const ProgramResult result = RunServerProgram(
      {"--data-dir", directory.path().string(), "--listen", "127.0.0.1:0", "--http-listen",
       "127.0.0.1:0", "--tls-cert", Path("garbage"), "--tls-key", Path("garbage")});
  EXPECT_EQ(result.exit_code, 2) << result.err;
}

}  // namespace
}  // namespace assay::test
