// OTLP over gRPC, durable, against a server on the same machine; beside it, in the same run, bare
// inserts of the same spans into the same tables. Then questions to the store.
//
// Usage: trace_benchmark ingest ENDPOINT DIRECTORY [SPANS]
//          ENDPOINT   gRPC address of an assay-server
//          DIRECTORY  for the bare file: the file system of the server's data directory
//          SPANS      for each sender count, default 200,000
//        trace_benchmark ask DATA_DIR
//          DATA_DIR   of a server that has stopped, after ingest
//        trace_benchmark retain DATA_DIR
//          removes the 100,000 oldest spans of DATA_DIR while others come in

#include <grpcpp/grpcpp.h>
#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "opentelemetry/proto/collector/trace/v1/trace_service.grpc.pb.h"
#include "server/api/otlp_decoder.h"
#include "server/base/clock.h"
#include "server/store/sqlite/sqlite_store.h"
#include "server/trace/retention.h"

namespace {

namespace otlp = opentelemetry::proto;
namespace store = assay::store;
using ExportRequest = otlp::collector::trace::v1::ExportTraceServiceRequest;
using Clock = std::chrono::steady_clock;

constexpr int kSpansPerRequest = 512;
constexpr int kSpansPerTrace = 10;
constexpr std::int64_t kMinuteNs = 60'000'000'000;

double Seconds(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

template <typename T>
T Require(absl::StatusOr<T> value) {
  if (!value.ok()) {
    std::fprintf(stderr, "%s\n", value.status().ToString().c_str());
    std::exit(1);
  }
  return *std::move(value);
}

void Require(const absl::Status& status) {
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", status.ToString().c_str());
    std::exit(1);
  }
}

std::string RandomBytes(std::mt19937_64& random, std::size_t size) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) {
    byte = static_cast<char>(random());
  }
  bytes[0] |= 1;
  return bytes;
}

double Percentile(std::vector<double>& values, double share) {
  std::sort(values.begin(), values.end());
  return values.empty()
             ? 0
             : values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

// Spans of ten a trace over the last two minutes, ten attributes each, about 336 bytes on the wire.
class SpanMaker {
 public:
  explicit SpanMaker(std::uint64_t seed) : random_(seed) {}

  ExportRequest Next() {
    ExportRequest request;
    auto& resource_spans = *request.add_resource_spans();
    auto& service = *resource_spans.mutable_resource()->add_attributes();
    service.set_key("service.name");
    service.mutable_value()->set_string_value("shop");
    auto& scope_spans = *resource_spans.add_scope_spans();
    scope_spans.mutable_scope()->set_name("bench");
    for (int i = 0; i < kSpansPerRequest; ++i) {
      Fill(*scope_spans.add_spans());
    }
    return request;
  }

 private:
  void Fill(otlp::trace::v1::Span& span) {
    if (next_in_trace_ == 0) {
      trace_id_ = RandomBytes(random_, 16);
      root_id_ = RandomBytes(random_, 8);
      start_ = std::chrono::system_clock::now().time_since_epoch().count() -
               static_cast<std::int64_t>(random_() % (2 * kMinuteNs));
    }
    span.set_trace_id(trace_id_);
    span.set_span_id(next_in_trace_ == 0 ? root_id_ : RandomBytes(random_, 8));
    if (next_in_trace_ != 0) {
      span.set_parent_span_id(root_id_);
    }
    span.set_name("GET /catalogue/step-" + std::to_string(next_in_trace_));
    span.set_kind(otlp::trace::v1::Span::SPAN_KIND_SERVER);
    const auto duration = static_cast<std::int64_t>(random_() % 50'000'000);
    span.set_start_time_unix_nano(static_cast<std::uint64_t>(start_ + next_in_trace_ * 1000));
    span.set_end_time_unix_nano(
        static_cast<std::uint64_t>(start_ + next_in_trace_ * 1000 + duration));
    for (int a = 0; a < 10; ++a) {
      auto& attribute = *span.add_attributes();
      attribute.set_key("http.attribute." + std::to_string(a));
      if (a % 3 == 0) {
        attribute.mutable_value()->set_int_value(static_cast<std::int64_t>(random_() % 1000));
      } else {
        attribute.mutable_value()->set_string_value("value-" + std::to_string(random_() % 1000));
      }
    }
    next_in_trace_ = (next_in_trace_ + 1) % kSpansPerTrace;
  }

  std::mt19937_64 random_;
  int next_in_trace_ = 0;
  std::string trace_id_;
  std::string root_id_;
  std::int64_t start_ = 0;
};

// Every sender waits for its answer before it sends on.
void Send(const std::string& endpoint, int num_senders, std::int64_t num_spans) {
  const std::int64_t num_requests = num_spans / kSpansPerRequest / num_senders;
  // Made before the clock starts: making them costs more than taking them.
  std::vector<std::vector<ExportRequest>> requests(static_cast<std::size_t>(num_senders));
  for (int s = 0; s < num_senders; ++s) {
    SpanMaker maker(std::random_device{}());
    for (std::int64_t i = 0; i < num_requests; ++i) {
      requests[static_cast<std::size_t>(s)].push_back(maker.Next());
    }
  }
  std::vector<std::vector<double>> times(static_cast<std::size_t>(num_senders));
  std::vector<std::thread> threads;
  const auto start = Clock::now();
  for (std::size_t s = 0; s < requests.size(); ++s) {
    threads.emplace_back([&, s] {
      grpc::ChannelArguments arguments;
      arguments.SetInt("sender", static_cast<int>(s));  // a connection of its own
      const auto stub = otlp::collector::trace::v1::TraceService::NewStub(
          grpc::CreateCustomChannel(endpoint, grpc::InsecureChannelCredentials(), arguments));
      for (const ExportRequest& request : requests[s]) {
        const auto sent = Clock::now();
        grpc::ClientContext context;
        otlp::collector::trace::v1::ExportTraceServiceResponse response;
        const grpc::Status status = stub->Export(&context, request, &response);
        if (!status.ok() || response.has_partial_success()) {
          std::fprintf(stderr, "export failed: %s\n", status.error_message().c_str());
          std::exit(1);
        }
        times[s].push_back(Seconds(sent) * 1e3);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  const double seconds = Seconds(start);
  std::vector<double> all;
  for (const std::vector<double>& part : times) {
    all.insert(all.end(), part.begin(), part.end());
  }
  const double total = static_cast<double>(num_requests * num_senders * kSpansPerRequest);
  std::printf("OTLP/gRPC, %d senders: %.0f spans/s, p50 %.1f ms, p99 %.1f ms\n", num_senders,
              total / seconds, Percentile(all, 0.5), Percentile(all, 0.99));
}

// Inserts of ready rows into the server's tables with one statement each, a commit a request.
void InsertBare(const std::string& directory, std::int64_t num_spans) {
  const std::filesystem::path folder = std::filesystem::path(directory) / "bare";
  std::filesystem::remove_all(folder);
  Require(store::OpenSqliteStore(folder, assay::SystemClock(), {}).status());
  sqlite3* database = nullptr;
  sqlite3_open((folder / "traces.db").c_str(), &database);
  sqlite3_exec(database, "PRAGMA synchronous=FULL; PRAGMA cache_size=-16384;", nullptr, nullptr,
               nullptr);
  sqlite3_stmt* trace = nullptr;
  sqlite3_prepare_v2(database, "INSERT INTO traces VALUES (1,?,?,1,1,1,?,?,10,0,0,NULL,0)", -1,
                     &trace, nullptr);
  sqlite3_stmt* span = nullptr;
  sqlite3_prepare_v2(database, "INSERT INTO spans VALUES (1,?,?,?,1,1,2,0,?,?,'',NULL,?)", -1,
                     &span, nullptr);
  SpanMaker maker(1);
  std::vector<std::vector<store::SpanRecord>> batches;
  for (std::int64_t i = 0; i < num_spans / kSpansPerRequest; ++i) {
    const std::string bytes = maker.Next().SerializeAsString();
    assay::api::OtlpDecoder decoder(bytes, assay::api::OtlpDecoder::Ids::kBytes);
    batches.push_back(Require(decoder.Next(kSpansPerRequest, std::size_t{1} << 30)));
  }
  const auto bind = [](sqlite3_stmt* statement, int place, const auto& bytes) {
    sqlite3_bind_blob(statement, place, bytes.data(), static_cast<int>(bytes.size()),
                      SQLITE_STATIC);
  };
  std::int64_t key = 0;
  store::TraceId last{};
  const auto start = Clock::now();
  for (const std::vector<store::SpanRecord>& batch : batches) {
    sqlite3_exec(database, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr);
    for (const store::SpanRecord& record : batch) {
      if (record.trace_id != last) {
        last = record.trace_id;
        sqlite3_bind_int64(trace, 1, ++key);
        bind(trace, 2, record.trace_id);
        sqlite3_bind_int64(trace, 3, record.start_ns);
        sqlite3_bind_int64(trace, 4, record.duration_ns);
        sqlite3_step(trace);
        sqlite3_reset(trace);
      }
      sqlite3_bind_int64(span, 1, key);
      bind(span, 2, record.span_id);
      bind(span, 3, record.parent_span_id);
      sqlite3_bind_int64(span, 4, record.start_ns);
      sqlite3_bind_int64(span, 5, record.duration_ns);
      bind(span, 6, record.details);
      sqlite3_step(span);
      sqlite3_reset(span);
    }
    sqlite3_exec(database, "COMMIT", nullptr, nullptr, nullptr);
  }
  const double seconds = Seconds(start);
  sqlite3_finalize(trace);
  sqlite3_finalize(span);
  sqlite3_close(database);
  std::filesystem::remove_all(folder);
  std::printf("bare inserts: %.0f spans/s\n",
              static_cast<double>(std::ssize(batches) * kSpansPerRequest) / seconds);
}

template <typename Work>
void Measure(const char* what, int rounds, Work work) {
  std::vector<double> times;
  for (int i = 0; i < rounds; ++i) {
    const auto start = Clock::now();
    work();
    times.push_back(Seconds(start) * 1e3);
  }
  std::printf("%s: p50 %.3f ms, p99 %.3f ms\n", what, Percentile(times, 0.5),
              Percentile(times, 0.99));
}

void Ask(const std::string& directory) {
  const auto opened = Require(store::OpenSqliteStore(directory, assay::SystemClock(), {}));
  store::TraceStore& traces = opened->traces();
  store::TraceQuery some;
  some.size = 1000;
  std::vector<std::string> ids;
  for (const store::TraceRecord& trace :
       Require(traces.FindTraces(store::kDefaultProject, some)).traces) {
    std::string hex;
    for (const std::uint8_t byte : trace.trace_id) {
      char digits[3];
      std::snprintf(digits, sizeof digits, "%02x", byte);
      hex += digits;
    }
    ids.push_back(hex);
  }
  std::mt19937_64 random(1);
  Measure("trace by id with its spans", 2000, [&] {
    const store::TraceRecord trace =
        Require(traces.FindTrace(store::kDefaultProject, ids[random() % ids.size()]));
    Require(traces.ListSpans(store::kDefaultProject, trace.id, {}));
  });
  store::TraceQuery query;
  Measure("newest 50", 200, [&] { Require(traces.FindTraces(store::kDefaultProject, query)); });
  query.is_slowest_first = true;
  Measure("slowest 50", 200, [&] { Require(traces.FindTraces(store::kDefaultProject, query)); });
  query.name = "GET /catalogue/step-3";
  Measure("slowest 50 of a name", 200,
          [&] { Require(traces.FindTraces(store::kDefaultProject, query)); });
  const std::int64_t now = assay::SystemClock().NowUs() / 60'000'000;
  store::LatencyQuery day{.from_minute = now - 1439, .before_minute = now + 1, .step_minutes = 15};
  Measure("percentiles of a day, all names, by minutes", 50,
          [&] { Require(traces.ReadLatency(store::kDefaultProject, day)); });
}

void Retain(const std::string& directory) {
  const auto opened = Require(store::OpenSqliteStore(directory, assay::SystemClock(), {}));
  store::TraceStore& traces = opened->traces();
  std::vector<std::vector<store::SpanRecord>> batches;
  SpanMaker maker(2);
  for (int i = 0; i < 800; ++i) {
    const std::string bytes = maker.Next().SerializeAsString();
    assay::api::OtlpDecoder decoder(bytes, assay::api::OtlpDecoder::Ids::kBytes);
    batches.push_back(Require(decoder.Next(kSpansPerRequest, std::size_t{1} << 30)));
  }
  const auto append = [&](std::size_t from, std::size_t to) {
    const auto start = Clock::now();
    for (std::size_t i = from; i < to; ++i) {
      Require(traces.Append(store::kDefaultProject, batches[i]));
    }
    return static_cast<double>((to - from) * kSpansPerRequest) / Seconds(start);
  };
  const double alone = append(0, 150);
  std::atomic<bool> is_done = false;
  double removal_s = 0;
  assay::trace::Retention::Options everything;
  everything.max_age_days = 0;
  const auto start_removal = Clock::now();
  assay::trace::Retention retention(traces, assay::SystemClock(), everything);
  std::thread watcher([&] {
    while (retention.counters().num_removed_spans < 100'000) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    removal_s = Seconds(start_removal);
    is_done = true;
  });
  const auto start = Clock::now();
  std::size_t i = 150;
  while (!is_done && i < batches.size()) {
    Require(traces.Append(store::kDefaultProject, batches[i++]));
  }
  const double beside = static_cast<double>((i - 150) * kSpansPerRequest) / Seconds(start);
  watcher.join();
  std::printf(
      "100,000 oldest spans removed in %.2f s; ingest %.0f spans/s alone, %.0f beside it "
      "(%.0f %%)\n",
      removal_s, alone, beside, 100 * beside / alone);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "ingest" && argc > 3) {
    const std::int64_t num_spans = argc > 4 ? std::atoll(argv[4]) : 200'000;
    InsertBare(argv[3], num_spans);
    Send(argv[2], 1, num_spans);
    Send(argv[2], 8, num_spans);
    InsertBare(argv[3], num_spans);
    return 0;
  }
  if (what == "ask" && argc > 2) {
    Ask(argv[2]);
    return 0;
  }
  if (what == "retain" && argc > 2) {
    Retain(argv[2]);
    return 0;
  }
  std::fprintf(stderr, "usage: see the head of trace_benchmark.cc\n");
  return 2;
}
