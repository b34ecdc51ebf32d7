#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/api/call.h"
#include "server/base/mutex.h"

namespace assay::api {

// What a watched thing looks like now.
template <typename Message>
struct WatchUpdate {
  Message message;
  bool is_last = false;  // it will not change again
};

// Sends a thing now and whenever it has changed, until it will not change again. Looks at it ten
// times a second on a thread of the quick lane; never has more than one message on its way. Deletes
// itself when the call is over.
//
// At any time exactly one of these holds the stream: the alarm, the pool, or a write on its way.
// The holder alone goes on or finishes; cancelling and stopping only leave a mark and wake the
// alarm.
template <typename Message>
class WatchStream : public grpc::ServerWriteReactor<Message>, private Dispatcher::Stream {
 public:
  using Poll = std::function<absl::StatusOr<WatchUpdate<Message>>(Call&)>;

  // The reactor of a server-streaming call. `method` as in Dispatcher::Run.
  static grpc::ServerWriteReactor<Message>* Start(Dispatcher& dispatcher,
                                                  grpc::CallbackServerContext* context,
                                                  std::string_view method, Poll poll) {
    auto* stream = new WatchStream(dispatcher, method, std::move(poll));
    absl::StatusOr<Caller> caller = dispatcher.EnterStream(*context, method, *stream);
    if (!caller.ok()) {
      stream->Finish(ToGrpc(caller.status(), method));
      return stream;
    }
    stream->is_entered_ = true;
    stream->call_.emplace(dispatcher.Open(*context, method, *std::move(caller)));
    dispatcher.pool(Lane::kQuick).Post([stream] { stream->Look(); });
    return stream;
  }

  void OnWriteDone(bool ok) override {
    if (!ok) {
      End(absl::CancelledError("the caller is gone"));
    } else if (update_.is_last) {
      End(absl::OkStatus());
    } else {
      Sleep();
    }
  }

  void OnCancel() override { Wake(absl::CancelledError("the caller cancelled the call")); }

  void OnDone() override {
    if (is_entered_) {
      dispatcher_.LeaveStream(*this);
    }
    delete this;
  }

 private:
  static constexpr std::chrono::milliseconds kInterval{100};

  WatchStream(Dispatcher& dispatcher, std::string_view method, Poll poll)
      : dispatcher_(dispatcher), method_(method), poll_(std::move(poll)) {}

  void EndSoon() override { Wake(absl::UnavailableError("the server is stopping")); }

  void Look() {
    absl::Status stop = StopReason();
    if (stop.ok()) {
      stop = call_->CheckAlive();
    }
    if (!stop.ok()) {
      End(stop);
      return;
    }
    absl::StatusOr<WatchUpdate<Message>> now = poll_(*call_);
    if (!now.ok()) {
      End(now.status());
      return;
    }
    std::string bytes = now->message.SerializeAsString();
    if (bytes == sent_ && !now->is_last) {
      Sleep();
      return;
    }
    sent_ = std::move(bytes);
    update_ = *std::move(now);
    this->StartWrite(&update_.message);
  }

  void Sleep() {
    absl::Status stop;
    {
      const MutexLock lock(mutex_);
      stop = stop_;
      if (stop.ok()) {
        alarm_.Set(std::chrono::system_clock::now() + kInterval, [this](bool /*expired*/) {
          dispatcher_.pool(Lane::kQuick).Post([this] { Look(); });
        });
      }
    }
    if (!stop.ok()) {
      End(stop);
    }
  }

  void Wake(absl::Status reason) {
    const MutexLock lock(mutex_);
    if (stop_.ok()) {
      stop_ = std::move(reason);
      alarm_.Cancel();
    }
  }

  absl::Status StopReason() {
    const MutexLock lock(mutex_);
    return stop_;
  }

  // Nothing may follow: the stream may be gone on return.
  void End(const absl::Status& status) {
    call_->span().SetStatus(status);
    call_->span().End();
    this->Finish(ToGrpc(status, method_));
  }

  Dispatcher& dispatcher_;
  const std::string_view method_;
  const Poll poll_;
  bool is_entered_ = false;
  std::optional<Call> call_;
  std::string sent_;
  WatchUpdate<Message> update_;

  Mutex mutex_;
  absl::Status stop_ ASSAY_GUARDED_BY(mutex_);
  grpc::Alarm alarm_ ASSAY_GUARDED_BY(mutex_);
};

}  // namespace assay::api
