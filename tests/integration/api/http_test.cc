#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/server_process.h"

namespace assay::test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// A TCP connection to 127.0.0.1.
class Connection {
 public:
  explicit Connection(const std::string& address) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port =
        htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  }
  ~Connection() { close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Send(const std::string& bytes) const {
    EXPECT_EQ(send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  // What comes until the other side closes or `text` has come; waits at most 5 s.
  std::string ReceiveUntil(const std::string& text) const {
    std::string received;
    char buffer[4096];
    while (text.empty() || received.find(text) == std::string::npos) {
      pollfd waiting{fd_, POLLIN, 0};
      if (poll(&waiting, 1, 5000) <= 0) {
        return received + "<timeout>";
      }
      const ssize_t size = recv(fd_, buffer, sizeof buffer, 0);
      if (size <= 0) {
        return received;
      }
      received.append(buffer, static_cast<std::size_t>(size));
    }
    return received;
  }

 private:
  const int fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
};

class HttpTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = *ServerProcess::Start(
        {.data_dir = {}, .flags = {"--public-url", "http://assay.example:8080/x"}});
  }
  static void TearDownTestSuite() {
    EXPECT_EQ(server_->Terminate(), 0) << server_->Log();
    server_.reset();
  }
  // The whole answer to one request, after which the server closes.
  static std::string Ask(const std::string& request) {
    const Connection connection(server_->http_address());
    connection.Send(request);
    return connection.ReceiveUntil("");
  }
  static std::string Get(const std::string& target, const std::string& host = "127.0.0.1") {
    return Ask("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
  }

  static inline std::unique_ptr<ServerProcess> server_;
};

TEST_F(HttpTest, IsHealthyAndReady) {
  EXPECT_THAT(Get("/healthz"), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(Get("/healthz"), EndsWith("\r\n\r\n{\"status\":\"ok\"}\n"));
  EXPECT_THAT(Get("/readyz?verbose"), EndsWith("\r\n\r\n{\"status\":\"ready\"}\n"));
}

TEST_F(HttpTest, AnswersOtherPathsWithJson) {
  for (const std::string target : {"/nothing", "/healthz/", "/../etc/passwd", "/%2e%2e/x", "*"}) {
    const std::string answer = Get(target);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 404 Not Found\r\n")) << target;
    EXPECT_THAT(answer, HasSubstr("Content-Type: application/json\r\n"));
    EXPECT_THAT(answer, HasSubstr("{\"code\":\"not_found\""));
    EXPECT_THAT(answer, Not(HasSubstr("passwd")));
  }
}

TEST_F(HttpTest, AnswersUnderItsOwnNamesOnly) {
  for (const std::string host : {"127.0.0.1:7318", "localhost", "LocalHost:1", "[::1]:7318",
                                 "10.1.2.3", "assay.example", "Assay.Example:8080"}) {
    EXPECT_THAT(Get("/healthz", host), StartsWith("HTTP/1.1 200 ")) << host;
  }
  for (const std::string host :
       {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "assay.example.evil",
        "x@localhost", "[::1", "[evil]", "", ":80"}) {
    EXPECT_THAT(Get("/healthz", host), StartsWith("HTTP/1.1 421 ")) << host;
  }
}

TEST_F(HttpTest, WantsExactlyOneHost) {
  EXPECT_THAT(Ask("GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n"),
              StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(Ask("GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n"
                  "Connection: close\r\n\r\n"),
              StartsWith("HTTP/1.1 400 "));
}

TEST_F(HttpTest, AnswersHeadWithoutABody) {
  const std::string answer =
      Ask("HEAD /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 16\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST_F(HttpTest, TakesNoOtherMethod) {
  const std::string answer =
      Ask("POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nConnection: close\r\n"
          "\r\n{}");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(answer, HasSubstr("Allow: GET, HEAD\r\n"));
}

TEST_F(HttpTest, AnswersRequestsOfOnePacketInOrder) {
  const std::string request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const std::string last = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  const std::string answer = Ask(request + request + last);
  EXPECT_EQ(answer.find("\"ready\""), answer.rfind("status") + 8);
  std::size_t num_answers = 0;
  for (std::size_t at = answer.find("200 OK"); at != std::string::npos;
       at = answer.find("200 OK", at + 1)) {
    ++num_answers;
  }
  EXPECT_EQ(num_answers, 3U);
}

TEST_F(HttpTest, LimitsTheHeader) {
  EXPECT_THAT(Ask("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(17'000, 'x')),
              StartsWith("HTTP/1.1 431 "));
}

TEST_F(HttpTest, LimitsTheBody) {
  EXPECT_THAT(Ask("POST /assay.v1.RunService/ListRuns HTTP/1.1\r\nHost: localhost\r\n"
                  "Content-Length: 1000000000\r\n\r\n"),
              StartsWith("HTTP/1.1 413 "));
}

TEST_F(HttpTest, RefusesWhatIsNoRequest) {
  for (const std::string& bytes :
       {std::string("nonsense\r\n\r\n"), std::string("GET /healthz HTTP/9.9\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\nHost: a\x01\r\n\r\n"),
        std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15),
        std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")}) {
    EXPECT_THAT(Ask(bytes), StartsWith("HTTP/1.1 400 "));
  }
}

TEST_F(HttpTest, AnswersWhileOthersStopHalfway) {
  std::vector<std::unique_ptr<Connection>> half_open;
  for (int i = 0; i < 200; ++i) {
    half_open.push_back(std::make_unique<Connection>(server_->http_address()));
    half_open.back()->Send("GET /healthz HT");
  }
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THAT(Get("/healthz"), StartsWith("HTTP/1.1 200 "));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(500));
}

TEST_F(HttpTest, StopsWithConnectionsOpen) {
  const std::unique_ptr<ServerProcess> server = *ServerProcess::Start();
  const Connection idle(server->http_address());
  const Connection half(server->http_address());
  half.Send("GET /hea");
  EXPECT_EQ(server->Terminate(), 0);
}

}  // namespace
}  // namespace assay::test
