#include "server/http/server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "server/http/exchange.h"

namespace assay::http {
namespace {

using ::testing::StartsWith;

// The whole answer to GET `path`.
std::string Get(int port, const std::string& path) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  const std::string request =
      "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  EXPECT_EQ(send(fd, request.data(), request.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(request.size()));
  std::string answer;
  char buffer[4096];
  for (ssize_t size = 0; (size = recv(fd, buffer, sizeof buffer, 0)) > 0;) {
    answer.append(buffer, static_cast<std::size_t>(size));
  }
  close(fd);
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

TEST(HttpServerTest, AnswersForAHandlerThatDoesNot) {
  Router router;
  router.Add("GET", "/", {0, [](const std::shared_ptr<Exchange>& /*exchange*/) {}});
  const std::unique_ptr<Server> server = Serve(std::move(router));
  EXPECT_THAT(Get(server->address().port, "/"), StartsWith("HTTP/1.1 500 "));
}

}  // namespace
}  // namespace assay::http
