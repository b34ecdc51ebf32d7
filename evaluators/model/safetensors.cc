#include "evaluators/model/safetensors.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "evaluators/model/json_document.h"
#include "evaluators/status_macros.h"

namespace assay {
namespace {

constexpr std::size_t kLengthBytes = 8;
constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;
constexpr std::size_t kMaxRank = 64;
constexpr std::string_view kMetadataKey = "__metadata__";

struct DtypeSize {
  std::string_view name;
  std::uint64_t bits;
};
constexpr DtypeSize kDtypes[] = {
    {"BOOL", 8},        {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"U8", 8},
    {"I8", 8},          {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8},
    {"F8_E5M2FNUZ", 8}, {"I16", 16},    {"U16", 16},    {"F16", 16},    {"BF16", 16},
    {"I32", 32},        {"U32", 32},    {"F32", 32},    {"C64", 64},    {"F64", 64},
    {"I64", 64},        {"U64", 64}};

absl::Status Invalid(std::string_view problem) {
  return absl::InvalidArgumentError(absl::StrFormat("not a safetensors file: %s", problem));
}

// `name` for a message: its control characters escaped, cut.
std::string Shown(std::string_view name) {
  constexpr std::size_t kLongest = 96;
  return absl::Utf8SafeCEscape({name.data(), std::min(name.size(), kLongest)});
}

absl::Status InvalidTensor(std::string_view name, std::string_view problem) {
  return Invalid(absl::StrFormat("tensor '%s': %s", Shown(name), problem));
}

template <typename T>
T Load(const char* bytes) {
  static_assert(std::endian::native == std::endian::little, "files are little-endian");
  T value;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

std::optional<std::uint64_t> Product(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? std::nullopt : std::optional(product);
}

// `[n, ...]` of JSON integers that are not negative.
std::optional<std::vector<std::uint64_t>> Sizes(const simdjson::dom::element& element) {
  std::vector<std::uint64_t> sizes;
  simdjson::dom::array values;
  if (element.get(values) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  for (const simdjson::dom::element value : values) {
    std::uint64_t size = 0;
    if (!(value.is_uint64() || value.is_int64()) || value.get(size) != simdjson::SUCCESS ||
        sizes.size() == kMaxRank) {
      return std::nullopt;
    }
    sizes.push_back(size);
  }
  return sizes;
}

// Bytes of a tensor; absent when they overflow or are not whole.
std::optional<std::uint64_t> SizeBytes(std::uint64_t bits,
                                       const std::vector<std::uint64_t>& shape) {
  std::optional<std::uint64_t> total = 1;
  for (const std::uint64_t size : shape) {
    total = Product(*total, size);
    if (!total) {
      return std::nullopt;
    }
  }
  total = Product(*total, bits);
  return total && *total % 8 == 0 ? std::optional(*total / 8) : std::nullopt;
}

// Where element `i`, row-major, stands: row and column of a matrix.
std::vector<std::int64_t> PositionOf(std::size_t i, const std::vector<std::int64_t>& shape) {
  std::vector<std::int64_t> position(shape.size());
  auto rest = static_cast<std::int64_t>(i);
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    position[axis] = rest % shape[axis];
    rest /= shape[axis];
  }
  return position;
}

absl::Status ReadMetadata(const simdjson::dom::element& element, SafetensorsIndex& index) {
  simdjson::dom::object entries;
  if (element.get(entries) != simdjson::SUCCESS) {
    return Invalid("__metadata__ is not an object");
  }
  for (const auto& field : entries) {
    std::string_view text;
    if (field.value.get(text) != simdjson::SUCCESS) {
      return Invalid(absl::StrFormat("__metadata__ '%s' is not text", Shown(field.key)));
    }
    index.metadata.emplace(field.key, text);
  }
  return absl::OkStatus();
}

absl::StatusOr<TensorEntry> ReadEntry(std::string_view name, const simdjson::dom::element& element,
                                      std::uint64_t buffer_begin, std::uint64_t buffer_bytes) {
  simdjson::dom::object fields;
  if (element.get(fields) != simdjson::SUCCESS) {
    return InvalidTensor(name, "not an object");
  }
  for (const auto& field : fields) {
    if (field.key != "dtype" && field.key != "shape" && field.key != "data_offsets") {
      return InvalidTensor(name, absl::StrFormat("unknown key '%s'", Shown(field.key)));
    }
  }
  std::string_view dtype;
  if (fields["dtype"].get(dtype) != simdjson::SUCCESS) {
    return InvalidTensor(name, "no dtype");
  }
  const auto* const known = std::find_if(std::begin(kDtypes), std::end(kDtypes),
                                         [&](const DtypeSize& d) { return d.name == dtype; });
  if (known == std::end(kDtypes)) {
    return InvalidTensor(name, absl::StrFormat("unknown dtype '%s'", Shown(dtype)));
  }
  simdjson::dom::element value;
  std::optional<std::vector<std::uint64_t>> shape;
  std::optional<std::vector<std::uint64_t>> offsets;
  if (fields["shape"].get(value) == simdjson::SUCCESS) {
    shape = Sizes(value);
  }
  if (fields["data_offsets"].get(value) == simdjson::SUCCESS) {
    offsets = Sizes(value);
  }
  if (!shape) {
    return InvalidTensor(name, "shape is not a list of sizes");
  }
  if (!offsets || offsets->size() != 2) {
    return InvalidTensor(name, "data_offsets is not [begin, end]");
  }
  const std::uint64_t begin = (*offsets)[0];
  const std::uint64_t end = (*offsets)[1];
  if (end < begin || end > buffer_bytes) {
    return InvalidTensor(name, absl::StrFormat("data_offsets [%d, %d] leave the %d bytes of data",
                                               begin, end, buffer_bytes));
  }
  const std::optional<std::uint64_t> size = SizeBytes(known->bits, *shape);
  TensorEntry entry;
  entry.shape.assign(shape->begin(), shape->end());
  if (!size || *size != end - begin) {
    return InvalidTensor(name, absl::StrFormat("%s of shape %s does not take %d bytes", dtype,
                                               ShapeText(entry.shape), end - begin));
  }
  entry.name = std::string(name);
  entry.dtype = std::string(dtype);
  entry.num_elements = static_cast<std::int64_t>(*size * 8 / known->bits);
  entry.begin = static_cast<std::int64_t>(buffer_begin + begin);
  entry.end = static_cast<std::int64_t>(buffer_begin + end);
  return entry;
}

// Tensors follow each other from the first byte of data to the last.
absl::Status CheckLayout(const SafetensorsIndex& index, std::size_t file_bytes) {
  std::int64_t expected = index.header_bytes + static_cast<std::int64_t>(kLengthBytes);
  for (const TensorEntry& tensor : index.tensors) {
    if (tensor.begin != expected) {
      return InvalidTensor(tensor.name, tensor.begin > expected
                                            ? "a hole before its data"
                                            : "its data overlap those of another");
    }
    expected = tensor.end;
  }
  if (static_cast<std::uint64_t>(expected) != file_bytes) {
    return Invalid(absl::StrFormat("%d bytes behind the last tensor",
                                   static_cast<std::int64_t>(file_bytes) - expected));
  }
  return absl::OkStatus();
}

// Rounds to `digits` significant bits with exponents from `lowest` (of the last subnormal bit) to
// below `highest`, ties to even.
double RoundedTo(double value, int digits, int lowest, int highest) {
  if (!std::isfinite(value) || value == 0) {
    return value;
  }
  int exponent = 0;
  std::frexp(value, &exponent);
  const int unit = std::max(exponent - digits, lowest);
  const double rounded = std::ldexp(std::nearbyint(std::ldexp(value, -unit)), unit);
  return std::fabs(rounded) >= std::ldexp(1.0, highest)
             ? std::copysign(std::numeric_limits<double>::infinity(), value)
             : rounded;
}

}  // namespace

const TensorEntry* SafetensorsIndex::Find(std::string_view name) const {
  const auto found =
      std::find_if(tensors.begin(), tensors.end(),
                   [name](const TensorEntry& tensor) { return tensor.name == name; });
  return found == tensors.end() ? nullptr : &*found;
}

absl::StatusOr<SafetensorsIndex> ReadSafetensorsIndex(std::string_view file) {
  if (file.size() < kLengthBytes) {
    return Invalid(absl::StrFormat("%d bytes are too few for a header length", file.size()));
  }
  const auto header_bytes = Load<std::uint64_t>(file.data());
  if (header_bytes > kMaxHeaderBytes) {
    return Invalid(absl::StrFormat("a header of %d bytes; at most %d are taken", header_bytes,
                                   kMaxHeaderBytes));
  }
  if (header_bytes > file.size() - kLengthBytes) {
    return Invalid(
        absl::StrFormat("a header of %d bytes in a file of %d", header_bytes, file.size()));
  }
  const std::string_view header = file.substr(kLengthBytes, header_bytes);
  if (!header.starts_with('{')) {
    return Invalid("the header does not begin with '{'");
  }
  const absl::StatusOr<JsonDocument> document = JsonDocument::Parse(header);
  if (!document.ok()) {
    return Invalid(absl::StrFormat("header: %s", std::string(document.status().message())));
  }
  SafetensorsIndex index;
  index.header_bytes = static_cast<std::int64_t>(header_bytes);
  const std::uint64_t buffer_begin = kLengthBytes + header_bytes;
  for (const auto& field : simdjson::dom::object(document->root())) {
    if (field.key == kMetadataKey) {
      ASSAY_RETURN_IF_ERROR(ReadMetadata(field.value, index));
      continue;
    }
    ASSAY_ASSIGN_OR_RETURN(TensorEntry entry, ReadEntry(field.key, field.value, buffer_begin,
                                                        file.size() - buffer_begin));
    index.tensors.push_back(std::move(entry));
  }
  std::stable_sort(index.tensors.begin(), index.tensors.end(),
                   [](const TensorEntry& a, const TensorEntry& b) {
                     return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
                   });
  ASSAY_RETURN_IF_ERROR(CheckLayout(index, file.size()));
  return index;
}

std::string ShapeText(const std::vector<std::int64_t>& shape) {
  return absl::StrFormat("[%s]", absl::StrJoin(shape, ", "));
}

bool IsFloatingPoint(const TensorEntry& tensor) {
  return tensor.dtype == "F64" || tensor.dtype == "F32" || tensor.dtype == "F16" ||
         tensor.dtype == "BF16";
}

absl::StatusOr<std::vector<double>> TensorValues(std::string_view file, const TensorEntry& tensor) {
  if (!IsFloatingPoint(tensor)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("tensor '%s': dtype %s; weights are F64, F32, F16 or BF16",
                        Shown(tensor.name), tensor.dtype));
  }
  const char* bytes = file.data() + tensor.begin;
  std::vector<double> values(static_cast<std::size_t>(tensor.num_elements));
  const std::size_t size =
      values.empty() ? 0 : static_cast<std::size_t>(tensor.end - tensor.begin) / values.size();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const char* const element = bytes + i * size;
    if (size == 8) {
      values[i] = Load<double>(element);
    } else if (size == 4) {
      values[i] = static_cast<double>(Load<float>(element));
    } else if (tensor.dtype == "F16") {
      values[i] = HalfValue(Load<std::uint16_t>(element));
    } else {
      values[i] = Bfloat16Value(Load<std::uint16_t>(element));
    }
    if (!std::isfinite(values[i])) {
      return absl::InvalidArgumentError(
          absl::StrFormat("tensor '%s': element %s is %g", Shown(tensor.name),
                          ShapeText(PositionOf(i, tensor.shape)), values[i]));
    }
  }
  return values;
}

double HalfValue(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 0x1f;
  const int fraction = bits & 0x3ff;
  double magnitude = 0;
  if (exponent == 0x1f) {
    magnitude = fraction == 0 ? std::numeric_limits<double>::infinity()
                              : std::numeric_limits<double>::quiet_NaN();
  } else if (exponent == 0) {
    magnitude = std::ldexp(fraction, -24);
  } else {
    magnitude = std::ldexp(fraction + 0x400, exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

double Bfloat16Value(std::uint16_t bits) {
  return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16));
}

double RoundedToHalf(double value) { return RoundedTo(value, 11, -24, 16); }

double RoundedToBfloat16(double value) { return RoundedTo(value, 8, -133, 128); }

}  // namespace assay
