#include "server/store/trace_store.h"

#include <future>
#include <memory>
#include <utility>

namespace assay::store {

absl::Status TraceStore::Append(Id project, std::vector<SpanRecord> spans) {
  // Shared: the store's thread may still be inside set_value when the result is here.
  auto promise = std::make_shared<std::promise<absl::Status>>();
  std::future<absl::Status> result = promise->get_future();
  AppendSpans(project, std::move(spans),
              [promise](absl::Status status) { promise->set_value(std::move(status)); });
  return result.get();
}

}  // namespace assay::store
