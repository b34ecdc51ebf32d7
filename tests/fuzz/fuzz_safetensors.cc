#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "evaluators/model/safetensors.h"

// The tensors of a file that is taken cover its data exactly and can be read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace assay;
  const std::string_view file(reinterpret_cast<const char*>(data), size);
  const auto index = ReadSafetensorsIndex(file);
  if (!index.ok()) {
    return 0;
  }
  std::int64_t position = index->header_bytes + 8;
  for (const TensorEntry& tensor : index->tensors) {
    if (tensor.begin != position || tensor.end < tensor.begin) {
      std::fprintf(stderr, "broken promise: tensors follow each other\n");
      std::abort();
    }
    position = tensor.end;
    TensorValues(file, tensor).status().IgnoreError();
  }
  if (static_cast<std::size_t>(position) != size) {
    std::fprintf(stderr, "broken promise: tensors reach the end\n");
    std::abort();
  }
  return 0;
}
