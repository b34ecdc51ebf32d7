#include "server/http/server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <chrono>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>  // before Asio, whose version 1.74 forgets it in C++20

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "server/base/log.h"

namespace assay::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using Request = beast::http::request<beast::http::string_body>;
using Response = beast::http::response<beast::http::string_body>;
using Parser = beast::http::request_parser<beast::http::string_body>;
using PlainStream = beast::tcp_stream;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;

constexpr std::uint32_t kMaxHeaderBytes = 16 << 10;
constexpr std::uint64_t kMaxBodyBytes = 64 << 10;
constexpr std::chrono::seconds kRequestTimeout{15};
constexpr std::chrono::milliseconds kAcceptPause{100};
constexpr int kMaxConnections = 1024;

bool IsIpAddress(std::string_view text) {
  beast::error_code error;
  asio::ip::make_address(std::string(text), error);
  return !error;
}

// What every answer depends on. Constant once connections come in.
struct Site {
  std::vector<std::string> host_names;
  std::function<bool()> is_ready;
};

Response Answer(const Request& request, beast::http::status status, std::string body) {
  Response response(status, request.version());
  response.set(beast::http::field::content_type, "application/json");
  response.set(beast::http::field::cache_control, "no-store");
  response.set("X-Content-Type-Options", "nosniff");
  response.set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  response.keep_alive(request.keep_alive());
  const std::size_t size = body.size();
  if (request.method() != beast::http::verb::head) {
    response.body() = std::move(body);
  }
  response.content_length(size);
  return response;
}

Response Refuse(const Request& request, beast::http::status status, std::string_view code,
                std::string_view message) {
  return Answer(request, status,
                absl::StrFormat("{\"code\":\"%s\",\"message\":\"%s\"}\n", code, message));
}

Response Handle(const Request& request, const Site& site) {
  using beast::http::field;
  using beast::http::status;
  if (request.count(field::host) != 1) {
    return Refuse(request, status::bad_request, "invalid_argument", "expected one Host header");
  }
  const beast::string_view host = request[field::host];
  if (!IsOwnHost({host.data(), host.size()}, site.host_names)) {
    return Refuse(request, status::misdirected_request, "permission_denied",
                  "the Host header names another server");
  }
  const beast::string_view target = request.target();
  const beast::string_view path = target.substr(0, target.find('?'));
  if (path != "/healthz" && path != "/readyz") {
    return Refuse(request, status::not_found, "not_found", "there is no such page");
  }
  if (request.method() != beast::http::verb::get && request.method() != beast::http::verb::head) {
    Response response =
        Refuse(request, status::method_not_allowed, "unimplemented", "only GET and HEAD work here");
    response.set(field::allow, "GET, HEAD");
    return response;
  }
  if (path == "/healthz") {
    return Answer(request, status::ok, "{\"status\":\"ok\"}\n");
  }
  return site.is_ready()
             ? Answer(request, status::ok, "{\"status\":\"ready\"}\n")
             : Answer(request, status::service_unavailable, "{\"status\":\"not ready\"}\n");
}

// The answer to bytes that are no request; absent when the connection is simply to be closed.
std::optional<Response> HandleBroken(const beast::error_code& error) {
  using Fault = beast::http::error;
  using beast::http::status;
  Request request;
  request.version(11);
  request.keep_alive(false);
  if (error == Fault::header_limit) {
    return Refuse(request, status::request_header_fields_too_large, "invalid_argument",
                  "more than 16 KiB of header");
  }
  if (error == Fault::body_limit) {
    return Refuse(request, status::payload_too_large, "resource_exhausted",
                  "more than 64 KiB of body");
  }
  // Other errors of the parser; a connection that ends or breaks has nobody to answer.
  const bool is_syntax =
      error.category() == beast::http::make_error_code(Fault::bad_method).category();
  if (is_syntax && error != Fault::end_of_stream && error != Fault::partial_message) {
    return Refuse(request, status::bad_request, "invalid_argument", "not an HTTP/1.1 request");
  }
  return std::nullopt;
}

// Counts connections that are open. Owned by the server's thread.
class ConnectionSlot {
 public:
  explicit ConnectionSlot(int& count) : count_(count) { ++count_; }
  ~ConnectionSlot() { --count_; }
  ConnectionSlot(const ConnectionSlot&) = delete;
  ConnectionSlot& operator=(const ConnectionSlot&) = delete;

 private:
  int& count_;
};

// One connection, plain or TLS. Keeps itself alive by the handler that is pending; everything runs
// on the server's thread.
template <typename Stream>
class Connection : public std::enable_shared_from_this<Connection<Stream>> {
 public:
  Connection(Stream stream, const Site& site, int& num_connections)
      : stream_(std::move(stream)), site_(site), slot_(num_connections) {}

  void Start() {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      beast::get_lowest_layer(stream_).expires_after(kRequestTimeout);
      stream_.async_handshake(asio::ssl::stream_base::server,
                              [self = this->shared_from_this()](const beast::error_code& error) {
                                if (!error) {
                                  self->Read();
                                }
                              });
    } else {
      Read();
    }
  }

 private:
  void Read() {
    parser_.emplace();
    parser_->header_limit(kMaxHeaderBytes);
    parser_->body_limit(kMaxBodyBytes);
    beast::get_lowest_layer(stream_).expires_after(kRequestTimeout);
    beast::http::async_read(
        stream_, buffer_, *parser_,
        [self = this->shared_from_this()](const beast::error_code& error, std::size_t) {
          self->OnRead(error);
        });
  }

  void OnRead(const beast::error_code& error) {
    if (!error) {
      Write(Handle(parser_->get(), site_));
      return;
    }
    if (std::optional<Response> answer = HandleBroken(error)) {
      Write(*std::move(answer));
    }
  }

  void Write(Response response) {
    response_ = std::move(response);
    beast::get_lowest_layer(stream_).expires_after(kRequestTimeout);
    beast::http::async_write(
        stream_, response_,
        [self = this->shared_from_this()](const beast::error_code& error, std::size_t) {
          if (error) {
            return;
          }
          if (self->response_.keep_alive()) {
            self->Read();
          } else {
            self->Close();
          }
        });
  }

  void Close() {
    beast::error_code ignored;
    beast::get_lowest_layer(stream_).socket().shutdown(asio::ip::tcp::socket::shutdown_send,
                                                       ignored);
  }

  Stream stream_;
  const Site& site_;
  const ConnectionSlot slot_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  Response response_;
};

}  // namespace

bool IsOwnHost(std::string_view host, const std::vector<std::string>& names) {
  if (!host.empty() && host.front() == '[') {
    const std::size_t end = host.find(']');
    return end != std::string_view::npos && IsIpAddress(host.substr(1, end - 1)) &&
           (end + 1 == host.size() || host[end + 1] == ':');
  }
  const std::string name(host.substr(0, host.find(':')));
  if (IsIpAddress(name) || absl::EqualsIgnoreCase(name, "localhost")) {
    return true;
  }
  for (const std::string& own : names) {
    if (absl::EqualsIgnoreCase(name, own)) {
      return true;
    }
  }
  return false;
}

class Server::Impl {
 public:
  Impl(const Options& options, std::function<bool()> is_ready)
      : site_{options.host_names, std::move(is_ready)}, address_(options.listen) {}

  ~Impl() {
    io_.stop();
    if (thread_.joinable()) {
      thread_.join();
    }
  }

  absl::Status Start(const api::TlsFiles& tls) {
    if (!tls.certificate_chain.empty()) {
      if (absl::Status status = LoadTls(tls); !status.ok()) {
        return status;
      }
    }
    beast::error_code error;
    const asio::ip::tcp::endpoint endpoint(asio::ip::make_address(address_.host, error),
                                           static_cast<std::uint16_t>(address_.port));
    const auto failed = [&] {
      return absl::UnavailableError(absl::StrFormat("cannot listen on %s: %s",
                                                    api::FormatAddress(address_), error.message()));
    };
    if (error || acceptor_.open(endpoint.protocol(), error) ||
        acceptor_.set_option(asio::socket_base::reuse_address(true), error) ||
        acceptor_.bind(endpoint, error) ||
        acceptor_.listen(asio::socket_base::max_listen_connections, error)) {
      return failed();
    }
    address_.port = acceptor_.local_endpoint(error).port();
    if (error) {
      return failed();
    }
    Accept();
    thread_ = std::thread([this] { io_.run(); });
    return absl::OkStatus();
  }

  const api::ListenAddress& address() const { return address_; }

 private:
  absl::Status LoadTls(const api::TlsFiles& tls) {
    tls_.emplace(asio::ssl::context::tls_server);
    beast::error_code error;
    tls_->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                          asio::ssl::context::no_tlsv1_1,
                      error);
    if (!error) {
      tls_->use_certificate_chain(asio::buffer(tls.certificate_chain), error);
    }
    if (!error) {
      tls_->use_private_key(asio::buffer(tls.private_key), asio::ssl::context::pem, error);
    }
    if (error) {
      return absl::InvalidArgumentError(
          absl::StrFormat("TLS certificate or key: %s", error.message()));
    }
    return absl::OkStatus();
  }

  void Accept() {
    acceptor_.async_accept([this](const beast::error_code& error, asio::ip::tcp::socket socket) {
      if (error) {  // out of file descriptors, most likely: wait for some to be closed
        Log(LogLevel::kWarning, "cannot accept an HTTP connection", {{"error", error.message()}});
        pause_.expires_after(kAcceptPause);
        pause_.async_wait([this](const beast::error_code& /*error*/) { Accept(); });
        return;
      }
      if (num_connections_ < kMaxConnections) {  // else the socket closes here
        Open(std::move(socket));
      }
      Accept();
    });
  }

  void Open(asio::ip::tcp::socket socket) {
    beast::error_code ignored;
    socket.set_option(asio::ip::tcp::no_delay(true), ignored);
    if (tls_.has_value()) {
      std::make_shared<Connection<TlsStream>>(TlsStream(PlainStream(std::move(socket)), *tls_),
                                              site_, num_connections_)
          ->Start();
    } else {
      std::make_shared<Connection<PlainStream>>(PlainStream(std::move(socket)), site_,
                                                num_connections_)
          ->Start();
    }
  }

  const Site site_;
  api::ListenAddress address_;
  std::optional<asio::ssl::context> tls_;
  int num_connections_ = 0;  // outlives io_, whose handlers hold connections
  asio::io_context io_{1};
  asio::ip::tcp::acceptor acceptor_{io_};
  asio::steady_timer pause_{io_};
  std::thread thread_;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() = default;

const api::ListenAddress& Server::address() const { return impl_->address(); }

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const Options& options,
                                                      std::function<bool()> is_ready) {
  auto impl = std::make_unique<Impl>(options, std::move(is_ready));
  if (absl::Status status = impl->Start(options.tls); !status.ok()) {
    return status;
  }
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

}  // namespace assay::http
