#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/api/otlp_value.h"
#include "server/api/wire_reader.h"
#include "server/store/span_records.h"

namespace assay::api {

// What became of the spans of a request.
struct OtlpTally {
  std::int64_t num_taken = 0;
  std::int64_t num_rejected = 0;  // wrong ids or times
  std::int64_t num_backward = 0;  // taken, but the end was before the start: their duration is 0
  std::int64_t num_cut = 0;       // attributes, events, links and texts left out or shortened
  std::string first_rejection;    // why the first one was
};

// Reads an opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest piece by piece, so that
// a request of many megabytes takes little memory beside its own. Owned by one thread.
class OtlpDecoder {
 public:
  enum class Ids : std::uint8_t {
    kBytes,
    kHexText,  // as OtlpJsonToBinary leaves them
  };

  // `request` must stay.
  OtlpDecoder(std::string_view request, Ids ids) : ids_(ids), request_(request) {}

  // The next spans, at most `max_spans` and little more than `max_bytes`; empty at the end.
  // INVALID_ARGUMENT when the bytes are no such request.
  absl::StatusOr<std::vector<store::SpanRecord>> Next(std::size_t max_spans, std::size_t max_bytes);

  const OtlpTally& tally() const { return tally_; }

 private:
  enum class Outcome : std::uint8_t { kTaken, kRejected, kMalformed };

  // Bytes of the next span; false at the end, or when is_malformed_ is set.
  bool NextSpan(std::string_view& span);
  bool EnterScope(std::string_view scope_spans);
  bool EnterResource(std::string_view resource_spans);
  bool MakeSource();
  Outcome Decode(std::string_view bytes, store::SpanRecord& span);
  bool DecodeAttributes(const std::vector<std::string_view>& attributes, std::string_view prefix,
                        store::SpanDetailsWriter& details, std::uint64_t& num_dropped);
  bool DecodeEvent(std::string_view bytes, store::SpanDetailsWriter& details);
  bool DecodeLink(std::string_view bytes, store::SpanDetailsWriter& details);
  template <std::size_t kSize>
  bool DecodeId(std::string_view bytes, std::array<std::uint8_t, kSize>& id) const;
  Outcome Reject(std::string reason);

  const Ids ids_;
  OtlpTally tally_;
  bool is_malformed_ = false;
  WireReader request_;
  WireReader resource_spans_;
  WireReader scope_spans_;
  std::string_view resource_;
  std::string_view scope_;
  std::shared_ptr<const store::SpanSource> source_;  // of the scope; made for its first span
  OtlpAttributeReader attribute_reader_;
  std::string scratch_;
  std::vector<std::string_view> attributes_;  // used again by every span
  std::vector<std::string_view> events_;
  std::vector<std::string_view> links_;
  std::vector<std::string_view> inner_attributes_;
};

}  // namespace assay::api
