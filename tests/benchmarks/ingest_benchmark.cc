// Durable ingest over gRPC, and small calls, against a server on the same machine; beside it, in
// the same run, a bare SQLite write of the same bytes in chunks of the same size, and calls of
// gRPC's own health service.
//
// Usage: ingest_benchmark ENDPOINT DIRECTORY [ROUNDS]
//   ENDPOINT   gRPC address of a fresh assay-server
//   DIRECTORY  where the bare SQLite file goes: the file system of the server's data directory

#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/client_unary_call.h>
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "assay/v1/dataset_service.pb.h"
#include "client/cpp/client.h"
#include "client/cpp/connection.h"
#include "client/cpp/upload.h"
#include "evaluators/columns.h"

namespace {

using assay::Column;
using assay::ColumnType;
namespace client = assay::client;
namespace v1 = assay::v1;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t kRows = 1'000'000;
constexpr std::int64_t kBatchRows = 65'536;
constexpr int kNumericColumns = 8;

double Seconds(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void Require(const absl::Status& status) {
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", status.ToString().c_str());
    std::exit(1);
  }
}

Column Keys(std::int64_t begin, std::int64_t count, int round) {
  Column column;
  column.name = "key";
  column.num_rows = count;
  column.text_offsets.resize(count + 1);
  column.text_bytes.resize(count * 12);
  char key[32];
  for (std::int64_t i = 0; i < count; ++i) {
    std::snprintf(key, sizeof(key), "q%02d-%08d", round, static_cast<int>(begin + i));
    std::copy(key, key + 12, column.text_bytes.data() + i * 12);
    column.text_offsets[i + 1] = static_cast<std::int32_t>((i + 1) * 12);
  }
  return column;
}

Column Numbers(std::string name, std::int64_t count, std::mt19937_64& random) {
  Column column;
  column.name = std::move(name);
  column.type = ColumnType::kFloat64;
  column.num_rows = count;
  column.doubles.resize(count);
  for (double& value : column.doubles) {
    value = static_cast<double>(random() >> 11) * 0x1p-53;
  }
  return column;
}

Column Labels(std::int64_t count, std::mt19937_64& random) {
  Column column;
  column.name = "label";
  column.num_rows = count;
  column.is_coded = true;
  column.text_offsets.push_back(0);
  for (int i = 0; i < 77; ++i) {
    assay::AppendText(column, "label_" + std::to_string(i));
  }
  column.codes.resize(count);
  for (std::int32_t& code : column.codes) {
    code = static_cast<std::int32_t>(random() % 77);
  }
  return column;
}

// Uploads kRows rows made of the given batches; returns seconds from BeginUpload to the answer of
// CommitUpload.
double Upload(client::Client& server, const std::string& dataset,
              const std::vector<std::vector<Column>>& batches) {
  const auto start = Clock::now();
  v1::BeginUploadRequest request;
  request.set_parent("projects/default");
  request.mutable_dataset()->set_dataset(dataset);
  auto upload = client::Upload::Begin(server, request, {});
  Require(upload.status());
  for (const std::vector<Column>& batch : batches) {
    Require((*upload)->Append(v1::TABLE_ROWS, batch));
  }
  Require((*upload)->Commit().status());
  return Seconds(start);
}

// Writes `bytes` a row in chunks of 4,096 rows into a bare SQLite file, one transaction of 16
// chunks for each batch, WAL and FULL; returns seconds.
double BareWrite(const std::string& directory, const std::vector<std::size_t>& column_bytes) {
  const std::string path = directory + "/bare.db";
  sqlite3* database = nullptr;
  sqlite3_open(path.c_str(), &database);
  sqlite3_exec(database,
               "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=16000;"
               "CREATE TABLE chunk (id INTEGER PRIMARY KEY, data BLOB)",
               nullptr, nullptr, nullptr);
  std::vector<std::string> chunks;
  std::mt19937_64 random(1);
  for (const std::size_t bytes : column_bytes) {
    std::string chunk(bytes * 4096, '\0');
    for (char& byte : chunk) {
      byte = static_cast<char>(random());
    }
    chunks.push_back(std::move(chunk));
  }
  sqlite3_stmt* insert = nullptr;
  sqlite3_prepare_v2(database, "INSERT INTO chunk (data) VALUES ($1)", -1, &insert, nullptr);
  const auto start = Clock::now();
  for (std::int64_t row = 0; row < kRows; row += kBatchRows) {
    sqlite3_exec(database, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr);
    for (std::int64_t chunk = row; chunk < std::min(row + kBatchRows, kRows); chunk += 4096) {
      for (const std::string& data : chunks) {
        sqlite3_bind_blob(insert, 1, data.data(), static_cast<int>(data.size()), SQLITE_STATIC);
        sqlite3_step(insert);
        sqlite3_reset(insert);
      }
    }
    sqlite3_exec(database, "COMMIT", nullptr, nullptr, nullptr);
  }
  const double seconds = Seconds(start);
  sqlite3_finalize(insert);
  sqlite3_close(database);
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::filesystem::remove(path + suffix);
  }
  return seconds;
}

// p50 and p99 of small calls with `callers` threads for two seconds. `open` gives a thread what it
// calls, over a channel of its own as separate clients have.
template <typename Open>
void Calls(const char* what, int callers, const Open& open) {
  std::vector<std::vector<double>> times(callers);
  std::vector<std::thread> threads;
  const auto end = Clock::now() + std::chrono::seconds(2);
  for (int i = 0; i < callers; ++i) {
    threads.emplace_back([&, i] {
      const auto call = open();
      for (int warm_up = 0; warm_up < 50; ++warm_up) {
        call();
      }
      while (Clock::now() < end) {
        const auto start = Clock::now();
        call();
        times[i].push_back(Seconds(start) * 1e6);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  std::vector<double> all;
  for (const std::vector<double>& part : times) {
    all.insert(all.end(), part.begin(), part.end());
  }
  std::sort(all.begin(), all.end());
  std::printf("%s, %d callers: %.0f calls/s, p50 %.0f us, p99 %.0f us\n", what, callers,
              static_cast<double>(all.size()) / 2, all[all.size() / 2], all[all.size() * 99 / 100]);
}

// The least that gRPC does: its own health service, which answers from a map.
auto OpenHealth(const std::string& endpoint) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return [channel =
              grpc::CreateCustomChannel(endpoint, grpc::InsecureChannelCredentials(), arguments)] {
    const grpc::internal::RpcMethod method("/grpc.health.v1.Health/Check",
                                           grpc::internal::RpcMethod::NORMAL_RPC);
    grpc::ClientContext context;
    const grpc::Slice nothing("");
    const grpc::ByteBuffer request(&nothing, 1);
    grpc::ByteBuffer answer;
    const grpc::Status status =
        grpc::internal::BlockingUnaryCall<grpc::ByteBuffer, grpc::ByteBuffer>(
            channel.get(), method, &context, request, &answer);
    if (!status.ok()) {
      std::fprintf(stderr, "%s\n", status.error_message().c_str());
      std::exit(1);
    }
  };
}

auto OpenGetDataset(const std::string& endpoint) {
  auto connection = client::Connection::Open({.endpoint = endpoint});
  Require(connection.status());
  return [server = std::make_shared<client::Client>(*std::move(connection))] {
    v1::GetDatasetRequest request;
    request.set_name("projects/default/datasets/keyed-0");
    Require(server->GetDataset(request).status());
  };
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: ingest_benchmark ENDPOINT DIRECTORY [ROUNDS]\n");
    return 2;
  }
  const int rounds = argc > 3 ? std::atoi(argv[3]) : 3;
  auto connection = client::Connection::Open({.endpoint = argv[1]});
  Require(connection.status());
  client::Client server(*std::move(connection));
  for (int round = 0; round < rounds; ++round) {
    std::mt19937_64 random(round);
    std::vector<std::vector<Column>> numeric;
    std::vector<std::vector<Column>> keyed;
    for (std::int64_t row = 0; row < kRows; row += kBatchRows) {
      const std::int64_t count = std::min(kBatchRows, kRows - row);
      std::vector<Column>& wide = numeric.emplace_back();
      wide.push_back(Keys(row, count, round));
      for (int i = 0; i < kNumericColumns; ++i) {
        wide.push_back(Numbers("x" + std::to_string(i), count, random));
      }
      keyed.push_back(
          {Keys(row, count, round), Labels(count, random), Numbers("value", count, random)});
    }
    const std::string suffix = std::to_string(round);
    const double keyed_s = Upload(server, "keyed-" + suffix, keyed);
    const double bare_keyed_s = BareWrite(argv[2], {12 + 4, 1, 8});
    const double numeric_s = Upload(server, "numeric-" + suffix, numeric);
    std::vector<std::size_t> bytes(kNumericColumns, 8);
    bytes.push_back(12 + 4);
    const double bare_numeric_s = BareWrite(argv[2], bytes);
    std::printf(
        "round %d: key + label + f64: %.2f M rows/s (bare SQLite %.2f, ratio %.2f)   "
        "key + %d f64: %.1f M values/s (bare SQLite %.1f, ratio %.2f)\n",
        round, kRows / keyed_s / 1e6, kRows / bare_keyed_s / 1e6, bare_keyed_s / keyed_s,
        kNumericColumns, kRows * kNumericColumns / numeric_s / 1e6,
        kRows * kNumericColumns / bare_numeric_s / 1e6, bare_numeric_s / numeric_s);
  }
  const std::string endpoint = argv[1];
  for (const int callers : {1, 8}) {
    Calls("bare gRPC (health check)", callers, [&] { return OpenHealth(endpoint); });
    Calls("GetDataset", callers, [&] { return OpenGetDataset(endpoint); });
  }
  return 0;
}
