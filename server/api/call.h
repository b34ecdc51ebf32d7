#pragma once

#include <grpcpp/support/server_callback.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/api/auth.h"
#include "server/api/call_metrics.h"
#include "server/api/version_cache.h"
#include "server/base/mutex.h"
#include "server/base/thread_pool.h"
#include "server/trace/tracer.h"

namespace google::protobuf {
class MessageLite;
}

namespace assay::api {

class Dispatcher;

// A call that was let in, as its handler sees it. Owned by one thread at a time; CheckAlive is
// thread-safe.
class Call {
 public:
  Call(VersionCache& projects, grpc::CallbackServerContext& context, Caller caller,
       trace::Span span);

  const Caller& caller() const { return caller_; }
  trace::Span& span() { return span_; }

  // CANCELLED or DEADLINE_EXCEEDED once nobody waits for the answer any more.
  absl::Status CheckAlive() const;
  // Id of a project that the caller may see. NOT_FOUND for others, whether they exist or not.
  absl::StatusOr<store::Id> ProjectId(std::string_view project) const;

 private:
  VersionCache& projects_;
  grpc::CallbackServerContext& context_;
  const Caller caller_;
  trace::Span span_;
};

// How long a call may keep a thread: reads of a few records, or work that grows with the data.
enum class Lane : std::uint8_t { kQuick, kSlow };

// The answer that a call waits for. Copies stand for the same call. Thread-safe; may outlive the
// call.
class Answer {
 public:
  // `end` ends the call; it is called at most once.
  explicit Answer(std::function<void(const absl::Status&)> end);

  // Ends the call with `status` unless it has ended. `fill` writes the response; it is called
  // before and only when `status` is OK and the call still waits.
  void Send(const absl::Status& status, const std::function<void()>& fill = nullptr) const;

  // From now on Cancel ends the call at once; one that came before does so now.
  void AllowCancel() const;
  // The caller waits no more.
  void Cancel() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// The one way from gRPC into handlers. Checks who calls and whether there is room, opens the span,
// runs the handler on a thread of its own, and ends the call with the handler's status. A call that
// is cancelled or whose deadline has passed before its turn is ended without running it; one that
// waits for an asynchronous answer is ended as soon as it is cancelled. Thread-safe.
class Dispatcher {
 public:
  struct Options {
    int num_quick_threads = 0;  // 0: one a core, at least 2
    int num_slow_threads = 4;
    // Calls of a lane from their arrival until their answer has left.
    int max_quick_calls = 1024;
    int max_slow_calls = 64;
    int max_streams = 256;
  };
  // Of a call, for the sizes in its span. nullptr: not measured.
  struct Messages {
    const google::protobuf::MessageLite* request = nullptr;
    const google::protobuf::MessageLite* response = nullptr;
  };
  using Handler = std::function<absl::Status(Call&)>;
  // Sends the answer once, on any thread, perhaps before it returns. Once it has returned, it uses
  // the call and the request no more, and the response only to fill it.
  using AsyncHandler = std::function<void(Call&, const Answer&)>;

  // Something that runs until it is told to end; see WatchStream.
  class Stream {
   public:
    virtual ~Stream() = default;
    // Ends the stream soon, with UNAVAILABLE. Thread-safe, does not block.
    virtual void EndSoon() = 0;
  };

  // All outlive the dispatcher.
  Dispatcher(VersionCache& projects, trace::Tracer& tracer, const Authenticator& authenticator,
             Options options);
  // Every call must have ended.
  ~Dispatcher();
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  // The reactor of a unary call. `method` is `assay.v1.Service/Method` and lives as long as the
  // program.
  grpc::ServerUnaryReactor* Run(grpc::CallbackServerContext* context, std::string_view method,
                                Lane lane, Messages messages, Handler handler);
  grpc::ServerUnaryReactor* RunAsync(grpc::CallbackServerContext* context, std::string_view method,
                                     Lane lane, Messages messages, AsyncHandler handler);

  // Refuses calls from now on, with UNAVAILABLE, and ends streams.
  void RefuseCalls();
  // Waits until no call is left; false when `deadline` came first.
  bool WaitUntilIdle(std::chrono::steady_clock::time_point deadline);

  // For reactors.
  // Who calls, if they may call `method` and there is room; then Leave must follow.
  absl::StatusOr<Caller> Enter(const grpc::CallbackServerContext& context, std::string_view method,
                               Lane lane);
  void Leave(Lane lane);
  absl::StatusOr<Caller> EnterStream(const grpc::CallbackServerContext& context,
                                     std::string_view method, Stream& stream);
  void LeaveStream(Stream& stream);
  // The call with its span open and its trace named in the trailing metadata.
  Call Open(grpc::CallbackServerContext& context, std::string_view method, Caller caller);
  ThreadPool& pool(Lane lane) { return lane == Lane::kQuick ? quick_ : slow_; }
  CallMetrics& metrics() { return metrics_; }

 private:
  absl::StatusOr<Caller> Admit(const grpc::CallbackServerContext& context,
                               std::string_view method) const;

  VersionCache& projects_;
  trace::Tracer& tracer_;
  const Authenticator& authenticator_;
  const Options options_;
  CallMetrics metrics_;

  Mutex mutex_;
  std::condition_variable left_;
  bool is_refusing_ ASSAY_GUARDED_BY(mutex_) = false;
  int num_quick_ ASSAY_GUARDED_BY(mutex_) = 0;
  int num_slow_ ASSAY_GUARDED_BY(mutex_) = 0;
  std::unordered_set<Stream*> streams_ ASSAY_GUARDED_BY(mutex_);

  ThreadPool quick_;
  ThreadPool slow_;
};

// `status` as gRPC sends it. An INTERNAL error, which is a bug of ours, is logged with `method`.
grpc::Status ToGrpc(const absl::Status& status, std::string_view method);

}  // namespace assay::api
