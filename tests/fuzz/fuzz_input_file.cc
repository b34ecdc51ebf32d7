#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/status/statusor.h"
#include "client/formats/format.h"
#include "client/formats/input_file.h"

// Unpacks what looks like gzip, within its limit, and guesses the format of what comes out.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace assay::formats;
  constexpr std::size_t kMaxBytes = std::size_t{4} << 20;
  const absl::StatusOr<InputFile> file = InputFile::FromBytes(
      "fuzz", std::string(reinterpret_cast<const char*>(data), size), kMaxBytes);
  if (!file.ok()) {
    return 0;
  }
  if (file->bytes().size() > kMaxBytes && file->bytes().size() != size) {
    std::abort();
  }
  for (std::size_t i = 0; i < InputFile::kPadding; ++i) {
    if (file->bytes().data()[file->bytes().size() + i] != 0) {
      std::abort();
    }
  }
  const absl::StatusOr<Format> format = DetectFormat(file->name(), file->bytes());
  if (format.ok() && *format == Format::kDetect) {
    std::abort();
  }
  return 0;
}
