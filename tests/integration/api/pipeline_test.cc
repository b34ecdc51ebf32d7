#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/integration/api/api_client.h"
#include "tests/support/server_process.h"

namespace assay::test {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;

constexpr std::int64_t kRows = 10'000;

// A dataset, a baseline that is wrong in every 10th row, a candidate that is wrong in every 4th,
// and their runs: made once through the API, read by every test.
class PipelineTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = *ServerProcess::Start();
    client_ = std::make_unique<ApiClient>(server_->grpc_address());
    dataset_ = client_->PushDataset("numbers", kRows);
    baseline_outputs_ = client_->PushOutputs(dataset_, client_->PushModel("m", "old"), 10);
    candidate_outputs_ = client_->PushOutputs(dataset_, client_->PushModel("m", "new"), 4);
    baseline_ = client_->WaitForRun(client_->StartRun(baseline_outputs_).name());
    candidate_ = client_->WaitForRun(client_->StartRun(candidate_outputs_).name());
    v1::CreateComparisonRequest request;
    request.set_parent("projects/default");
    request.set_baseline_run(baseline_.name());
    request.set_candidate_run(candidate_.name());
    v1::Gate& gate = *request.mutable_policy()->add_gates();
    gate.set_metric("accuracy");
    gate.set_max_drop(0.01);
    v1::Comparison queued;
    const grpc::Status status =
        client_->comparisons->CreateComparison(NewContext().get(), request, &queued);
    ASSERT_TRUE(status.ok()) << status.error_message();
    comparison_ = client_->WaitForComparison(queued.name());
  }
  static void TearDownTestSuite() {
    client_.reset();
    EXPECT_EQ(server_->Terminate(), 0) << server_->Log();
    server_.reset();
  }

  static inline std::unique_ptr<ServerProcess> server_;
  static inline std::unique_ptr<ApiClient> client_;
  static inline v1::DatasetVersion dataset_;
  static inline v1::OutputSet baseline_outputs_;
  static inline v1::OutputSet candidate_outputs_;
  static inline v1::Run baseline_;
  static inline v1::Run candidate_;
  static inline v1::Comparison comparison_;
};

TEST_F(PipelineTest, DescribesTheCommittedVersion) {
  EXPECT_EQ(dataset_.name(), "projects/default/datasets/numbers/versions/1");
  EXPECT_EQ(dataset_.num_rows(), kRows);
  std::vector<std::string> names;
  for (const v1::ColumnInfo& column : dataset_.columns()) {
    names.push_back(column.name());
    EXPECT_THAT(column.digest(), ::testing::MatchesRegex("sha256:[0-9a-f]+"));
  }
  EXPECT_THAT(names, ElementsAre("cohort.parity", "key", "label"));
}

TEST_F(PipelineTest, GivesTheExistingVersionForTheSameContent) {
  EXPECT_EQ(client_->PushDataset("numbers", kRows).name(), dataset_.name());
}

TEST_F(PipelineTest, FindsAVersionByWordAndByPrefixOfItsDigest) {
  for (const std::string& version :
       {std::string("1"), std::string("latest"), dataset_.digest().substr(0, 20)}) {
    v1::GetDatasetVersionRequest request;
    request.set_name("projects/default/datasets/numbers/versions/" + version);
    v1::DatasetVersion found;
    ASSERT_TRUE(client_->datasets->GetDatasetVersion(NewContext().get(), request, &found).ok());
    EXPECT_EQ(found.digest(), dataset_.digest());
  }
}

TEST_F(PipelineTest, ListsTheDatasetWithItsNewestVersion) {
  v1::ListDatasetsRequest request;
  request.set_parent("projects/default");
  v1::ListDatasetsResponse response;
  ASSERT_TRUE(client_->datasets->ListDatasets(NewContext().get(), request, &response).ok());
  ASSERT_EQ(response.datasets_size(), 1);
  EXPECT_EQ(response.datasets(0).name(), "projects/default/datasets/numbers");
  EXPECT_EQ(response.datasets(0).latest_version().number(), 1);
}

TEST_F(PipelineTest, ReadsRowsBackAsTheyWereSent) {
  v1::ReadExamplesRequest request;
  request.set_name(dataset_.name());
  request.add_columns("key");
  request.set_start_row(4094);
  request.set_max_rows(4);
  v1::ReadExamplesResponse response;
  ASSERT_TRUE(client_->datasets->ReadExamples(NewContext().get(), request, &response).ok());
  ASSERT_EQ(response.batch().num_rows(), 4);
  EXPECT_EQ(response.batch().columns(0).text_bytes(), "k4094k4095k4096k4097");
}

TEST_F(PipelineTest, ReadsNothingPastTheEnd) {
  v1::ReadExamplesRequest request;
  request.set_name(dataset_.name());
  request.set_start_row(kRows);
  v1::ReadExamplesResponse response;
  ASSERT_TRUE(client_->datasets->ReadExamples(NewContext().get(), request, &response).ok());
  EXPECT_EQ(response.batch().num_rows(), 0);
}

TEST_F(PipelineTest, CountsCohorts) {
  v1::ListCohortsRequest request;
  request.set_name(dataset_.name());
  v1::ListCohortsResponse response;
  ASSERT_TRUE(client_->datasets->ListCohorts(NewContext().get(), request, &response).ok());
  ASSERT_EQ(response.cohorts_size(), 1);
  EXPECT_EQ(response.cohorts(0).name(), "parity");
  ASSERT_EQ(response.cohorts(0).values_size(), 2);
  EXPECT_EQ(response.cohorts(0).values(0).value(), "even");
  EXPECT_EQ(response.cohorts(0).values(0).num_rows(), kRows / 2);
}

TEST_F(PipelineTest, ReadsOutputs) {
  v1::ReadOutputsRequest request;
  request.set_name(baseline_outputs_.name());
  request.set_max_rows(1);
  v1::ReadOutputsResponse response;
  ASSERT_TRUE(client_->models->ReadOutputs(NewContext().get(), request, &response).ok());
  std::set<std::string> names;
  for (const v1::Column& column : response.batch().columns()) {
    names.insert(column.name());
  }
  EXPECT_EQ(names, (std::set<std::string>{"key", "label"}));
}

TEST_F(PipelineTest, SummarisesARun) {
  EXPECT_EQ(baseline_.state(), v1::Run::SUCCEEDED) << baseline_.error();
  EXPECT_EQ(baseline_.num_scored(), kRows);
  EXPECT_EQ(baseline_.dataset_digest(), dataset_.digest());
  EXPECT_EQ(baseline_.output_set(), baseline_outputs_.name());
  std::map<std::string, double> accuracy;
  for (const v1::Summary& summary : baseline_.summaries()) {
    if (summary.metric() == "accuracy") {
      accuracy[summary.cohort()] = summary.value();
    }
  }
  EXPECT_DOUBLE_EQ(accuracy[""], 0.9);
  EXPECT_DOUBLE_EQ(accuracy["parity=even"], 0.8);
  EXPECT_DOUBLE_EQ(accuracy["parity=odd"], 1.0);
}

TEST_F(PipelineTest, ListsRunsNewestFirstAndByModel) {
  v1::ListRunsRequest request;
  request.set_parent("projects/default");
  v1::ListRunsResponse response;
  ASSERT_TRUE(client_->runs->ListRuns(NewContext().get(), request, &response).ok());
  ASSERT_EQ(response.runs_size(), 2);
  EXPECT_EQ(response.runs(0).name(), candidate_.name());
  EXPECT_EQ(response.runs(0).summaries_size(), 0);
  request.set_model_version(baseline_.model_version());
  ASSERT_TRUE(client_->runs->ListRuns(NewContext().get(), request, &response).ok());
  ASSERT_EQ(response.runs_size(), 1);
  EXPECT_EQ(response.runs(0).name(), baseline_.name());
}

TEST_F(PipelineTest, TakesTheNewestOutputsOfTwoVersions) {
  v1::CreateRunRequest request;
  request.set_parent("projects/default");
  request.set_dataset_version("projects/default/datasets/numbers/versions/latest");
  request.set_model_version(baseline_.model_version());
  request.add_evaluators("ground_truth_match");
  request.set_reuse(true);
  v1::Run run;
  const grpc::Status status = client_->runs->CreateRun(NewContext().get(), request, &run);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(run.name(), baseline_.name());
}

TEST_F(PipelineTest, RefusesOutputsOfAnotherModel) {
  v1::CreateRunRequest request;
  request.set_parent("projects/default");
  request.set_output_set(baseline_outputs_.name());
  request.set_model_version(candidate_.model_version());
  v1::Run run;
  const grpc::Status status = client_->runs->CreateRun(NewContext().get(), request, &run);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("model_version: "));
}

TEST_F(PipelineTest, ReadsScoresBesideKeysAndStatus) {
  v1::ReadScoresRequest request;
  request.set_name(baseline_.name());
  request.add_metrics("accuracy");
  request.set_max_rows(11);
  v1::ReadScoresResponse response;
  const grpc::Status status = client_->runs->ReadScores(NewContext().get(), request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(response.batch().columns_size(), 3);
  EXPECT_EQ(response.batch().columns(0).name(), "key");
  EXPECT_EQ(response.batch().columns(1).name(), "status");
  EXPECT_EQ(response.batch().columns(2).name(), "accuracy");
  std::vector<double> scores(11);
  ASSERT_EQ(response.batch().columns(2).values().size(), sizeof(double) * scores.size());
  std::memcpy(scores.data(), response.batch().columns(2).values().data(),
              sizeof(double) * scores.size());
  EXPECT_THAT(scores, ElementsAre(0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0));
}

TEST_F(PipelineTest, NamesAMetricThatARunLacks) {
  v1::ReadScoresRequest request;
  request.set_name(baseline_.name());
  request.add_metrics("nDCG@10");
  v1::ReadScoresResponse response;
  const grpc::Status status = client_->runs->ReadScores(NewContext().get(), request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("has no metric 'nDCG@10'"));
}

TEST_F(PipelineTest, JudgesTheCandidate) {
  EXPECT_EQ(comparison_.state(), v1::Comparison::SUCCEEDED) << comparison_.error();
  EXPECT_EQ(comparison_.verdict(), v1::VERDICT_REGRESSED);
  EXPECT_EQ(comparison_.exit_code(), 1);
  EXPECT_EQ(comparison_.num_paired(), kRows);
  EXPECT_EQ(comparison_.baseline_model_version(), baseline_.model_version());
  EXPECT_EQ(comparison_.dataset_version(), dataset_.name());
  ASSERT_EQ(comparison_.gates_size(), 1);
  EXPECT_EQ(comparison_.gates(0).gate().tier(), v1::Gate::CRITICAL);
  EXPECT_NEAR(comparison_.gates(0).delta(), -0.15, 1e-12);
}

TEST_F(PipelineTest, GivesTheSameComparisonForTheSameQuestion) {
  v1::CreateComparisonRequest request;
  request.set_parent("projects/default");
  request.set_baseline_run(baseline_.name());
  request.set_candidate_run(candidate_.name());
  request.mutable_policy()->add_gates()->set_metric("accuracy");
  request.mutable_policy()->mutable_gates(0)->set_max_drop(0.01);
  v1::Comparison comparison;
  ASSERT_TRUE(
      client_->comparisons->CreateComparison(NewContext().get(), request, &comparison).ok());
  EXPECT_EQ(comparison.name(), comparison_.name());
}

TEST_F(PipelineTest, PagesThroughBrokenRows) {
  v1::ListComparisonRowsRequest request;
  request.set_name(comparison_.name());
  request.set_bucket(v1::ROW_BUCKET_BROKEN);
  request.set_page_size(1000);
  std::set<std::string> keys;
  std::int64_t total = 0;
  do {
    v1::ListComparisonRowsResponse response;
    const grpc::Status status =
        client_->comparisons->ListComparisonRows(NewContext().get(), request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    for (const v1::ComparisonRow& row : response.rows()) {
      EXPECT_TRUE(keys.insert(row.key()).second) << row.key() << " came twice";
    }
    total = response.total_rows();
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  // Wrong in every 4th row, but not in those that were wrong before: every 20th.
  EXPECT_EQ(total, kRows / 4 - kRows / 20);
  EXPECT_EQ(static_cast<std::int64_t>(keys.size()), total);
}

TEST_F(PipelineTest, ListsTheRowsThatAreNamed) {
  v1::ListComparisonRowsRequest request;
  request.set_name(comparison_.name());
  request.set_page_size(1);
  for (const std::int64_t row : {7, 3, 11}) {
    request.add_rows(row);
  }
  std::set<std::int64_t> rows;
  v1::ListComparisonRowsResponse response;
  do {
    response.Clear();
    const grpc::Status status =
        client_->comparisons->ListComparisonRows(NewContext().get(), request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(response.total_rows(), 3);
    ASSERT_EQ(response.rows_size(), 1);
    rows.insert(response.rows(0).row());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(rows, (std::set<std::int64_t>{3, 7, 11}));
}

TEST_F(PipelineTest, APageTokenHoldsForTheNamedRows) {
  v1::ListComparisonRowsRequest request;
  request.set_name(comparison_.name());
  request.set_page_size(1);
  request.add_rows(3);
  request.add_rows(7);
  v1::ListComparisonRowsResponse response;
  ASSERT_TRUE(
      client_->comparisons->ListComparisonRows(NewContext().get(), request, &response).ok());
  request.set_page_token(response.next_page_token());
  request.set_rows(0, 5);
  const grpc::Status status =
      client_->comparisons->ListComparisonRows(NewContext().get(), request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(PipelineTest, NamesNoMoreThanAThousandRows) {
  v1::ListComparisonRowsRequest request;
  request.set_name(comparison_.name());
  for (std::int64_t row = 0; row <= 1000; ++row) {
    request.add_rows(row);
  }
  v1::ListComparisonRowsResponse response;
  const grpc::Status status =
      client_->comparisons->ListComparisonRows(NewContext().get(), request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("at most 1000"));
}

TEST_F(PipelineTest, ListsComparisons) {
  v1::ListComparisonsRequest request;
  request.set_parent("projects/default");
  v1::ListComparisonsResponse response;
  ASSERT_TRUE(client_->comparisons->ListComparisons(NewContext().get(), request, &response).ok());
  ASSERT_EQ(response.comparisons_size(), 1);
  EXPECT_EQ(response.comparisons(0).verdict(), v1::VERDICT_REGRESSED);
}

TEST_F(PipelineTest, ShowsTheStagesOfARunInItsTrace) {
  v1::ListTracesRequest list;
  list.set_parent("projects/default");
  list.set_resource(baseline_.name());
  v1::ListTracesResponse traces;
  ASSERT_TRUE(client_->traces->ListTraces(NewContext().get(), list, &traces).ok());
  ASSERT_GE(traces.traces_size(), 1);
  EXPECT_EQ(traces.traces(0).resource(), baseline_.name());
  v1::GetTraceRequest get;
  get.set_name("projects/default/traces/" + baseline_.trace_id().substr(0, 12));
  v1::Trace trace;
  ASSERT_TRUE(client_->traces->GetTrace(NewContext().get(), get, &trace).ok());
  std::set<std::string> names;
  std::set<std::string> seen;
  for (const v1::Span& span : trace.spans()) {
    names.insert(span.name());
    EXPECT_TRUE(span.parent_span_id().empty() || seen.contains(span.parent_span_id()))
        << span.name() << " comes before its parent";
    seen.insert(span.span_id());
  }
  EXPECT_THAT(names, Contains("assay.v1.RunService/CreateRun"));
  EXPECT_GE(names.size(), 4U) << "a run has stages";
}

TEST_F(PipelineTest, RefusesATraceFilterOfAnotherProject) {
  v1::ListTracesRequest list;
  list.set_parent("projects/default");
  list.set_resource("projects/other/runs/1");
  v1::ListTracesResponse traces;
  const grpc::Status status = client_->traces->ListTraces(NewContext().get(), list, &traces);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace assay::test
