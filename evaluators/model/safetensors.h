#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace assay {

// A tensor of a safetensors file, row-major.
struct TensorEntry {
  std::string name;
  std::string dtype;  // as spelled there: F64, F32, F16, BF16, I8, ...
  std::vector<std::int64_t> shape;
  std::int64_t num_elements = 1;
  std::int64_t begin = 0;  // bytes from the start of the file
  std::int64_t end = 0;
};

// What a safetensors file says about itself.
struct SafetensorsIndex {
  std::vector<TensorEntry> tensors;  // by position in the file
  std::map<std::string, std::string> metadata;
  std::int64_t header_bytes = 0;

  const TensorEntry* Find(std::string_view name) const;
};

// Reads the index of a whole file, with every check of the reference reader: header length before
// any allocation, JSON without repeated keys and with bounded depth, shapes against sizes without
// overflow, tensors that follow each other without hole or overlap up to the last byte.
// INVALID_ARGUMENT says what is wrong and with which tensor.
absl::StatusOr<SafetensorsIndex> ReadSafetensorsIndex(std::string_view file);

// `[128, 64]`.
std::string ShapeText(const std::vector<std::int64_t>& shape);

// True for F64, F32, F16 and BF16.
bool IsFloatingPoint(const TensorEntry& tensor);

// Values of a floating-point tensor of `file`, exactly. INVALID_ARGUMENT names the tensor when its
// dtype is another one or an element is NaN or infinite.
absl::StatusOr<std::vector<double>> TensorValues(std::string_view file, const TensorEntry& tensor);

// The number with the bits of a half (IEEE binary16) or of a bfloat16; exact.
double HalfValue(std::uint16_t bits);
double Bfloat16Value(std::uint16_t bits);
// Nearest number of that format, ties to even; infinite beyond its range.
double RoundedToHalf(double value);
double RoundedToBfloat16(double value);

}  // namespace assay
