#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/api/api_client.h"
#include "tests/support/server_process.h"

namespace assay::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

// One server for all tests of this file; each uses names of its own.
class CallTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = *ServerProcess::Start();
    client_ = new ApiClient(server_->grpc_address());
  }
  static void TearDownTestSuite() {
    delete client_;
    EXPECT_EQ(server_->Terminate(), 0) << server_->Log();
    server_.reset();
  }

  static inline std::unique_ptr<ServerProcess> server_;
  static inline ApiClient* client_ = nullptr;
};

TEST_F(CallTest, SaysThatAnUnknownThingIsNotThere) {
  const auto expect_not_found = [](const grpc::Status& status, const std::string& name) {
    EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND) << name;
    EXPECT_NE(status.error_message(), "");
  };
  v1::Dataset dataset;
  v1::GetDatasetRequest get_dataset;
  get_dataset.set_name("projects/default/datasets/none");
  expect_not_found(client_->datasets->GetDataset(NewContext().get(), get_dataset, &dataset),
                   get_dataset.name());
  for (const std::string version : {"1", "latest", "sha256:0123"}) {
    v1::DatasetVersion found;
    v1::GetDatasetVersionRequest request;
    request.set_name("projects/default/datasets/none/versions/" + version);
    expect_not_found(client_->datasets->GetDatasetVersion(NewContext().get(), request, &found),
                     request.name());
  }
  v1::ModelVersion model;
  v1::GetModelVersionRequest get_model;
  get_model.set_name("projects/default/models/none/versions/1");
  expect_not_found(client_->models->GetModelVersion(NewContext().get(), get_model, &model),
                   get_model.name());
  v1::OutputSet outputs;
  v1::GetOutputSetRequest get_outputs;
  get_outputs.set_name("projects/default/outputSets/999999");
  expect_not_found(client_->models->GetOutputSet(NewContext().get(), get_outputs, &outputs),
                   get_outputs.name());
  v1::Run run;
  v1::GetRunRequest get_run;
  get_run.set_name("projects/default/runs/999999");
  expect_not_found(client_->runs->GetRun(NewContext().get(), get_run, &run), get_run.name());
  v1::Comparison comparison;
  v1::GetComparisonRequest get_comparison;
  get_comparison.set_name("projects/default/comparisons/999999");
  expect_not_found(
      client_->comparisons->GetComparison(NewContext().get(), get_comparison, &comparison),
      get_comparison.name());
  v1::Trace trace;
  v1::GetTraceRequest get_trace;
  get_trace.set_name("projects/default/traces/" + std::string(32, 'e'));
  expect_not_found(client_->traces->GetTrace(NewContext().get(), get_trace, &trace),
                   get_trace.name());
  v1::Upload upload;
  v1::GetUploadRequest get_upload;
  get_upload.set_name("projects/default/uploads/999999");
  expect_not_found(client_->uploads->GetUpload(NewContext().get(), get_upload, &upload),
                   get_upload.name());
}

TEST_F(CallTest, SaysThatAStreamOfAnUnknownRunHasNothingToShow) {
  v1::WatchRunRequest request;
  request.set_name("projects/default/runs/999999");
  const auto context = NewContext();
  const auto reader = client_->runs->WatchRun(context.get(), request);
  v1::Run run;
  EXPECT_FALSE(reader->Read(&run));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(CallTest, SaysThatAnUnknownProjectIsNotThere) {
  v1::ListRunsRequest request;
  request.set_parent("projects/none");
  v1::ListRunsResponse response;
  const grpc::Status status = client_->runs->ListRuns(NewContext().get(), request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "no such project: 'projects/none'");
}

TEST_F(CallTest, NamesTheFieldOfAMalformedName) {
  v1::GetRunRequest request;
  request.set_name("runs/1");
  v1::Run run;
  const grpc::Status status = client_->runs->GetRun(NewContext().get(), request, &run);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "name: expected projects/{project}/runs/{run}: 'runs/1'");
}

TEST_F(CallTest, KeepsReferencesInsideTheProject) {
  v1::BeginUploadRequest request;
  request.set_parent("projects/default");
  request.mutable_output_set()->set_dataset_version("projects/other/datasets/d/versions/1");
  request.mutable_output_set()->set_model_version("projects/default/models/m/versions/1");
  v1::Upload upload;
  const grpc::Status status = client_->uploads->BeginUpload(NewContext().get(), request, &upload);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("output_set.dataset_version: must lie in"));
}

TEST_F(CallTest, RefusesIdsThatAreNoIds) {
  v1::BeginUploadRequest request;
  request.set_parent("projects/default");
  request.mutable_dataset()->set_dataset("../../etc/passwd");
  v1::Upload upload;
  const grpc::Status status = client_->uploads->BeginUpload(NewContext().get(), request, &upload);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("dataset.dataset: "));
}

TEST_F(CallTest, RefusesALongRequestId) {
  v1::BeginUploadRequest request;
  request.set_parent("projects/default");
  request.mutable_dataset()->set_dataset("d");
  request.set_request_id(std::string(65, 'r'));
  v1::Upload upload;
  EXPECT_EQ(client_->uploads->BeginUpload(NewContext().get(), request, &upload).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(CallTest, PagesThroughAListNewestFirst) {
  for (int version = 1; version <= 5; ++version) {
    client_->PushModel("paged", std::to_string(version));
  }
  std::vector<std::int64_t> numbers;
  std::vector<int> page_lengths;
  v1::ListModelVersionsRequest request;
  request.set_parent("projects/default/models/paged");
  request.set_page_size(2);
  do {
    v1::ListModelVersionsResponse response;
    ASSERT_TRUE(client_->models->ListModelVersions(NewContext().get(), request, &response).ok());
    page_lengths.push_back(response.versions_size());
    for (const v1::ModelVersion& version : response.versions()) {
      numbers.push_back(version.number());
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(numbers, ElementsAre(5, 4, 3, 2, 1));
  EXPECT_THAT(page_lengths, ElementsAre(2, 2, 1));
}

TEST_F(CallTest, BindsAPageTokenToTheOtherArguments) {
  for (const std::string model : {"bound-a", "bound-b"}) {
    client_->PushModel(model, "1");
    client_->PushModel(model, "2");
  }
  v1::ListModelVersionsRequest request;
  request.set_parent("projects/default/models/bound-a");
  request.set_page_size(1);
  v1::ListModelVersionsResponse response;
  ASSERT_TRUE(client_->models->ListModelVersions(NewContext().get(), request, &response).ok());
  request.set_parent("projects/default/models/bound-b");
  request.set_page_token(response.next_page_token());
  const grpc::Status status =
      client_->models->ListModelVersions(NewContext().get(), request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("page_token: "));
}

TEST_F(CallTest, RefusesANegativePageSize) {
  v1::ListDatasetsRequest request;
  request.set_parent("projects/default");
  request.set_page_size(-1);
  v1::ListDatasetsResponse response;
  EXPECT_EQ(client_->datasets->ListDatasets(NewContext().get(), request, &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(CallTest, FindsTheSameModelVersionForTheSameDescription) {
  const v1::ModelVersion first = client_->PushModel("same", "1");
  EXPECT_EQ(client_->PushModel("same", "1").name(), first.name());
  EXPECT_NE(client_->PushModel("same", "2").name(), first.name());
}

TEST_F(CallTest, RefusesAMessageThatIsTooLarge) {
  v1::AppendBatchRequest request;
  request.set_upload("projects/default/uploads/1");
  request.mutable_batch()->add_columns()->set_values(std::string(18 << 20, 'x'));
  v1::AppendBatchResponse response;
  EXPECT_EQ(client_->uploads->AppendBatch(NewContext().get(), request, &response).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(CallTest, NamesTheColumnOfABrokenBatch) {
  v1::BeginUploadRequest begin;
  begin.set_parent("projects/default");
  begin.mutable_dataset()->set_dataset("broken");
  v1::Upload upload;
  ASSERT_TRUE(client_->uploads->BeginUpload(NewContext().get(), begin, &upload).ok());
  v1::AppendBatchRequest request;
  request.set_upload(upload.name());
  *request.mutable_batch() = MakeBatch(0, 3, 0, true);
  request.mutable_batch()->mutable_columns(1)->set_text_offsets("abc");
  v1::AppendBatchResponse response;
  const grpc::Status status = client_->uploads->AppendBatch(NewContext().get(), request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("batch.columns[1].text_offsets: "));
}

TEST_F(CallTest, RefusesBytesThatAreNoMessage) {
  for (const std::string bytes : {"\xff\xff\xff\xff",
                                  "\x0a\x05"
                                  "ab"}) {
    EXPECT_FALSE(client_->Raw("assay.v1.RunService/GetRun", bytes).status.ok());
  }
  EXPECT_TRUE(client_->Raw("assay.v1.AdminService/GetServerInfo", "").status.ok());
}

TEST_F(CallTest, DoesNotKnowMethodsThatAreNotThere) {
  for (const std::string method : {"assay.v1.RunService/Nothing", "Nothing", "/", ""}) {
    EXPECT_EQ(client_->Raw(method, "").status.error_code(), grpc::StatusCode::UNIMPLEMENTED)
        << method;
  }
}

TEST_F(CallTest, NamesTheTraceOfEveryCall) {
  const RawAnswer answer = client_->Raw("assay.v1.AdminService/GetServerInfo", "");
  EXPECT_THAT(answer.trace_id, MatchesRegex("[0-9a-f]{32}|[0-9a-f]+"));
  v1::GetTraceRequest request;
  request.set_name("projects/default/traces/" + answer.trace_id);
  v1::Trace trace;
  ASSERT_TRUE(client_->traces->GetTrace(NewContext().get(), request, &trace).ok());
  ASSERT_EQ(trace.spans_size(), 1);
  EXPECT_EQ(trace.spans(0).name(), "assay.v1.AdminService/GetServerInfo");
  EXPECT_EQ(trace.spans(0).status(), v1::Span::OK);
}

TEST_F(CallTest, RecordsTheErrorOfACall) {
  v1::GetRunRequest bad;
  bad.set_name("x");
  const RawAnswer answer = client_->Raw("assay.v1.RunService/GetRun", bad.SerializeAsString());
  v1::GetTraceRequest request;
  request.set_name("projects/default/traces/" + answer.trace_id);
  v1::Trace trace;
  ASSERT_TRUE(client_->traces->GetTrace(NewContext().get(), request, &trace).ok());
  EXPECT_EQ(trace.num_errors(), 1);
  EXPECT_THAT(trace.spans(0).status_message(), HasSubstr("projects/{project}/runs/{run}"));
}

TEST_F(CallTest, ContinuesTheTraceOfItsCaller) {
  const std::string trace_id = "0af7651916cd43dd8448eb211c80319c";
  const RawAnswer answer =
      client_->Raw("assay.v1.AdminService/GetServerInfo", "",
                   {{"traceparent", "00-" + trace_id + "-b7ad6b7169203331-01"}});
  EXPECT_EQ(answer.trace_id, trace_id);
  v1::GetTraceRequest request;
  request.set_name("projects/default/traces/" + trace_id);
  v1::Trace trace;
  ASSERT_TRUE(client_->traces->GetTrace(NewContext().get(), request, &trace).ok());
  EXPECT_EQ(trace.spans(0).parent_span_id(), "b7ad6b7169203331");
}

TEST_F(CallTest, IgnoresMetadataThatMeansNothing) {
  std::string binary;
  for (int byte = 0; byte < 256; ++byte) {
    binary.push_back(static_cast<char>(byte));
  }
  for (const std::vector<std::pair<std::string, std::string>>& metadata :
       {std::vector<std::pair<std::string, std::string>>{{"traceparent", ""}},
        {{"traceparent", "00-zz"}},
        {{"traceparent", "00-00000000000000000000000000000000-0000000000000000-00"}},
        {{"traceparent", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}},
        {{"traceparent", std::string(4000, '0')}},
        {{"traceparent", "00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01"}},
        {{"traceparent", "a"}, {"traceparent", "b"}},
        {{"traceparent-bin", binary}, {"authorization-bin", binary}},
        {{"authorization", "Bearer nonsense"}},
        {{"assay-trace-id", "x"}, {"grpc-trace-bin", binary}, {"x-assay", "~!@#$%^&*()"}}}) {
    const RawAnswer answer = client_->Raw("assay.v1.AdminService/GetServerInfo", "", metadata);
    EXPECT_TRUE(answer.status.ok()) << metadata[0].second << answer.status.error_message();
    EXPECT_EQ(answer.trace_id.size(), 32U);
  }
}

TEST_F(CallTest, RefusesMoreMetadataThanItTakesAndGoesOn) {
  grpc::ChannelArguments own_connection;
  own_connection.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const ApiClient hostile(grpc::CreateCustomChannel(
      server_->grpc_address(), grpc::InsecureChannelCredentials(), own_connection));
  for (const std::size_t size : {std::size_t{64} << 10, std::size_t{1} << 20}) {
    const RawAnswer answer = hostile.Raw("assay.v1.AdminService/GetServerInfo", "",
                                         {{"x-large", std::string(size, 'x')}});
    EXPECT_FALSE(answer.status.ok()) << size;
  }
  EXPECT_TRUE(client_->Raw("assay.v1.AdminService/GetServerInfo", "").status.ok());
}

TEST_F(CallTest, AnswersEightCallersAtOnce) {
  std::vector<std::thread> callers;
  std::atomic<int> num_good = 0;
  for (int caller = 0; caller < 8; ++caller) {
    callers.emplace_back([&num_good] {
      const ApiClient own(server_->grpc_address());
      for (int i = 0; i < 100; ++i) {
        v1::ServerInfo info;
        num_good += own.admin->GetServerInfo(NewContext().get(), {}, &info).ok() ? 1 : 0;
      }
    });
  }
  for (std::thread& caller : callers) {
    caller.join();
  }
  EXPECT_EQ(num_good, 800);
}

TEST_F(CallTest, ChecksTheStore) {
  v1::CheckStoreResponse response;
  ASSERT_TRUE(client_->admin->CheckStore(NewContext().get(), {}, &response).ok());
  EXPECT_EQ(response.findings_size(), 0);
}

// A server of its own with runs that are not done for a while.
class WatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server_ = *ServerProcess::Start({.data_dir = {}, .flags = {"--workers", "1"}});
    client_ = std::make_unique<ApiClient>(server_->grpc_address());
    const v1::DatasetVersion dataset = client_->PushDataset("d", 200'000);
    outputs_ = client_->PushOutputs(dataset, client_->PushModel("m", "1"), 7);
    for (int i = 0; i < 50; ++i) {
      last_run_ = client_->StartRun(outputs_).name();
    }
  }
  void TearDown() override {
    const auto begin = steady_clock::now();
    EXPECT_EQ(server_->Terminate(), 0) << server_->Log();
    EXPECT_LT(steady_clock::now() - begin, milliseconds(5000)) << "a call was left behind";
  }

  std::unique_ptr<ServerProcess> server_;
  std::unique_ptr<ApiClient> client_;
  v1::OutputSet outputs_;
  std::string last_run_;
};

TEST_F(WatchTest, EndsWhenTheCallerCancels) {
  v1::WatchRunRequest request;
  request.set_name(last_run_);
  const auto context = NewContext();
  const auto reader = client_->runs->WatchRun(context.get(), request);
  v1::Run run;
  ASSERT_TRUE(reader->Read(&run));
  context->TryCancel();
  while (reader->Read(&run)) {
  }
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(WatchTest, EndsAtTheDeadline) {
  v1::WatchRunRequest request;
  request.set_name(last_run_);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + milliseconds(150));
  const auto reader = client_->runs->WatchRun(&context, request);
  v1::Run run;
  while (reader->Read(&run)) {
  }
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(WatchTest, SurvivesACallerThatGoesAway) {
  for (int i = 0; i < 20; ++i) {
    v1::WatchRunRequest request;
    request.set_name(last_run_);
    const auto context = NewContext();
    const auto channel =
        grpc::CreateChannel(server_->grpc_address(), grpc::InsecureChannelCredentials());
    const auto reader = v1::RunService::NewStub(channel)->WatchRun(context.get(), request);
    context->TryCancel();
    v1::Run run;
    while (reader->Read(&run)) {
    }
    EXPECT_FALSE(reader->Finish().ok());
  }
}

TEST_F(WatchTest, ShowsARunThatIsCancelledAsItsLastMessage) {
  v1::CancelRunRequest cancel;
  cancel.set_name(last_run_);
  v1::Run cancelled;
  ASSERT_TRUE(client_->runs->CancelRun(NewContext().get(), cancel, &cancelled).ok());
  EXPECT_EQ(cancelled.state(), v1::Run::CANCELLED);
  EXPECT_EQ(client_->WaitForRun(last_run_).state(), v1::Run::CANCELLED);
}

}  // namespace
}  // namespace assay::test
