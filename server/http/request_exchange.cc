#include "server/http/request_exchange.h"

#include <utility>

namespace assay::http {
namespace {

class RequestExchange : public Exchange {
 public:
  RequestExchange(std::shared_ptr<ExchangeHost> host, std::uint64_t number, Request request,
                  std::uint64_t num_bytes)
      : host_(std::move(host)),
        number_(number),
        request_(std::move(request)),
        num_bytes_(num_bytes) {}

  // A thread can let go of an answered exchange when the connection has the next request already.
  ~RequestExchange() override {
    host_->ReturnBytes(num_bytes_);
    host_->RunLater([host = host_.get(), number = number_] { host->OnReleased(number); });
  }

  const Request& request() const override { return request_; }
  const std::string& peer() const override { return host_->peer(); }

  void OnDisconnect(std::function<void()> callback) override {
    host_->Run([host = host_.get(), number = number_, callback = std::move(callback)] {
      host->WatchFor(number, callback);
    });
  }
  void Reply(Response response) override {
    host_->Run([host = host_.get(), response = std::make_shared<Response>(std::move(response))] {
      host->Answer(std::move(*response));
    });
  }
  void BeginStream(int status, Headers headers) override {
    host_->Run([host = host_.get(), status, headers = std::move(headers)] {
      host->BeginStream(status, headers);
    });
  }
  void Write(std::string bytes, std::function<void(bool ok)> sent) override {
    host_->Run([host = host_.get(), bytes = std::move(bytes), sent = std::move(sent)] {
      host->WritePiece(bytes, sent);
    });
  }
  void EndStream() override {
    host_->Run([host = host_.get()] { host->EndStream(); });
  }

 private:
  const std::shared_ptr<ExchangeHost> host_;
  const std::uint64_t number_;
  const Request request_;
  const std::uint64_t num_bytes_;
};

}  // namespace

std::shared_ptr<Exchange> MakeExchange(std::shared_ptr<ExchangeHost> host, std::uint64_t number,
                                       Request request, std::uint64_t num_bytes) {
  return std::make_shared<RequestExchange>(std::move(host), number, std::move(request), num_bytes);
}

}  // namespace assay::http
