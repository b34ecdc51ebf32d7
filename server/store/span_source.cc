#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "server/base/sha256.h"
#include "server/store/span_records.h"

namespace assay::store {

std::shared_ptr<const SpanSource> MakeSpanSource(std::string_view service, std::string details) {
  auto source = std::make_shared<SpanSource>();
  source->service = std::string(service);
  source->details = std::move(details);
  const Sha256Digest digest =
      Sha256::Of(absl::StrFormat("%d:%s%s", service.size(), service, source->details));
  std::copy_n(digest.begin(), source->digest.size(), source->digest.begin());
  return source;
}

}  // namespace assay::store
