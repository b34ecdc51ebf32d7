#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "server/api/otlp_decoder.h"
#include "server/api/otlp_json.h"

// What protobuf's reader takes can be decoded.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace assay;
  const absl::StatusOr<std::string> binary =
      api::OtlpJsonToBinary({reinterpret_cast<const char*>(data), size});
  if (!binary.ok()) {
    return 0;
  }
  api::OtlpDecoder decoder(*binary, api::OtlpDecoder::Ids::kHexText);
  for (;;) {
    const absl::StatusOr<std::vector<store::SpanRecord>> spans = decoder.Next(7, 1 << 16);
    if (!spans.ok()) {
      std::abort();
    }
    if (spans->empty()) {
      return 0;
    }
  }
}
