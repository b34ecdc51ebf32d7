#include "server/http/server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "server/http/exchange.h"

namespace assay::http {
namespace {

using ::testing::StartsWith;

class Caller {
 public:
  explicit Caller(int port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  }
  ~Caller() { close(fd_); }
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  void AskFor(const std::string& path, const std::string& header = "") {
    EXPECT_TRUE(TryAskFor(path, header));
  }
  // False once the server hung up.
  bool TryAskFor(const std::string& path, const std::string& header = "") {
    const std::string request =
        "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + header + "\r\n";
    return send(fd_, request.data(), request.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(request.size());
  }

  // What comes next, a whole answer if that is short; empty once the server hung up.
  std::string Receive() {
    char buffer[4096];
    const ssize_t size = recv(fd_, buffer, sizeof buffer, 0);
    return {buffer, size > 0 ? static_cast<std::size_t>(size) : 0};
  }

 private:
  int fd_;
};

// The whole answer to GET `path`.
std::string Get(int port, const std::string& path) {
  Caller caller(port);
  caller.AskFor(path, "Connection: close\r\n");
  std::string answer;
  for (std::string piece = caller.Receive(); !piece.empty(); piece = caller.Receive()) {
    answer.append(piece);
  }
  return answer;
}

std::unique_ptr<Server> Serve(Router router) {
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Listen({{"127.0.0.1", 0}, {}, {}, {}});
  EXPECT_TRUE(server.ok()) << server.status();
  (*server)->Serve(std::move(router));
  return *std::move(server);
}

// The handler lets go of the exchange last, on the connection's own thread, while the answer of
// another thread still waits for its turn.
TEST(HttpServerTest, SendsAnAnswerOfAnotherThreadBeforeItMissesOne) {
  Router router;
  router.Add("GET", "/",
             {0, [](std::shared_ptr<Exchange> exchange) {
                std::thread([exchange] { exchange->Reply(JsonResponse(200, "{}")); }).join();
              }});
  const std::unique_ptr<Server> server = Serve(std::move(router));
  EXPECT_THAT(Get(server->address().port, "/"), StartsWith("HTTP/1.1 200 "));
}

// The thread that answered the first request lets go of it during the second.
TEST(HttpServerTest, LettingGoOfAnAnsweredRequestIsNoAnswerToTheNext) {
  std::promise<std::shared_ptr<Exchange>> answered;
  std::promise<std::shared_ptr<Exchange>> waiting;
  Router router;
  router.Add("GET", "/first", {0, [&](const std::shared_ptr<Exchange>& exchange) {
                                 exchange->Reply(JsonResponse(200, "{}"));
                                 answered.set_value(exchange);
                               }});
  router.Add("GET", "/second",
             {0, [&](const std::shared_ptr<Exchange>& exchange) { waiting.set_value(exchange); }});
  const std::unique_ptr<Server> server = Serve(std::move(router));
  Caller caller(server->address().port);
  caller.AskFor("/first");
  EXPECT_THAT(caller.Receive(), StartsWith("HTTP/1.1 200 "));
  caller.AskFor("/second");
  const std::shared_ptr<Exchange> second = waiting.get_future().get();
  answered.get_future().get().reset();
  second->Reply(JsonResponse(202, "{}"));
  EXPECT_THAT(caller.Receive(), StartsWith("HTTP/1.1 202 "));
}

// What a handler uses may go as soon as Stop returns.
TEST(HttpServerTest, StopWaitsForTheHandlerThatRuns) {
  std::promise<void> entered;
  std::atomic<bool> has_left = false;
  Router router;
  router.Add("GET", "/", {0, [&](const std::shared_ptr<Exchange>& exchange) {
                            entered.set_value();
                            std::this_thread::sleep_for(std::chrono::milliseconds(200));
                            exchange->Reply(JsonResponse(200, "{}"));
                            has_left = true;
                          }});
  const std::unique_ptr<Server> server = Serve(std::move(router));
  Caller caller(server->address().port);
  caller.AskFor("/");
  entered.get_future().get();
  server->Stop();
  EXPECT_TRUE(has_left);
}

// Connections ask on while the server stops; their threads still run afterwards.
TEST(HttpServerTest, CallsNoHandlerAfterStop) {
  constexpr int kNumCallers = 4;
  std::atomic<bool> is_stopped = false;
  std::atomic<int> num_calls = 0;
  std::atomic<int> num_late_calls = 0;
  Router router;
  router.Add("GET", "/", {0, [&](const std::shared_ptr<Exchange>& exchange) {
                            ++(is_stopped ? num_late_calls : num_calls);
                            exchange->Reply(JsonResponse(200, "{}"));
                          }});
  const std::unique_ptr<Server> server = Serve(std::move(router));
  std::vector<std::thread> callers;
  for (int i = 0; i < kNumCallers; ++i) {
    callers.emplace_back([port = server->address().port] {
      Caller caller(port);
      while (caller.TryAskFor("/") && !caller.Receive().empty()) {
      }
    });
  }
  while (num_calls < 100) {
    std::this_thread::yield();
  }
  server->Stop();
  is_stopped = true;
  for (std::thread& caller : callers) {
    caller.join();
  }
  EXPECT_EQ(num_late_calls, 0);
}

TEST(HttpServerTest, AnswersForAHandlerThatDoesNot) {
  Router router;
  router.Add("GET", "/", {0, [](const std::shared_ptr<Exchange>& /*exchange*/) {}});
  const std::unique_ptr<Server> server = Serve(std::move(router));
  EXPECT_THAT(Get(server->address().port, "/"), StartsWith("HTTP/1.1 500 "));
}

}  // namespace
}  // namespace assay::http
