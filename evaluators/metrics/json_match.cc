#include <simdjson.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "evaluators/metrics/text_measure.h"

namespace assay {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

// Members that occur once each, and those of every value inside.
bool HasUniqueMembers(element value) {
  if (value.is_array()) {
    const simdjson::dom::array items = value;
    for (const element item : items) {
      if (!HasUniqueMembers(item)) {
        return false;
      }
    }
  }
  if (value.is_object()) {
    absl::flat_hash_set<std::string_view> names;
    const simdjson::dom::object members = value;
    for (const auto member : members) {
      if (!names.insert(member.key).second || !HasUniqueMembers(member.value)) {
        return false;
      }
    }
  }
  return true;
}

bool IsNumber(element value) {
  return value.type() == element_type::INT64 || value.type() == element_type::UINT64 ||
         value.type() == element_type::DOUBLE;
}

// An integer equals a double only when it is that very number.
template <typename Integer>
bool EqualsDouble(Integer integer, double number) {
  const auto rounded = static_cast<double>(integer);
  // 2^63 and 2^64 are beyond what the cast back can hold; no integer of the type is that large.
  constexpr double kLimit = sizeof(Integer) == 8 && Integer(-1) > 0 ? 0x1p64 : 0x1p63;
  return rounded == number && rounded < kLimit && static_cast<Integer>(rounded) == integer;
}

bool SameNumber(element a, element b) {
  if (a.type() == b.type()) {
    switch (a.type()) {
      case element_type::INT64:
        return a.get_int64().value_unsafe() == b.get_int64().value_unsafe();
      case element_type::UINT64:
        return a.get_uint64().value_unsafe() == b.get_uint64().value_unsafe();
      default:
        return a.get_double().value_unsafe() == b.get_double().value_unsafe();
    }
  }
  if (b.type() != element_type::DOUBLE) {
    std::swap(a, b);
  }
  if (b.type() != element_type::DOUBLE) {
    return false;  // UINT64 holds only what INT64 cannot.
  }
  const double number = b.get_double().value_unsafe();
  return a.type() == element_type::INT64 ? EqualsDouble(a.get_int64().value_unsafe(), number)
                                         : EqualsDouble(a.get_uint64().value_unsafe(), number);
}

bool SameValue(element a, element b);

bool SameArray(simdjson::dom::array a, simdjson::dom::array b) {
  auto other = b.begin();
  for (const element item : a) {
    if (other == b.end() || !SameValue(item, *other)) {
      return false;
    }
    ++other;
  }
  return other == b.end();
}

bool SameObject(simdjson::dom::object a, simdjson::dom::object b) {
  absl::flat_hash_map<std::string_view, element> members;
  for (const auto member : b) {
    members.emplace(member.key, member.value);
  }
  std::size_t num_members = 0;
  for (const auto member : a) {
    const auto found = members.find(member.key);
    if (found == members.end() || !SameValue(member.value, found->second)) {
      return false;
    }
    ++num_members;
  }
  return num_members == members.size();
}

bool SameValue(element a, element b) {
  if (IsNumber(a) && IsNumber(b)) {
    return SameNumber(a, b);
  }
  if (a.type() != b.type()) {
    return false;
  }
  switch (a.type()) {
    case element_type::ARRAY:
      return SameArray(a.get_array().value_unsafe(), b.get_array().value_unsafe());
    case element_type::OBJECT:
      return SameObject(a.get_object().value_unsafe(), b.get_object().value_unsafe());
    case element_type::STRING:
      return a.get_string().value_unsafe() == b.get_string().value_unsafe();
    case element_type::BOOL:
      return a.get_bool().value_unsafe() == b.get_bool().value_unsafe();
    default:
      return true;  // null
  }
}

class JsonMatch : public TextMeasure {
 public:
  std::optional<double> Score(std::string_view answer,
                              std::span<const std::string_view> accepted) override {
    const std::optional<element> given = Parse(answer, answer_parser_);
    std::optional<double> best;
    for (const std::string_view text : accepted) {
      if (const std::optional<element> wanted = Parse(text, accepted_parser_)) {
        best = std::max(best.value_or(0), given && SameValue(*given, *wanted) ? 1.0 : 0.0);
      }
    }
    return best;
  }

 private:
  static std::optional<element> Parse(std::string_view text, simdjson::dom::parser& parser) {
    element value;
    if (parser.parse(text.data(), text.size()).get(value) != simdjson::SUCCESS ||
        !HasUniqueMembers(value)) {
      return std::nullopt;
    }
    return value;
  }

  simdjson::dom::parser answer_parser_;
  simdjson::dom::parser accepted_parser_;
};

}  // namespace

std::unique_ptr<TextMeasure> MakeJsonMatch() { return std::make_unique<JsonMatch>(); }

}  // namespace assay
