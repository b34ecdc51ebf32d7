#include "server/http/transport.h"

#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <utility>

namespace assay::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

class PlainTransport : public Transport {
 public:
  explicit PlainTransport(tcp::socket socket) : socket_(std::move(socket)) {}
  tcp::socket& socket() override { return socket_; }
  void Handshake(std::function<void(const SocketError& error)> done) override { done({}); }
  void ReadSome(asio::mutable_buffer buffer, Done done) override {
    socket_.async_read_some(buffer, std::move(done));
  }
  void Write(asio::const_buffer buffer, Done done) override {
    asio::async_write(socket_, buffer, std::move(done));
  }
  void WaitReadable(std::function<void()> done) override {
    socket_.async_wait(tcp::socket::wait_read,
                       [done = std::move(done)](const SocketError& /*error*/) { done(); });
  }

 private:
  tcp::socket socket_;
};

class TlsTransport : public Transport {
 public:
  TlsTransport(tcp::socket socket, asio::ssl::context& context)
      : stream_(std::move(socket), context) {}
  tcp::socket& socket() override { return stream_.next_layer(); }
  void Handshake(std::function<void(const SocketError& error)> done) override {
    stream_.async_handshake(asio::ssl::stream_base::server, std::move(done));
  }
  void ReadSome(asio::mutable_buffer buffer, Done done) override {
    stream_.async_read_some(buffer, std::move(done));
  }
  void Write(asio::const_buffer buffer, Done done) override {
    asio::async_write(stream_, buffer, std::move(done));
  }
  void WaitReadable(std::function<void()> done) override {
    socket().async_wait(tcp::socket::wait_read,
                        [done = std::move(done)](const SocketError& /*error*/) { done(); });
  }

 private:
  asio::ssl::stream<tcp::socket> stream_;
};

}  // namespace

std::unique_ptr<Transport> MakePlainTransport(tcp::socket socket) {
  return std::make_unique<PlainTransport>(std::move(socket));
}

std::unique_ptr<Transport> MakeTlsTransport(tcp::socket socket, asio::ssl::context& context) {
  return std::make_unique<TlsTransport>(std::move(socket), context);
}

}  // namespace assay::http
