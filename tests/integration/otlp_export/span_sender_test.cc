#include "schemas/otlp/span_sender.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.grpc.pb.h"

namespace assay::otlp {
namespace {

namespace collector = opentelemetry::proto::collector::trace::v1;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using ::testing::ElementsAre;

// Longer than any test runs.
constexpr milliseconds kForever = std::chrono::hours(1);

// Answers calls as it is told, then with OK. Thread-safe.
class Collector : public collector::TraceService::Service {
 public:
  struct Call {
    steady_clock::time_point at;
    std::vector<std::string> names;  // of its spans
  };

  Collector() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~Collector() override {
    Release();
    server_->Shutdown();
  }

  OtlpTarget target() const { return {.address = absl::StrFormat("127.0.0.1:%d", port_)}; }

  void AnswerNext(grpc::Status status) {
    const std::lock_guard<std::mutex> lock(mutex_);
    answers_.push_back(std::move(status));
  }
  // Calls get no answer until Release.
  void Hold() {
    const std::lock_guard<std::mutex> lock(mutex_);
    is_holding_ = true;
  }
  void Release() {
    const std::lock_guard<std::mutex> lock(mutex_);
    is_holding_ = false;
    changed_.notify_all();
  }
  // The calls so far, of which there are at least so many.
  std::vector<Call> WaitForCalls(std::size_t num_calls) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return calls_.size() >= num_calls; });
    return calls_;
  }

  grpc::Status Export(grpc::ServerContext* /*context*/,
                      const collector::ExportTraceServiceRequest* request,
                      collector::ExportTraceServiceResponse* /*response*/) override {
    Call call{.at = steady_clock::now(), .names = {}};
    for (const auto& span : request->resource_spans(0).scope_spans(0).spans()) {
      call.names.push_back(span.name());
    }
    std::unique_lock<std::mutex> lock(mutex_);
    calls_.push_back(std::move(call));
    changed_.notify_all();
    changed_.wait(lock, [this] { return !is_holding_; });
    if (answers_.empty()) {
      return grpc::Status::OK;
    }
    grpc::Status status = std::move(answers_.front());
    answers_.pop_front();
    return status;
  }

 private:
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::vector<Call> calls_;
  std::deque<grpc::Status> answers_;
  bool is_holding_ = false;
};

grpc::Status WithRetryInfo(grpc::StatusCode code, milliseconds delay) {
  google::rpc::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(delay.count() / 1'000);
  info.mutable_retry_delay()->set_nanos(static_cast<std::int32_t>(delay.count() % 1'000) *
                                        1'000'000);
  google::rpc::Status details;
  details.set_code(code);
  details.add_details()->PackFrom(info);
  return {code, "later", details.SerializeAsString()};
}

std::vector<opentelemetry::proto::trace::v1::Span> Spans(std::size_t num_spans) {
  std::vector<opentelemetry::proto::trace::v1::Span> spans(num_spans);
  for (std::size_t i = 0; i < num_spans; ++i) {
    spans[i].set_name(absl::StrFormat("span %d", i));
  }
  return spans;
}

// Sends at once, and waits at the end until everything is sent or refused.
SpanSender::Options PatientOptions() {
  SpanSender::Options options;
  options.delay = milliseconds(1);
  options.timeout = kForever;
  options.farewell = kForever;
  return options;
}

// Gives up at the end at once.
SpanSender::Options HastyOptions() {
  SpanSender::Options options = PatientOptions();
  options.farewell = milliseconds(1);
  return options;
}

TEST(SpanSenderTest, WhatTheQueueHasNoRoomForIsDroppedAndCounted) {
  Collector collector;
  collector.Hold();
  SpanSender::Options options = PatientOptions();
  options.queue_capacity = 10;
  options.batch_spans = 4;
  SpanSender sender(collector.target(), {}, options);
  sender.Offer(Spans(4));
  collector.WaitForCalls(1);  // The queue is empty and its thread waits for an answer.
  sender.Offer(Spans(25));    // Does not wait: only this thread can release the collector.
  EXPECT_EQ(sender.counters().num_dropped, 15);
  sender.Offer(Spans(1));
  EXPECT_EQ(sender.counters().num_dropped, 16);
  collector.Release();
  sender.Close();
  EXPECT_EQ(sender.counters().num_sent, 14);
  EXPECT_EQ(sender.counters().num_dropped, 16);
}

TEST(SpanSenderTest, SpansOfAFailedCallAreSentAgain) {
  Collector collector;
  collector.AnswerNext({grpc::StatusCode::UNAVAILABLE, "restarting"});
  SpanSender sender(collector.target(), {}, PatientOptions());
  sender.Offer(Spans(2));
  const std::vector<Collector::Call> calls = collector.WaitForCalls(2);
  sender.Close();
  EXPECT_THAT(calls[0].names, ElementsAre("span 0", "span 1"));
  EXPECT_EQ(calls[1].names, calls[0].names);
  EXPECT_EQ(sender.counters().num_sent, 2);
  EXPECT_EQ(sender.counters().num_dropped, 0);
}

// The delays are longer than the first pause of a sender that is not told.
TEST(SpanSenderTest, CallsAreRepeatedNoSoonerThanTheCollectorSays) {
  constexpr milliseconds kDelay{1'250};
  for (const grpc::StatusCode code :
       {grpc::StatusCode::RESOURCE_EXHAUSTED, grpc::StatusCode::UNAVAILABLE}) {
    Collector collector;
    collector.AnswerNext(WithRetryInfo(code, kDelay));
    SpanSender sender(collector.target(), {}, PatientOptions());
    sender.Offer(Spans(1));
    const std::vector<Collector::Call> calls = collector.WaitForCalls(2);
    sender.Close();
    EXPECT_GE(calls[1].at - calls[0].at, kDelay) << code;
    EXPECT_EQ(sender.counters().num_sent, 1) << code;
  }
}

TEST(SpanSenderTest, RetryInfoWithoutADelayLeavesTheTimeToUs) {
  Collector collector;
  collector.AnswerNext(WithRetryInfo(grpc::StatusCode::RESOURCE_EXHAUSTED, milliseconds(0)));
  SpanSender sender(collector.target(), {}, PatientOptions());
  sender.Offer(Spans(1));
  collector.WaitForCalls(2);
  sender.Close();
  EXPECT_EQ(sender.counters().num_sent, 1);
}

TEST(SpanSenderTest, RefusedSpansAreDroppedAndThoseBehindThemSent) {
  for (const grpc::Status& refusal :
       {grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "no"),
        grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "full"),
        WithRetryInfo(grpc::StatusCode::PERMISSION_DENIED, milliseconds(1))}) {
    Collector collector;
    collector.AnswerNext(refusal);
    SpanSender::Options options = PatientOptions();
    options.batch_spans = 3;
    SpanSender sender(collector.target(), {}, options);
    sender.Offer(Spans(5));
    sender.Close();
    const std::vector<Collector::Call> calls = collector.WaitForCalls(2);
    ASSERT_EQ(calls.size(), 2U);
    EXPECT_THAT(calls[1].names, ElementsAre("span 3", "span 4"));
    EXPECT_EQ(sender.counters().num_dropped, 3);
    EXPECT_EQ(sender.counters().num_sent, 2);
    EXPECT_EQ(sender.counters().last_error.message(), refusal.error_message());
  }
}

// Without an end these would wait for an hour.
TEST(SpanSenderTest, CloseLeavesACallWithoutAnAnswer) {
  Collector collector;
  collector.Hold();
  SpanSender sender(collector.target(), {}, HastyOptions());
  sender.Offer(Spans(2));
  collector.WaitForCalls(1);
  sender.Close();
  EXPECT_EQ(sender.counters().num_dropped, 2);
}

TEST(SpanSenderTest, CloseDoesNotWaitAsLongAsTheCollectorSays) {
  Collector collector;
  collector.AnswerNext(WithRetryInfo(grpc::StatusCode::UNAVAILABLE, kForever));
  SpanSender sender(collector.target(), {}, HastyOptions());
  sender.Offer(Spans(2));
  collector.WaitForCalls(1);
  sender.Close();
  EXPECT_EQ(sender.counters().num_dropped, 2);
}

TEST(SpanSenderTest, CloseLeavesACollectorThatIsNotThere) {
  OtlpTarget gone;
  {
    const Collector collector;
    gone = collector.target();
  }
  SpanSender sender(gone, {}, HastyOptions());
  sender.Offer(Spans(2));
  sender.Close();
  EXPECT_EQ(sender.counters().num_dropped, 2);
  sender.Offer(Spans(3));
  EXPECT_EQ(sender.counters().num_dropped, 5);
}

}  // namespace
}  // namespace assay::otlp
