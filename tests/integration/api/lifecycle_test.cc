#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <string>
#include <thread>

#include "tests/integration/api/api_client.h"
#include "tests/support/server_process.h"

namespace assay::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

std::string FileText(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::unique_ptr<ServerProcess> StartServer(const ServerProcess::Options& options = {}) {
  absl::StatusOr<std::unique_ptr<ServerProcess>> server = ServerProcess::Start(options);
  EXPECT_TRUE(server.ok()) << server.status();
  return server.ok() ? *std::move(server) : nullptr;
}

TEST(LifecycleTest, SaysWhereItListensOnceItIsReady) {
  const auto server = StartServer();
  EXPECT_THAT(server->ready_line(),
              MatchesRegex("ready grpc=127.0.0.1:[0-9]+ http=127.0.0.1:[0-9]+"));
  EXPECT_EQ("ready " + FileText(server->data_dir() / "endpoint"), server->ready_line() + "\n");
}

TEST(LifecycleTest, EndsWithZeroOnEverySignalToStop) {
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
    const auto server = StartServer();
    server->Signal(signal);
    EXPECT_EQ(server->Wait(), 0) << strsignal(signal) << server->Log();
    EXPECT_FALSE(std::filesystem::exists(server->data_dir() / "endpoint"));
  }
}

TEST(LifecycleTest, TellsAboutItself) {
  const auto server = StartServer({.data_dir = {}, .flags = {"--workers", "3"}});
  const ApiClient client(server->grpc_address());
  v1::ServerInfo info;
  ASSERT_TRUE(client.admin->GetServerInfo(NewContext().get(), {}, &info).ok());
  EXPECT_EQ(info.version(), ASSAY_VERSION);
  EXPECT_EQ(info.data_dir(), server->data_dir().string());
  EXPECT_GT(info.schema_version(), 0);
  EXPECT_GT(info.store_bytes(), 0);
  EXPECT_EQ(info.num_workers(), 3);
  EXPECT_THAT(info.isa(), MatchesRegex("(x86-64-v[34]|baseline)([+]vnni)?"));
  EXPECT_EQ(info.http_address(), server->http_address());
  EXPECT_EQ(info.public_url(), "http://" + server->http_address());
}

TEST(LifecycleTest, GivesLinksThePublicUrlItWasTold) {
  const auto server =
      StartServer({.data_dir = {}, .flags = {"--public-url", "https://assay.example/"}});
  const ApiClient client(server->grpc_address());
  v1::ServerInfo info;
  ASSERT_TRUE(client.admin->GetServerInfo(NewContext().get(), {}, &info).ok());
  EXPECT_EQ(info.public_url(), "https://assay.example");
}

TEST(LifecycleTest, RefusesADirectoryThatAnotherServerHolds) {
  const auto first = StartServer();
  const ProgramResult second =
      RunServerProgram({"--data-dir", first->data_dir().string(), "--listen", "127.0.0.1:0",
                        "--http-listen", "127.0.0.1:0"});
  EXPECT_EQ(second.exit_code, 3);
  EXPECT_THAT(second.err, HasSubstr(std::to_string(first->pid())));
  EXPECT_EQ(second.out, "");
  EXPECT_EQ(first->Terminate(), 0);
}

TEST(LifecycleTest, NamesTheAddressThatIsTaken) {
  const auto first = StartServer();
  const TempDir directory;
  for (const auto& [flag, other, address] :
       {std::tuple{"--listen", "--http-listen", first->grpc_address()},
        std::tuple{"--http-listen", "--listen", first->http_address()}}) {
    const ProgramResult second = RunServerProgram(
        {"--data-dir", directory.path().string(), flag, address, other, "127.0.0.1:0"});
    EXPECT_EQ(second.exit_code, 3);
    EXPECT_THAT(second.err, HasSubstr(address + ": Address already in use"));
  }
}

TEST(LifecycleTest, RefusesADatabaseOfANewerProgram) {
  const auto server = StartServer();
  EXPECT_EQ(server->Terminate(), 0);
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open((server->data_dir() / "assay.db").c_str(), &database), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(database, "PRAGMA user_version = 9999", nullptr, nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(database);
  const absl::Status status = server->Restart();
  EXPECT_THAT(status.ToString(), HasSubstr("ended with 3: "));
  EXPECT_THAT(status.ToString(), HasSubstr("assay.db: schema 9999 is newer than this program"));
}

TEST(LifecycleTest, RefusesADamagedDatabase) {
  const auto server = StartServer();
  EXPECT_EQ(server->Terminate(), 0);
  std::ofstream(server->data_dir() / "assay.db", std::ios::binary) << std::string(8192, 'x');
  const absl::Status status = server->Restart();
  EXPECT_THAT(status.ToString(), HasSubstr("ended with 3: "));
  EXPECT_THAT(status.ToString(), HasSubstr("assay.db: "));
}

TEST(LifecycleTest, RefusesAnAddressThatOthersCanReachAndSaysWhatIsMissing) {
  const TempDir directory;
  const ProgramResult result =
      RunServerProgram({"--data-dir", directory.path().string(), "--listen", "0.0.0.0:0"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("refusing to listen on 0.0.0.0:0"));
  EXPECT_THAT(result.err, HasSubstr("--tls-cert and --tls-key and --token-file"));
  EXPECT_TRUE(std::filesystem::is_empty(directory.path())) << "it touched the directory";
}

TEST(LifecycleTest, RefusesSuchAnAddressForHttpToo) {
  const ProgramResult result = RunServerProgram(
      {"--http-listen", "[::]:0", "--tls-cert", "/dev/null", "--tls-key", "/dev/null"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("refusing to listen on [::]:0, which other machines can "
                                    "reach, without --token-file"));
}

TEST(LifecycleTest, EndsWithTwoOnAWrongCommandLine) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--nonsense"},
        {"--listen", "nowhere"},
        {"--workers", "0"},
        {"--workers", "many"},
        {"--log-level", "loud"},
        {"--public-url", "ftp://x"},
        {"--tls-cert", "/dev/null"},
        {"--token-file", "/nonexistent"},
        {"token"},
        {"token", "new", "--name", "x"},
        {"token", "new", "--name", "x", "--role", "boss"},
        {"token", "new", "--name", "x y", "--role", "admin"}}) {
    const ProgramResult result = RunServerProgram(arguments);
    EXPECT_EQ(result.exit_code, 2) << arguments[0];
    EXPECT_NE(result.err, "") << arguments[0];
    EXPECT_EQ(result.out, "") << arguments[0];
  }
}

TEST(LifecycleTest, PrintsHelpWithAnExample) {
  const ProgramResult result = RunServerProgram({"--help"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, HasSubstr("--exit-when-unused"));
  EXPECT_THAT(result.out, HasSubstr("Examples:"));
}

TEST(LifecycleTest, PrintsItsVersion) {
  EXPECT_EQ(RunServerProgram({"--version"}).out, "assay-server " ASSAY_VERSION "\n");
}

// A lock on DATA_DIR/users, as a local command holds it.
class User {
 public:
  explicit User(const std::filesystem::path& data_dir)
      : fd_(open((data_dir / "users").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
    EXPECT_EQ(flock(fd_, LOCK_SH), 0);
  }
  ~User() { close(fd_); }

 private:
  const int fd_;
};

TEST(ExitWhenUnusedTest, EndsSoonAfterTheLastUser) {
  const TempDir directory;
  auto first = std::make_unique<User>(directory.path());
  const auto server = StartServer({.data_dir = directory.path(), .flags = {"--exit-when-unused"}});
  auto second = std::make_unique<User>(directory.path());
  first.reset();
  EXPECT_EQ(server->Wait(milliseconds(300)), -1) << "it ended while it was used";
  second.reset();
  EXPECT_EQ(server->Wait(milliseconds(5000)), 0);
}

TEST(ExitWhenUnusedTest, WaitsForItsFirstUser) {
  const auto server = StartServer({.data_dir = {}, .flags = {"--exit-when-unused"}});
  EXPECT_EQ(server->Wait(milliseconds(500)), -1) << "it ended before anyone could use it";
  {
    const User user(server->data_dir());
    std::this_thread::sleep_for(milliseconds(200));
  }
  EXPECT_EQ(server->Wait(milliseconds(5000)), 0);
}

TEST(ExitWhenUnusedTest, StaysWithoutTheFlag) {
  const auto server = StartServer();
  {
    const User user(server->data_dir());
    std::this_thread::sleep_for(milliseconds(200));
  }
  EXPECT_EQ(server->Wait(milliseconds(300)), -1);
}

// A server with a call under way that ends only when it is cancelled: a batch that waits for the
// one before it.
class StopDuringCallTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server_ = StartServer();
    client_ = std::make_unique<ApiClient>(server_->grpc_address());
    v1::BeginUploadRequest begin;
    begin.set_parent("projects/default");
    begin.mutable_dataset()->set_dataset("d");
    v1::Upload upload;
    ASSERT_TRUE(client_->uploads->BeginUpload(NewContext().get(), begin, &upload).ok());
    request_.set_upload(upload.name());
    request_.set_sequence(1);
    *request_.mutable_batch() = MakeBatch(0, 10, 0, true);
    context_ = NewContext();
    call_ = std::thread([this] {
      v1::AppendBatchResponse response;
      status_ = client_->uploads->AppendBatch(context_.get(), request_, &response);
    });
    std::this_thread::sleep_for(milliseconds(200));  // until it has arrived
  }
  void TearDown() override {
    if (call_.joinable()) {
      call_.join();
    }
  }

  std::unique_ptr<ServerProcess> server_;
  std::unique_ptr<ApiClient> client_;
  std::unique_ptr<grpc::ClientContext> context_;
  v1::AppendBatchRequest request_;
  grpc::Status status_;
  std::thread call_;
};

TEST_F(StopDuringCallTest, ForgetsTheCallWhenItsCallerCancels) {
  context_->TryCancel();
  call_.join();
  EXPECT_EQ(status_.error_code(), grpc::StatusCode::CANCELLED);
  const auto begin = steady_clock::now();
  EXPECT_EQ(server_->Terminate(), 0) << server_->Log();
  EXPECT_LT(steady_clock::now() - begin, milliseconds(3000));
}

TEST_F(StopDuringCallTest, LetsTheCallEndByItself) {
  server_->Signal(SIGTERM);
  EXPECT_EQ(server_->Wait(milliseconds(500)), -1) << "it did not wait for the call";
  v1::AppendBatchResponse response;
  EXPECT_EQ(client_->uploads->AppendBatch(NewContext().get(), request_, &response).error_code(),
            grpc::StatusCode::UNAVAILABLE)
      << "it took a new call";
  context_->TryCancel();
  EXPECT_EQ(server_->Wait(milliseconds(5000)), 0) << server_->Log();
}

TEST_F(StopDuringCallTest, CancelsTheCallAtTheEndOfItsTime) {
  const auto begin = steady_clock::now();
  server_->Signal(SIGTERM);
  EXPECT_EQ(server_->Wait(milliseconds(20'000)), 0) << server_->Log();
  EXPECT_GT(steady_clock::now() - begin, milliseconds(5000));
  EXPECT_LT(steady_clock::now() - begin, milliseconds(14'000));
  call_.join();
  EXPECT_FALSE(status_.ok());
}

TEST_F(StopDuringCallTest, EndsAtOnceAtTheSecondSignal) {
  server_->Signal(SIGTERM);
  EXPECT_EQ(server_->Wait(milliseconds(300)), -1);
  const auto begin = steady_clock::now();
  server_->Signal(SIGTERM);
  EXPECT_EQ(server_->Wait(milliseconds(5000)), 128 + SIGTERM);
  EXPECT_LT(steady_clock::now() - begin, milliseconds(1000));
}

class StopDuringRunTest : public ::testing::Test {
 protected:
  // Starts several runs over `num_rows` rows on one worker, so that some are not done for a while.
  std::vector<std::string> StartRuns(ApiClient& client, int num_runs) {
    const v1::DatasetVersion dataset = client.PushDataset("d", 200'000);
    const v1::OutputSet outputs = client.PushOutputs(dataset, client.PushModel("m", "1"), 7);
    std::vector<std::string> names;
    for (int i = 0; i < num_runs; ++i) {
      names.push_back(client.StartRun(outputs).name());
    }
    return names;
  }
};

TEST_F(StopDuringRunTest, ContinuesAfterARestartWithTheSameResult) {
  const auto server = StartServer({.data_dir = {}, .flags = {"--workers", "1"}});
  std::vector<std::string> names;
  {
    ApiClient client(server->grpc_address());
    names = StartRuns(client, 8);
  }
  const auto begin = steady_clock::now();
  EXPECT_EQ(server->Terminate(), 0) << server->Log();
  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(10));
  ASSERT_TRUE(server->Restart().ok());
  ApiClient client(server->grpc_address());
  std::string digest;
  for (const std::string& name : names) {
    const v1::Run run = client.WaitForRun(name);
    EXPECT_EQ(run.state(), v1::Run::SUCCEEDED) << run.error();
    EXPECT_EQ(run.num_rows_done(), 200'000);
    digest = digest.empty() ? run.result_digest() : digest;
    EXPECT_EQ(run.result_digest(), digest);
  }
}

TEST_F(StopDuringRunTest, EndsStreamsWithUnavailable) {
  const auto server = StartServer({.data_dir = {}, .flags = {"--workers", "1"}});
  ApiClient client(server->grpc_address());
  const std::vector<std::string> names = StartRuns(client, 50);
  v1::WatchRunRequest request;
  request.set_name(names.back());
  const auto context = NewContext();
  const auto reader = client.runs->WatchRun(context.get(), request);
  v1::Run run;
  ASSERT_TRUE(reader->Read(&run));
  ASSERT_NE(run.state(), v1::Run::SUCCEEDED) << "the run was too short for this test";
  server->Signal(SIGTERM);
  while (reader->Read(&run)) {
  }
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(server->Wait(), 0);
}

}  // namespace
}  // namespace assay::test
