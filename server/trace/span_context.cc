#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "server/base/hex.h"
#include "server/trace/tracer.h"

namespace assay::trace {
namespace {

constexpr std::size_t kTraceparentSize = 55;  // 00-{32}-{16}-{2}

// As ParseHex, but W3C allows lower case only.
bool ParseLowerHex(std::string_view text, std::span<std::uint8_t> bytes) {
  const auto is_upper = [](char c) { return c >= 'A' && c <= 'F'; };
  return std::none_of(text.begin(), text.end(), is_upper) && ParseHex(text, bytes);
}

bool IsZero(std::span<const std::uint8_t> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace

bool SpanContext::IsValid() const { return !IsZero(trace_id) && !IsZero(span_id); }

std::string SpanContext::TraceIdHex() const { return HexText(trace_id); }

std::string SpanContext::SpanIdHex() const { return HexText(span_id); }

std::optional<SpanContext> ParseTraceparent(std::string_view header) {
  if (header.size() != kTraceparentSize || header[2] != '-' || header[35] != '-' ||
      header[52] != '-') {
    return std::nullopt;
  }
  std::array<std::uint8_t, 1> version{};
  std::array<std::uint8_t, 1> flags{};
  if (!ParseLowerHex(header.substr(0, 2), version) || version[0] == 0xFF ||
      !ParseLowerHex(header.substr(53, 2), flags)) {
    return std::nullopt;
  }
  return ContextFromHex(header.substr(3, 32), header.substr(36, 16));
}

std::optional<SpanContext> ContextFromHex(std::string_view trace_id, std::string_view span_id) {
  SpanContext context;
  if (!ParseLowerHex(trace_id, context.trace_id) || !ParseLowerHex(span_id, context.span_id) ||
      !context.IsValid()) {
    return std::nullopt;
  }
  return context;
}

}  // namespace assay::trace
