#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "opentelemetry/proto/collector/trace/v1/trace_service.grpc.pb.h"
#include "tests/integration/api/api_client.h"
#include "tests/support/server_process.h"

namespace assay::test {
namespace {

namespace otlp = opentelemetry::proto;
using otlp::collector::trace::v1::ExportTraceServiceRequest;
using otlp::collector::trace::v1::ExportTraceServiceResponse;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kExport[] = "opentelemetry.proto.collector.trace.v1.TraceService/Export";

// When the spans began: a while ago, but too young to be removed.
std::int64_t StartSeconds() {
  static const std::int64_t start = std::chrono::duration_cast<std::chrono::seconds>(
                                        std::chrono::system_clock::now().time_since_epoch())
                                        .count() -
                                    3'600;
  return start;
}

class OtlpTest : public ::testing::Test {
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

  // Spans of service `service`: a root and its children of 10 ms each, one after the other.
  static ExportTraceServiceRequest Request(const std::string& service, char trace,
                                           int num_children) {
    ExportTraceServiceRequest request;
    auto& resource_spans = *request.add_resource_spans();
    auto& attribute = *resource_spans.mutable_resource()->add_attributes();
    attribute.set_key("service.name");
    attribute.mutable_value()->set_string_value(service);
    auto& scope = *resource_spans.add_scope_spans();
    const std::uint64_t start = static_cast<std::uint64_t>(StartSeconds()) * 1'000'000'000;
    constexpr std::uint64_t kStep = 10'000'000;
    for (int i = 0; i <= num_children; ++i) {
      otlp::trace::v1::Span& span = *scope.add_spans();
      span.set_trace_id(std::string(16, trace));
      span.set_span_id("span" + std::to_string(1000 + i));
      if (i > 0) {
        span.set_parent_span_id("span1000");
      }
      span.set_name(i == 0 ? "request" : "step");
      const auto index = static_cast<std::uint64_t>(i);
      span.set_start_time_unix_nano(i == 0 ? start : start + (index - 1) * kStep);
      span.set_end_time_unix_nano(i == 0 ? start + static_cast<std::uint64_t>(num_children) * kStep
                                         : start + index * kStep);
    }
    return request;
  }

  static ExportTraceServiceResponse Export(const ExportTraceServiceRequest& request) {
    const RawAnswer answer = client_->Raw(kExport, request.SerializeAsString());
    EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
    ExportTraceServiceResponse response;
    EXPECT_TRUE(response.ParseFromString(answer.bytes));
    return response;
  }

  static v1::ListTracesResponse List(v1::ListTracesRequest request) {
    request.set_parent("projects/default");
    v1::ListTracesResponse response;
    const grpc::Status status = client_->traces->ListTraces(NewContext().get(), request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  static inline std::unique_ptr<ServerProcess> server_;
  static inline ApiClient* client_ = nullptr;
};

TEST_F(OtlpTest, WhatAnExporterSendsIsFoundAtOnce) {
  EXPECT_FALSE(Export(Request("shop", 'a', 3)).has_partial_success());
  v1::ListTracesRequest list;
  list.set_service("shop");
  list.set_span_name("step");
  const v1::ListTracesResponse traces = List(list);
  ASSERT_THAT(traces.traces(), SizeIs(1));
  EXPECT_EQ(traces.traces(0).root_name(), "request");
  EXPECT_EQ(traces.traces(0).root_service(), "shop");
  EXPECT_EQ(traces.traces(0).duration_ns(), 30'000'000);
  v1::GetTraceRequest get;
  get.set_name(traces.traces(0).name());
  v1::Trace trace;
  ASSERT_TRUE(client_->traces->GetTrace(NewContext().get(), get, &trace).ok());
  ASSERT_THAT(trace.spans(), SizeIs(4));
  EXPECT_EQ(trace.spans(0).self_time_ns(), 0);
  EXPECT_EQ(trace.spans(1).critical_time_ns(), 10'000'000);
  EXPECT_EQ(trace.spans(1).depth(), 1);
  ASSERT_THAT(trace.groups(), SizeIs(2));
  EXPECT_EQ(trace.groups(0).name(), "step");
  EXPECT_EQ(trace.groups(0).self_ns(), 30'000'000);
  ASSERT_THAT(trace.sources(), SizeIs(1));
  EXPECT_EQ(trace.sources(0).attributes().at("service.name"), "shop");
  EXPECT_FALSE(trace.is_partial());
  get.set_max_spans(2);
  ASSERT_TRUE(client_->traces->GetTrace(NewContext().get(), get, &trace).ok());
  EXPECT_THAT(trace.spans(), SizeIs(2));
  EXPECT_TRUE(trace.is_partial());
}

TEST_F(OtlpTest, ARequestSentTwiceIsStoredOnce) {
  Export(Request("twice", 'b', 2));
  Export(Request("twice", 'b', 2));
  v1::ListTracesRequest list;
  list.set_service("twice");
  EXPECT_EQ(List(list).traces(0).num_spans(), 3);
}

TEST_F(OtlpTest, AnEmptyRequestSucceeds) {
  EXPECT_FALSE(Export(ExportTraceServiceRequest()).has_partial_success());
}

TEST_F(OtlpTest, WrongSpansAreRefusedAndTheOthersKept) {
  ExportTraceServiceRequest request = Request("partly", 'c', 2);
  request.mutable_resource_spans(0)->mutable_scope_spans(0)->mutable_spans(1)->set_trace_id(
      std::string(15, 'c'));
  const ExportTraceServiceResponse response = Export(request);
  EXPECT_EQ(response.partial_success().rejected_spans(), 1);
  EXPECT_THAT(response.partial_success().error_message(), HasSubstr("trace_id"));
  v1::ListTracesRequest list;
  list.set_service("partly");
  EXPECT_EQ(List(list).traces(0).num_spans(), 2);
}

TEST_F(OtlpTest, BytesThatAreNoRequestAreAnInvalidArgument) {
  const RawAnswer answer = client_->Raw(kExport, "\x0a\xff\xff");
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(OtlpTest, MoreThanTheLimitIsRefusedForGood) {
  // One attribute of 65 MiB.
  ExportTraceServiceRequest request = Request("large", 'd', 0);
  auto& attribute = *request.mutable_resource_spans(0)
                         ->mutable_scope_spans(0)
                         ->mutable_spans(0)
                         ->add_attributes();
  attribute.set_key("k");
  attribute.mutable_value()->set_string_value(std::string(65 << 20, 'x'));
  const RawAnswer answer = client_->Raw(kExport, request.SerializeAsString());
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(answer.status.error_details(), IsEmpty());
}

TEST_F(OtlpTest, AMegabyteAttributeIsKeptInPart) {
  ExportTraceServiceRequest request = Request("long", 'e', 0);
  auto& attribute = *request.mutable_resource_spans(0)
                         ->mutable_scope_spans(0)
                         ->mutable_spans(0)
                         ->add_attributes();
  attribute.set_key("k");
  attribute.mutable_value()->set_string_value(std::string(1 << 20, 'x'));
  Export(request);
  v1::ListTracesRequest list;
  list.set_service("long");
  v1::GetTraceRequest get;
  get.set_name(List(list).traces(0).name());
  v1::Trace trace;
  ASSERT_TRUE(client_->traces->GetTrace(NewContext().get(), get, &trace).ok());
  EXPECT_EQ(trace.spans(0).attributes().at("k").size(), 64U << 10);
}

TEST_F(OtlpTest, SlowestFirstInPages) {
  for (int i = 1; i <= 5; ++i) {
    Export(Request("paged", static_cast<char>('0' + i), i));
  }
  v1::ListTracesRequest list;
  list.set_service("paged");
  list.set_order(v1::ListTracesRequest::SLOWEST);
  list.set_page_size(2);
  std::vector<std::int64_t> durations;
  for (;;) {
    const v1::ListTracesResponse page = List(list);
    for (const v1::Trace& trace : page.traces()) {
      durations.push_back(trace.duration_ns() / 10'000'000);
    }
    if (page.next_page_token().empty()) {
      break;
    }
    list.set_page_token(page.next_page_token());
  }
  EXPECT_THAT(durations, ::testing::ElementsAre(5, 4, 3, 2, 1));
}

TEST_F(OtlpTest, PercentilesComeFromHistograms) {
  Export(Request("timed", 't', 100));
  v1::QueryLatencyRequest request;
  request.set_parent("projects/default");
  request.set_service("timed");
  request.mutable_start_time()->set_seconds(StartSeconds());
  request.mutable_end_time()->set_seconds(StartSeconds() + 60);
  v1::QueryLatencyResponse response;
  ASSERT_TRUE(client_->traces->QueryLatency(NewContext().get(), request, &response).ok());
  ASSERT_THAT(response.series(), SizeIs(2));
  EXPECT_EQ(response.series(1).span_name(), "step");
  EXPECT_EQ(response.series(1).total().num_spans(), 100);
  EXPECT_NEAR(static_cast<double>(response.series(1).total().p95_ns()), 1e7, 1e5);
}

TEST_F(OtlpTest, ExportsLeaveNoSpansOfTheirOwn) {
  Export(Request("quiet", 'q', 1));
  v1::ListTracesRequest list;
  list.set_span_name(kExport);
  EXPECT_THAT(List(list).traces(), IsEmpty());
}

TEST_F(OtlpTest, ARowLeadsToItsTraceAndBack) {
  Export(Request("linked", 'l', 1));
  const v1::DatasetVersion dataset = client_->PushDataset("linked", 3);
  const v1::ModelVersion model = client_->PushModel("linked", "a");
  v1::BeginUploadRequest begin;
  begin.set_parent("projects/default");
  begin.mutable_output_set()->set_dataset_version(dataset.name());
  begin.mutable_output_set()->set_model_version(model.name());
  v1::Upload upload;
  ASSERT_TRUE(client_->uploads->BeginUpload(NewContext().get(), begin, &upload).ok());
  v1::AppendBatchRequest append;
  append.set_upload(upload.name());
  append.set_table(v1::TABLE_ROWS);
  *append.mutable_batch() = MakeBatch(0, 3, 0, false);
  v1::Column& ids = *append.mutable_batch()->add_columns();
  ids.set_name("trace_id");
  ids.set_type(v1::COLUMN_TYPE_TEXT);
  const std::string trace_id = "6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c";
  ids.set_text_bytes(std::string(32, '0') + trace_id + std::string(32, '0'));
  const std::int32_t offsets[] = {0, 32, 64, 96};
  ids.set_text_offsets(std::string(reinterpret_cast<const char*>(offsets), sizeof offsets));
  v1::AppendBatchResponse appended;
  const grpc::Status status = client_->uploads->AppendBatch(NewContext().get(), append, &appended);
  ASSERT_TRUE(status.ok()) << status.error_message();
  v1::CommitUploadRequest commit;
  commit.set_name(upload.name());
  commit.set_num_batches(1);
  v1::CommitUploadResponse committed;
  ASSERT_TRUE(client_->uploads->CommitUpload(NewContext().get(), commit, &committed).ok());
  const v1::Run run = client_->WaitForRun(client_->StartRun(committed.output_set()).name());

  v1::GetTraceLinksRequest request;
  request.set_name("projects/default/traces/" + trace_id);
  v1::TraceLinks links;
  ASSERT_TRUE(client_->traces->GetTraceLinks(NewContext().get(), request, &links).ok());
  ASSERT_THAT(links.rows(), SizeIs(1));
  EXPECT_EQ(links.rows(0).row(), 1);
  EXPECT_EQ(links.rows(0).key(), "k1");
  ASSERT_THAT(links.runs(), SizeIs(1));
  EXPECT_EQ(links.runs(0), run.name());
}

}  // namespace
}  // namespace assay::test
