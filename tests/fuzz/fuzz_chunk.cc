#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "evaluators/columns.h"
#include "server/store/chunk_codec.h"

// A chunk that decodes without a fault encodes, and decodes again to the same hash.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace assay;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<Column> column = store::DecodeChunk(bytes);
  if (!column.ok()) {
    return 0;
  }
  if (FindFault(*column).has_value()) {
    return 0;
  }
  const store::EncodedChunk first = store::EncodeChunk(*column, 0, column->num_rows);
  const absl::StatusOr<Column> again = store::DecodeChunk(first.bytes);
  if (!again.ok() || store::EncodeChunk(*again, 0, again->num_rows).hash != first.hash) {
    std::fprintf(stderr, "broken promise: a chunk survives being encoded\n");
    std::abort();
  }
  return 0;
}
