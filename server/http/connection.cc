#include "server/http/connection.h"

#include <poll.h>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <functional>
#include <limits>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "server/http/answer_text.h"
#include "server/http/exchange.h"
#include "server/http/request_exchange.h"
#include "server/http/request_span.h"
#include "server/http/site_guard.h"

namespace assay::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;

constexpr std::size_t kReadBytes = 64 << 10;
constexpr std::chrono::milliseconds kWatchPause{250};

// The answer to bytes that are no request.
Response AnswerToBroken(const SocketError& error) {
  if (error == beast::http::error::header_limit) {
    return ErrorResponse(431, "invalid_argument", "more than 16 KiB of header");
  }
  return ErrorResponse(400, "invalid_argument", "not an HTTP/1.1 request");
}

// Everything private runs on the strand of the socket.
class Connection : public OpenConnection,
                   public ExchangeHost,
                   public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::unique_ptr<Transport> transport, Site& site, std::unique_ptr<Visitor> visitor)
      : transport_(std::move(transport)),
        site_(site),
        visitor_(std::move(visitor)),
        timer_(transport_->socket().get_executor()),
        watch_pause_(transport_->socket().get_executor()) {}

  void Start() override {
    Run([this] { Begin(); });
  }
  void CloseSoon() override {
    Run([this] { Close(); });
  }

 private:
  using Parser = beast::http::request_parser<beast::http::string_body>;
  using Step = std::function<void()>;

  enum class State : std::uint8_t {
    kReading,    // no request is under way
    kHandling,   // the handler has it
    kAnswering,  // the whole answer is on its way
    kStreaming,  // the beginning of the answer is on its way or out
    kLingering,  // the answer is out, what still comes is thrown away
    kClosed,
  };

  void Run(Step step) override {
    asio::dispatch(timer_.get_executor(),
                   [self = shared_from_this(), step = std::move(step)] { step(); });
  }
  void RunLater(Step step) override {
    asio::post(timer_.get_executor(),
               [self = shared_from_this(), step = std::move(step)] { step(); });
  }
  const std::string& peer() const override { return visitor_->peer; }
  void ReturnBytes(std::uint64_t num_bytes) override { visitor_->census.ReturnBytes(num_bytes); }

  // The time until the connection is closed, unless another is set or ClearTimeout called.
  void SetTimeout(std::chrono::seconds timeout) {
    timer_.expires_after(timeout);
    timer_.async_wait([weak = weak_from_this()](const SocketError& error) {
      const std::shared_ptr<Connection> self = weak.lock();
      if (!error && self != nullptr &&
          self->timer_.expiry() <= asio::steady_timer::clock_type::now()) {
        self->Close();
      }
    });
  }
  void ClearTimeout() { timer_.expires_at(asio::steady_timer::time_point::max()); }

  void Begin() {
    SetTimeout(site_.limits.header_timeout);
    transport_->Handshake([self = shared_from_this()](const SocketError& error) {
      if (error) {
        self->Close();
      } else {
        self->ReadRequest(self->site_.limits.header_timeout);
      }
    });
  }

  void ReadRequest(std::chrono::seconds timeout) {
    state_ = State::kReading;
    parser_.emplace();
    parser_->header_limit(site_.limits.max_header_bytes);
    // The limit is set once the path is known; none at all would refuse everything in Beast 1.74.
    parser_->body_limit(std::numeric_limits<std::uint64_t>::max());
    route_ = nullptr;
    is_head_ = false;
    SetTimeout(timeout);
    Parse();
  }

  // Goes on with what has been read, or reads more.
  void Parse() {
    while (buffer_.size() > 0) {
      SocketError error;
      buffer_.consume(parser_->put(buffer_.data(), error));
      if (error == beast::http::error::need_more) {
        break;
      }
      if (error) {
        Refuse(error == beast::http::error::body_limit ? RefuseBody(Router::BodyRefusal::kTooLarge)
                                                       : AnswerToBroken(error));
        return;
      }
      if (route_ == nullptr) {
        OnHeader();
        return;
      }
      if (parser_->is_done()) {
        Handle();
        return;
      }
    }
    transport_->ReadSome(buffer_.prepare(kReadBytes),
                         [self = shared_from_this()](const SocketError& error, std::size_t size) {
                           if (error || self->state_ != State::kReading) {
                             self->Close();
                             return;
                           }
                           self->buffer_.commit(size);
                           self->Parse();
                         });
  }

  void TakeHeader() {
    const auto& message = parser_->get();
    request_ = Request();
    request_.method = std::string(message.method_string());
    const std::string target(message.target());
    const std::size_t mark = target.find('?');
    request_.path = target.substr(0, mark);
    request_.query = mark == std::string::npos ? "" : target.substr(mark + 1);
    for (const auto& field : message) {
      request_.headers.emplace_back(absl::AsciiStrToLower(std::string(field.name_string())),
                                    std::string(field.value()));
    }
  }

  void OnHeader() {
    TakeHeader();
    is_head_ = request_.method == "HEAD";
    keep_alive_ = parser_->get().keep_alive();
    if (std::optional<Response> refusal = Admit()) {
      Refuse(*std::move(refusal));
    } else if (parser_->is_done()) {
      Handle();
    } else {
      SetTimeout(site_.limits.body_timeout);
      if (absl::EqualsIgnoreCase(std::string(request_.Header("expect").value_or("")),
                                 "100-continue")) {
        SayContinue();
      } else {
        Parse();
      }
    }
  }

  // Finds the route and sets aside the memory of a body that is still to come.
  std::optional<Response> Admit() {
    if (std::optional<Response> refusal = CheckSite(request_, site_.host_names)) {
      return refusal;
    }
    Router::Match match = site_.router.Find(request_.method, request_.path);
    if (match.route == nullptr) {
      return std::move(match.refusal);
    }
    route_ = match.route;
    if (parser_->is_done()) {
      return std::nullopt;
    }
    parser_->body_limit(route_->max_body_bytes);
    const boost::optional<std::uint64_t> stated = parser_->content_length();
    if (stated.has_value() && *stated > route_->max_body_bytes) {
      return RefuseBody(Router::BodyRefusal::kTooLarge);
    }
    const std::uint64_t size = stated.value_or(route_->max_body_bytes);
    if (size > site_.limits.small_body_bytes) {
      if (!visitor_->census.TakeBytes(size)) {
        return RefuseBody(Router::BodyRefusal::kBusy);
      }
      body_bytes_ = size;
    }
    return std::nullopt;
  }

  void SayContinue() {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    transport_->Write(asio::buffer(kContinue.data(), kContinue.size()),
                      [self = shared_from_this()](const SocketError& error, std::size_t) {
                        if (error || self->state_ != State::kReading) {
                          self->Close();
                        } else {
                          self->Parse();
                        }
                      });
  }

  Response RefuseBody(Router::BodyRefusal why) const {
    const Gate::Pass pass(site_.handlers);
    if (pass.is_inside() && route_ != nullptr && route_->refuse_body != nullptr) {
      return route_->refuse_body(why, request_);
    }
    return why == Router::BodyRefusal::kTooLarge
               ? ErrorResponse(413, "resource_exhausted", "the body is larger than this path takes")
               : ErrorResponse(503, "unavailable", "too many large requests at a time; try again");
  }

  // Answers without a handler. Unless the request is whole, the connection ends with it.
  void Refuse(Response response) {
    keep_alive_ = keep_alive_ && route_ == nullptr && parser_->is_done();
    ReturnOwnBytes();
    state_ = State::kHandling;
    Answer(std::move(response));
  }

  void ReturnOwnBytes() { ReturnBytes(std::exchange(body_bytes_, 0)); }

  void Handle() {
    const Gate::Pass pass(site_.handlers);
    if (!pass.is_inside()) {
      Refuse(ErrorResponse(503, "unavailable", "the server is stopping"));
      return;
    }
    state_ = State::kHandling;
    request_.body = std::move(parser_->get().body());
    ClearTimeout();
    if (site_.tracer != nullptr && !route_->span_name.empty()) {
      span_ = RequestSpan(*site_.tracer, route_->span_name, request_);
    }
    route_->handler(MakeExchange(shared_from_this(), ++num_exchanges_, std::move(request_),
                                 std::exchange(body_bytes_, 0)));
  }

  // The exchange is gone; it must have been answered.
  void OnReleased(std::uint64_t exchange) override {
    if (exchange != num_exchanges_) {
      return;
    }
    if (state_ == State::kHandling) {
      Answer(ErrorResponse(500, "internal", "the request was not answered"));
    } else if (state_ == State::kStreaming && !is_ending_) {
      Close();
    }
  }

  // Waits for the other side to hang up while a handler works.
  void WatchFor(std::uint64_t exchange, const std::function<void()>& callback) override {
    if (exchange != num_exchanges_) {
      return;
    }
    if (state_ == State::kClosed) {
      callback();
    } else if (state_ == State::kHandling || state_ == State::kStreaming) {
      on_disconnect_ = callback;
      Watch();
    }
  }

  void Watch() {
    if (!std::exchange(is_watching_, true)) {
      transport_->WaitReadable([self = shared_from_this()] { self->OnReadable(); });
    }
  }

  // Something can be read: the end, or bytes that wait for their turn.
  void OnReadable() {
    is_watching_ = false;
    if (on_disconnect_ == nullptr) {
      return;
    }
    pollfd socket{transport_->socket().native_handle(), POLLRDHUP, 0};
    if (poll(&socket, 1, 0) != 0) {
      Close();
      return;
    }
    is_watching_ = true;  // those bytes would wake another wait at once
    watch_pause_.expires_after(kWatchPause);
    watch_pause_.async_wait(
        [self = shared_from_this()](const SocketError& /*error*/) { self->OnReadable(); });
  }

  void Answer(Response response) override {
    if (state_ != State::kHandling) {
      return;
    }
    state_ = State::kAnswering;
    on_disconnect_ = nullptr;
    span_.SetStatus(response.status);
    span_.SetBodySize(response.body.size());
    constexpr int kNotModified = 304;
    output_ = AnswerHead(response.status, response.headers, keep_alive_,
                         response.status == kNotModified
                             ? std::string()
                             : absl::StrFormat("Content-Length: %d\r\n", response.body.size()));
    if (!is_head_) {
      output_.append(response.body);
    }
    Send([this] { OnAnswered(); });
  }

  // Sends `output_`, then goes on with `next`; closes the connection when it cannot be sent.
  void Send(Step next) {
    SetTimeout(site_.limits.write_timeout);
    transport_->Write(asio::buffer(output_), [self = shared_from_this(), next = std::move(next)](
                                                 const SocketError& error, std::size_t) {
      if (error || self->state_ == State::kClosed) {
        self->Close();
        self->FinishPiece(false);
      } else {
        next();
      }
    });
  }

  void OnAnswered() {
    span_.End();
    output_ = std::string();
    if (keep_alive_) {
      ReadRequest(site_.limits.idle_timeout);
    } else {
      Linger();
    }
  }

  void BeginStream(int status, const Headers& headers) override {
    if (state_ != State::kHandling) {
      return;
    }
    state_ = State::kStreaming;
    span_.SetStatus(status);
    is_ending_ = false;
    output_ = AnswerHead(status, headers, keep_alive_, "Transfer-Encoding: chunked\r\n");
    is_writing_ = true;
    Send([this] { OnPieceSent(); });
  }

  // One piece is on its way, and at most one waits behind the head.
  void WritePiece(const std::string& bytes, const std::function<void(bool ok)>& sent) override {
    if (state_ != State::kStreaming || is_ending_) {
      sent(false);
      return;
    }
    piece_ = absl::StrFormat("%x\r\n%s\r\n", bytes.size(), bytes);
    piece_sent_ = sent;
    if (!is_writing_) {
      SendPiece();
    }
  }

  void EndStream() override {
    if (state_ != State::kStreaming || std::exchange(is_ending_, true)) {
      return;
    }
    if (!is_writing_) {
      FinishStream();
    }
  }

  void SendPiece() {
    is_writing_ = true;
    output_ = std::move(piece_);
    Send([this] {
      const std::function<void(bool)> sent = std::exchange(piece_sent_, nullptr);
      OnPieceSent();
      sent(true);
    });
  }

  void OnPieceSent() {
    is_writing_ = false;
    ClearTimeout();
    if (piece_sent_ != nullptr) {
      SendPiece();
    } else if (is_ending_) {
      FinishStream();
    }
  }

  void FinishStream() {
    state_ = State::kAnswering;
    on_disconnect_ = nullptr;
    output_ = "0\r\n\r\n";
    Send([this] { OnAnswered(); });
  }

  void FinishPiece(bool ok) {
    if (const std::function<void(bool)> sent = std::exchange(piece_sent_, nullptr)) {
      sent(ok);
    }
  }

  // Says the end, and takes what still comes for a moment: a socket that is closed with bytes
  // unread would take the answer away from the other side.
  void Linger() {
    SocketError ignored;
    transport_->socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    SetTimeout(site_.limits.linger_timeout);
    state_ = State::kLingering;
    Discard();
  }

  void Discard() {
    buffer_.clear();
    transport_->socket().async_read_some(
        buffer_.prepare(kReadBytes),
        [self = shared_from_this()](const SocketError& error, std::size_t) {
          if (error || self->state_ != State::kLingering) {
            self->Close();
          } else {
            self->Discard();
          }
        });
  }

  void Close() {
    if (std::exchange(state_, State::kClosed) == State::kClosed) {
      return;
    }
    ReturnOwnBytes();
    span_.End();
    SocketError ignored;
    transport_->socket().close(ignored);
    timer_.cancel();
    watch_pause_.cancel();
    if (const std::function<void()> callback = std::exchange(on_disconnect_, nullptr)) {
      callback();
    }
    if (!is_writing_) {  // else when the write has ended
      FinishPiece(false);
    }
  }

  const std::unique_ptr<Transport> transport_;
  Site& site_;
  const std::unique_ptr<Visitor> visitor_;
  asio::steady_timer timer_;
  State state_ = State::kReading;

  // The request that is being read.
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  Request request_;
  const Router::Route* route_ = nullptr;
  std::uint64_t body_bytes_ = 0;  // set aside and not yet given to an exchange
  bool keep_alive_ = false;
  bool is_head_ = false;
  std::uint64_t num_exchanges_ = 0;  // given to handlers; the last has the request under way
  RequestSpan span_;                 // ends when the answer is out

  // The other side, while a handler works.
  std::function<void()> on_disconnect_;
  bool is_watching_ = false;
  asio::steady_timer watch_pause_;

  // The answer.
  std::string output_;                       // on its way
  std::string piece_;                        // of the stream, waits behind `output_`
  std::function<void(bool ok)> piece_sent_;  // set: a piece waits or is on its way
  bool is_writing_ = false;                  // a part of the stream is on its way
  bool is_ending_ = false;                   // the stream ends after what is on its way
};

}  // namespace

std::shared_ptr<OpenConnection> MakeConnection(std::unique_ptr<Transport> transport, Site& site,
                                               std::unique_ptr<Visitor> visitor) {
  return std::make_shared<Connection>(std::move(transport), site, std::move(visitor));
}

}  // namespace assay::http
