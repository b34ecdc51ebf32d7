#pragma once

// Asio: only for transport.cc, connection.cc and server.cc.

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/system/error_code.hpp>
#include <functional>
#include <memory>

namespace assay::http {

using SocketError = boost::system::error_code;

// The bytes of one connection, plain or TLS. Everything runs on the strand of the socket.
class Transport {
 public:
  using Done = std::function<void(const SocketError& error, std::size_t num_bytes)>;

  virtual ~Transport() = default;
  virtual boost::asio::ip::tcp::socket& socket() = 0;
  // Before anything else.
  virtual void Handshake(std::function<void(const SocketError& error)> done) = 0;
  virtual void ReadSome(boost::asio::mutable_buffer buffer, Done done) = 0;
  // All of it.
  virtual void Write(boost::asio::const_buffer buffer, Done done) = 0;
  // Until there is something to read, or the end; also when the socket is closed.
  virtual void WaitReadable(std::function<void()> done) = 0;
};

std::unique_ptr<Transport> MakePlainTransport(boost::asio::ip::tcp::socket socket);
// `context` outlives it.
std::unique_ptr<Transport> MakeTlsTransport(boost::asio::ip::tcp::socket socket,
                                            boost::asio::ssl::context& context);

}  // namespace assay::http
