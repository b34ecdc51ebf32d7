#include "server/http/server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>  // before Asio, whose version 1.74 forgets it in C++20
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "server/base/log.h"
#include "server/base/mutex.h"
#include "server/http/connection.h"
#include "server/http/transport.h"

namespace assay::http {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::milliseconds kAcceptPause{100};

}  // namespace

class Server::Impl {
 public:
  explicit Impl(const Options& options)
      : address_(options.listen),
        num_threads_(options.num_threads),
        census_(options.limits),
        site_{options.host_names, options.limits, {}, options.tracer, {}},
        io_(options.num_threads) {}

  ~Impl() {
    Stop();
    io_.stop();
    for (std::thread& thread : threads_) {
      thread.join();
    }
  }

  absl::Status Listen(const api::TlsFiles& tls) {
    if (!tls.certificate_chain.empty()) {
      if (absl::Status status = LoadTls(tls); !status.ok()) {
        return status;
      }
    }
    SocketError error;
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
    return absl::OkStatus();
  }

  void Serve(Router router) {
    site_.router = std::move(router);
    Accept();
    for (int i = 0; i < num_threads_; ++i) {
      threads_.emplace_back([this] { io_.run(); });
    }
  }

  // The threads go on until the end, so that exchanges still find their way.
  void Stop() {
    site_.handlers.Close();
    std::vector<std::weak_ptr<OpenConnection>> open;
    {
      const MutexLock lock(mutex_);
      is_stopped_ = true;
      open.swap(open_);
    }
    for (const std::weak_ptr<OpenConnection>& weak : open) {
      if (const std::shared_ptr<OpenConnection> connection = weak.lock()) {
        connection->CloseSoon();
      }
    }
  }

  const api::ListenAddress& address() const { return address_; }

 private:
  absl::Status LoadTls(const api::TlsFiles& tls) {
    tls_.emplace(asio::ssl::context::tls_server);
    SocketError error;
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

  // One at a time; each connection comes with a strand of its own.
  void Accept() {
    acceptor_.async_accept(asio::make_strand(io_), [this](const SocketError& error,
                                                          asio::ip::tcp::socket socket) {
      if (error) {  // out of file descriptors, most likely: wait for some to be closed
        Log(LogLevel::kWarning, "cannot accept an HTTP connection", {{"error", error.message()}});
        pause_.expires_after(kAcceptPause);
        pause_.async_wait([this](const SocketError& /*error*/) { Accept(); });
        return;
      }
      Open(std::move(socket));
      Accept();
    });
  }

  // The socket closes here when there are too many.
  void Open(asio::ip::tcp::socket socket) {
    SocketError error;
    const asio::ip::tcp::endpoint peer = socket.remote_endpoint(error);
    if (error) {
      return;
    }
    const std::string ip_address = peer.address().to_string();
    if (!census_.Enter(ip_address, peer.address().is_loopback())) {
      return;
    }
    auto visitor = std::make_unique<Visitor>(census_, ip_address,
                                             api::FormatAddress({ip_address, peer.port()}));
    socket.set_option(asio::ip::tcp::no_delay(true), error);
    std::unique_ptr<Transport> transport = tls_.has_value()
                                               ? MakeTlsTransport(std::move(socket), *tls_)
                                               : MakePlainTransport(std::move(socket));
    const std::shared_ptr<OpenConnection> connection =
        MakeConnection(std::move(transport), site_, std::move(visitor));
    {
      const MutexLock lock(mutex_);
      if (is_stopped_) {
        return;
      }
      if (open_.size() == open_.capacity()) {
        std::erase_if(open_, [](const auto& weak) { return weak.expired(); });
      }
      open_.push_back(connection);
    }
    connection->Start();
  }

  api::ListenAddress address_;
  const int num_threads_;
  Census census_;  // outlives io_, whose handlers hold connections; so do the next two
  Site site_;
  std::optional<asio::ssl::context> tls_;
  asio::io_context io_;
  asio::ip::tcp::acceptor acceptor_{io_};
  asio::steady_timer pause_{io_};
  std::vector<std::thread> threads_;

  Mutex mutex_;
  bool is_stopped_ ASSAY_GUARDED_BY(mutex_) = false;
  std::vector<std::weak_ptr<OpenConnection>> open_ ASSAY_GUARDED_BY(mutex_);  // and some closed
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() = default;

const api::ListenAddress& Server::address() const { return impl_->address(); }

void Server::Serve(Router router) { impl_->Serve(std::move(router)); }

void Server::Stop() { impl_->Stop(); }

absl::StatusOr<std::unique_ptr<Server>> Server::Listen(const Options& options) {
  auto impl = std::make_unique<Impl>(options);
  if (absl::Status status = impl->Listen(options.tls); !status.ok()) {
    return status;
  }
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

void AddHealthRoutes(Router& router, std::function<bool()> is_ready) {
  router.Add("GET", "/healthz", {0, [](const std::shared_ptr<Exchange>& exchange) {
                                   exchange->Reply(JsonResponse(200, "{\"status\":\"ok\"}\n"));
                                 }});
  router.Add("GET", "/readyz",
             {0, [is_ready = std::move(is_ready)](const std::shared_ptr<Exchange>& exchange) {
                exchange->Reply(is_ready() ? JsonResponse(200, "{\"status\":\"ready\"}\n")
                                           : JsonResponse(503, "{\"status\":\"not ready\"}\n"));
              }});
}

}  // namespace assay::http
