#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "evaluators/model/architecture.h"
#include "evaluators/model/program.h"

// An architecture that is taken has a text that reads back to the same text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace assay;
  const auto architecture = ParseArchitecture({reinterpret_cast<const char*>(data), size});
  if (!architecture.ok()) {
    return 0;
  }
  MakeProgram(*architecture);
  const std::string text = ArchitectureText(*architecture);
  const auto again = ParseArchitecture(text);
  if (!again.ok() || ArchitectureText(*again) != text) {
    std::fprintf(stderr, "broken promise: %s\n", text.c_str());
    std::abort();
  }
  return 0;
}
