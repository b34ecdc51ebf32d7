#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <string>

#include "tests/integration/api/api_client.h"
#include "tests/support/server_process.h"

namespace assay::test {
namespace {

using ::testing::HasSubstr;

constexpr char kCheck[] = "grpc.health.v1.Health/Check";
// HealthCheckResponse on the wire: field 1, an enumeration.
const std::string kServing = "\x08\x01";
const std::string kNotServing = "\x08\x02";

// HealthCheckRequest on the wire: field 1, the name of a service.
std::string HealthRequest(const std::string& service) {
  return service.empty() ? ""
                         : "\x0a" + std::string(1, static_cast<char>(service.size())) + service;
}

grpc::ByteBuffer ToBuffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

std::string ToText(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string text;
  if (buffer.Dump(&slices).ok()) {
    for (const grpc::Slice& slice : slices) {
      text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
    }
  }
  return text;
}

// A stream of bytes, one step at a time.
class RawStream {
 public:
  RawStream(const ApiClient& client, const std::string& method, const std::string& request)
      : stub_(client.channel), context_(NewContext()) {
    stream_ = stub_.PrepareCall(context_.get(), "/" + method, &queue_);
    stream_->StartCall(nullptr);
    Next();
    stream_->Write(ToBuffer(request), nullptr);
    Next();
    stream_->WritesDone(nullptr);
    Next();
  }
  // False at the end of the stream.
  bool Read(std::string& bytes) {
    grpc::ByteBuffer buffer;
    stream_->Read(&buffer, nullptr);
    const bool is_ok = Next();
    bytes = is_ok ? ToText(buffer) : "";
    return is_ok;
  }
  grpc::Status Finish() {
    grpc::Status status;
    stream_->Finish(&status, nullptr);
    Next();
    return status;
  }

 private:
  bool Next() {
    void* tag = nullptr;
    bool is_ok = false;
    queue_.Next(&tag, &is_ok);
    return is_ok;
  }

  grpc::GenericStub stub_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
};

class HealthTest : public ::testing::Test {
 protected:
  const std::unique_ptr<ServerProcess> server_ = *ServerProcess::Start();
  const ApiClient client_{server_->grpc_address()};
};

TEST_F(HealthTest, ServesAsAWholeAndByService) {
  for (const std::string service :
       {"", "assay.v1.AdminService", "assay.v1.BaselineService", "assay.v1.ComparisonService",
        "assay.v1.DatasetService", "assay.v1.ModelService", "assay.v1.PlanningService",
        "assay.v1.RunService", "assay.v1.TraceService", "assay.v1.UploadService"}) {
    const RawAnswer answer = client_.Raw(kCheck, HealthRequest(service));
    EXPECT_TRUE(answer.status.ok()) << service;
    EXPECT_EQ(answer.bytes, kServing) << service;
  }
}

TEST_F(HealthTest, DoesNotKnowOtherServices) {
  EXPECT_EQ(client_.Raw(kCheck, HealthRequest("nothing")).status.error_code(),
            grpc::StatusCode::NOT_FOUND);
}

TEST_F(HealthTest, BecomesNotServingAtTheSignalAndDoesNotHoldTheServerUp) {
  RawStream watch(client_, "grpc.health.v1.Health/Watch", HealthRequest("assay.v1.RunService"));
  std::string status;
  ASSERT_TRUE(watch.Read(status));
  EXPECT_EQ(status, kServing);
  const auto begin = std::chrono::steady_clock::now();
  server_->Signal(SIGTERM);
  ASSERT_TRUE(watch.Read(status));
  EXPECT_EQ(status, kNotServing);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(500));
  while (watch.Read(status)) {
  }
  EXPECT_FALSE(watch.Finish().ok());
  EXPECT_EQ(server_->Wait(std::chrono::seconds(5)), 0) << server_->Log();
}

TEST_F(HealthTest, IsNotTraced) { EXPECT_EQ(client_.Raw(kCheck, "").trace_id, ""); }

TEST_F(HealthTest, DescribesTheServicesOnLoopback) {
  // ServerReflectionRequest with field 7, list_services.
  RawStream reflection(client_, "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                       "\x3a\x01*");
  std::string services;
  ASSERT_TRUE(reflection.Read(services));
  EXPECT_THAT(services, HasSubstr("assay.v1.RunService"));
  EXPECT_THAT(services, HasSubstr("grpc.health.v1.Health"));
}

}  // namespace
}  // namespace assay::test
