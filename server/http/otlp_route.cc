#include "server/http/otlp_route.h"

#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "server/base/metrics.h"
#include "server/http/gzip.h"

namespace assay::http {
namespace {

constexpr int kNumThreads = 2;

Response ToResponse(api::OtlpDoor::Answer answer) {
  Response response;
  response.status = answer.status;
  response.headers.emplace_back("Content-Type", std::move(answer.content_type));
  if (answer.retry_after_s.has_value()) {
    response.headers.emplace_back("Retry-After", std::to_string(*answer.retry_after_s));
  }
  response.body = std::move(answer.body);
  return response;
}

void Reply(Exchange& exchange, api::OtlpDoor::Answer answer) {
  exchange.Reply(ToResponse(std::move(answer)));
}

}  // namespace

// An exchange that waits for the store. Gone only once the exchange is released.
class OtlpRoute::Pending {
 public:
  Pending(std::shared_ptr<Exchange> exchange, std::atomic<int>& count)
      : exchange_(std::move(exchange)), count_(count) {
    ++count_;
  }
  ~Pending() {
    exchange_.reset();
    --count_;
  }
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;
  Exchange& exchange() { return *exchange_; }

 private:
  std::shared_ptr<Exchange> exchange_;
  std::atomic<int>& count_;
};

OtlpRoute::OtlpRoute(api::OtlpDoor& door) : door_(door), pool_(kNumThreads) {}

OtlpRoute::~OtlpRoute() {
  // A commit takes milliseconds.
  while (num_pending_ > 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

void OtlpRoute::AddTo(Router& router) {
  router.Add(
      "POST", "/v1/traces",
      {.max_body_bytes = api::OtlpReceiver::kMaxRequestBytes,
       .handler =
           [this](std::shared_ptr<Exchange> exchange) {
             const auto pending = std::make_shared<Pending>(std::move(exchange), num_pending_);
             pool_.Post([this, pending] { Answer(pending); });
           },
       .span_name = {},
       .refuse_body =
           [this](Router::BodyRefusal why, const Request& request) {
             return ToResponse(door_.RefuseBody(why == Router::BodyRefusal::kTooLarge,
                                                request.Header("content-type").value_or("")));
           }});
}

void OtlpRoute::Answer(const std::shared_ptr<Pending>& pending) {
  Exchange& exchange = pending->exchange();
  const Request& request = exchange.request();
  const std::string_view type = request.Header("content-type").value_or("");
  const std::string_view encoding = request.Header("content-encoding").value_or("identity");
  std::string unzipped;
  std::string_view body = request.body;
  if (encoding == "gzip") {
    absl::StatusOr<std::string> content = Gunzip(request.body, api::OtlpReceiver::kMaxRequestBytes);
    if (!content.ok()) {
      Reply(exchange, door_.Refuse(content.status(), type));
      return;
    }
    unzipped = *std::move(content);
    body = unzipped;
  } else if (encoding != "identity") {
    api::OtlpDoor::Answer answer = door_.Refuse(
        absl::InvalidArgumentError("content-encoding: expected gzip or identity"), type);
    answer.status = 415;
    Reply(exchange, std::move(answer));
    return;
  }
  door_.Post(
      {.authorization = request.Header("authorization"), .content_type = type, .body = body},
      [pending](api::OtlpDoor::Answer answer) { Reply(pending->exchange(), std::move(answer)); });
}

void AddMetricsRoute(Router& router) {
  router.Add("GET", "/metrics",
             {.max_body_bytes = 0, .handler = [](const std::shared_ptr<Exchange>& exchange) {
                Response response;
                response.headers.emplace_back("Content-Type",
                                              "text/plain; version=0.0.4; charset=utf-8");
                response.body = MetricsText();
                exchange->Reply(std::move(response));
              }});
}

}  // namespace assay::http
