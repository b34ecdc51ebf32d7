#pragma once

#include <vector>

#include "server/store/span_records.h"

namespace assay::trace {

// Takes copies of finished spans elsewhere. Thread-safe.
class SpanExporter {
 public:
  virtual ~SpanExporter() = default;
  // Queues the spans, or drops and counts them when there is no room. Never blocks.
  virtual void Offer(const std::vector<store::SpanRecord>& spans) = 0;
};

}  // namespace assay::trace
