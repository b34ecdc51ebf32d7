#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <random>
#include <set>
#include <string>
#include <thread>

#include "opentelemetry/proto/collector/trace/v1/trace_service.grpc.pb.h"
#include "tests/integration/api/api_client.h"
#include "tests/support/server_process.h"

namespace assay::test {
namespace {

namespace otlp = opentelemetry::proto;

constexpr int kSpansPerRequest = 64;
constexpr int kSpansPerTrace = 256;  // so that a trace spans several requests

int NumKills() {
  const char* const text = std::getenv("ASSAY_CRASHES");
  return text == nullptr ? 10 : std::atoi(text);
}

std::string Id(std::uint64_t number, std::size_t size) {
  std::string id(size, '\1');
  for (std::size_t i = 0; i < 8; ++i) {
    id[size - 1 - i] = static_cast<char>(number >> (8 * i));
  }
  return id;
}

// When the spans began: a while ago, but too young to be removed.
std::int64_t StartSeconds() {
  static const std::int64_t start = std::chrono::duration_cast<std::chrono::seconds>(
                                        std::chrono::system_clock::now().time_since_epoch())
                                        .count() -
                                    3'600;
  return start;
}

// Requests with spans that are numbered from 0; span n is of trace n / kSpansPerTrace.
otlp::collector::trace::v1::ExportTraceServiceRequest Request(std::uint64_t first_span) {
  otlp::collector::trace::v1::ExportTraceServiceRequest request;
  auto& scope = *request.add_resource_spans()->add_scope_spans();
  const std::uint64_t start_ns = static_cast<std::uint64_t>(StartSeconds()) * 1'000'000'000;
  for (std::uint64_t n = first_span; n < first_span + kSpansPerRequest; ++n) {
    otlp::trace::v1::Span& span = *scope.add_spans();
    span.set_trace_id(Id(n / kSpansPerTrace, 16));
    span.set_span_id(Id(n + 1, 8));
    span.set_name("step");
    span.set_start_time_unix_nano(start_ns + n);
    span.set_end_time_unix_nano(start_ns + 1'000 + n);
  }
  return request;
}

// Sends requests one after the other until the server is gone; a request without an answer is sent
// again by the next sender, as exporters do. Returns how many requests were acknowledged.
std::uint64_t SendUntilGone(const std::string& address, std::uint64_t first_request) {
  const auto stub = otlp::collector::trace::v1::TraceService::NewStub(
      grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
  std::uint64_t request = first_request;
  for (;;) {
    otlp::collector::trace::v1::ExportTraceServiceResponse response;
    const grpc::Status status =
        stub->Export(NewContext().get(), Request(request * kSpansPerRequest), &response);
    if (!status.ok()) {
      return request;
    }
    ++request;
  }
}

TEST(OtlpCrashTest, NoAcknowledgedSpanIsLostOrStoredTwice) {
  std::mt19937 random(std::random_device{}());
  const auto server = *ServerProcess::Start();
  std::uint64_t num_requests = 0;
  for (int kill = 0; kill < NumKills(); ++kill) {
    std::uint64_t acknowledged = num_requests;
    std::thread sender([&] { acknowledged = SendUntilGone(server->grpc_address(), num_requests); });
    std::this_thread::sleep_for(std::chrono::milliseconds(50 + random() % 400));
    server->Kill();
    sender.join();
    num_requests = acknowledged;
    ASSERT_TRUE(server->Restart().ok()) << server->Log();
  }
  ASSERT_GT(num_requests, 0U);

  // What the last kill left unanswered may be there or not; everything before it is, once.
  const std::uint64_t num_spans = num_requests * kSpansPerRequest;
  const ApiClient client(server->grpc_address());
  for (std::uint64_t trace = 0; trace * kSpansPerTrace < num_spans; ++trace) {
    const std::uint64_t first = trace * kSpansPerTrace;
    const std::uint64_t expected = std::min<std::uint64_t>(kSpansPerTrace, num_spans - first);
    v1::GetTraceRequest get;
    std::string name = "projects/default/traces/";
    for (const char byte : Id(trace, 16)) {
      constexpr char kDigits[] = "0123456789abcdef";
      name += kDigits[static_cast<unsigned char>(byte) >> 4];
      name += kDigits[static_cast<unsigned char>(byte) & 15];
    }
    get.set_name(name);
    v1::Trace found;
    const grpc::Status status = client.traces->GetTrace(NewContext().get(), get, &found);
    ASSERT_TRUE(status.ok()) << status.error_message();
    std::set<std::string> ids;
    for (const v1::Span& span : found.spans()) {
      ids.insert(span.span_id());
    }
    EXPECT_EQ(static_cast<std::size_t>(found.spans_size()), ids.size());
    EXPECT_EQ(found.num_spans(), found.spans_size());
    EXPECT_GE(static_cast<std::uint64_t>(found.num_spans()), expected) << name;
    EXPECT_LE(static_cast<std::uint64_t>(found.num_spans()),
              std::min<std::uint64_t>(kSpansPerTrace, expected + kSpansPerRequest));
  }

  // Histograms counted every stored span once.
  v1::QueryLatencyRequest query;
  query.set_parent("projects/default");
  query.set_span_name("step");
  query.mutable_start_time()->set_seconds(StartSeconds());
  query.mutable_end_time()->set_seconds(StartSeconds() + 120);
  v1::QueryLatencyResponse latency;
  ASSERT_TRUE(client.traces->QueryLatency(NewContext().get(), query, &latency).ok());
  ASSERT_EQ(latency.series_size(), 1);
  EXPECT_GE(latency.series(0).total().num_spans(), static_cast<std::int64_t>(num_spans));
  EXPECT_LE(latency.series(0).total().num_spans(),
            static_cast<std::int64_t>(num_spans) + kSpansPerRequest);
}

}  // namespace
}  // namespace assay::test
