// Whether ThreadSanitizer still sees races around gRPC, with the shim and the suppressions in
// place.
//
// Usage: planted_race none|handler|client
//   none      correct: no report expected
//   handler   a counter without a lock, bumped in a handler on gRPC's threads
//   client    the same, bumped by client threads between calls

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "assay/v1/admin_service.grpc.pb.h"

namespace {

namespace v1 = assay::v1;

// Enough for the handler's race to be seen in every run: gRPC's own locks order most of its calls.
constexpr int kCallers = 4;
constexpr int kCallsEach = 500;

std::string mode;
std::atomic<int> guarded = 0;
int planted = 0;

class Admin : public v1::AdminService::CallbackService {
 public:
  grpc::ServerUnaryReactor* GetServerInfo(grpc::CallbackServerContext* context,
                                          const v1::GetServerInfoRequest* /*request*/,
                                          v1::ServerInfo* response) override {
    ++guarded;
    if (mode == "handler") {
      ++planted;
    }
    response->set_version("1");
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

}  // namespace

int main(int argc, char** argv) {
  mode = argc > 1 ? argv[1] : "none";
  Admin service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  std::vector<std::thread> threads;
  for (int i = 0; i < kCallers; ++i) {
    threads.emplace_back([port, i] {
      grpc::ChannelArguments arguments;
      arguments.SetInt("planted_race.channel", i);  // a connection of its own
      const auto stub = v1::AdminService::NewStub(grpc::CreateCustomChannel(
          "127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials(), arguments));
      for (int call = 0; call < kCallsEach; ++call) {
        grpc::ClientContext context;
        v1::ServerInfo response;
        if (!stub->GetServerInfo(&context, {}, &response).ok()) {
          std::fprintf(stderr, "call failed\n");
          return;
        }
        if (mode == "client") {
          ++planted;
        }
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  server->Shutdown();
  std::printf("%d calls, mode %s, planted %d\n", guarded.load(), mode.c_str(), planted);
  return guarded.load() == kCallers * kCallsEach ? 0 : 1;
}
