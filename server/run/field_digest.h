#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/base/sha256.h"
#include "server/store/records.h"

namespace assay::run {

// SHA-256 over a sequence of fields, each led by its length, so that no two sequences run into the
// same bytes. Owned by one thread.
class FieldDigest {
 public:
  // `form` names the sequence and its version, e.g. "assay.run/1".
  explicit FieldDigest(std::string_view form) { AddText(form); }

  void AddText(std::string_view text) {
    AddNumber(static_cast<std::int64_t>(text.size()));
    sha_.Update(text);
  }
  void AddDigest(const store::Digest& digest) {
    AddText({reinterpret_cast<const char*>(digest.data()), digest.size()});
  }
  void AddNumber(std::int64_t number) {
    std::string bytes(8, '\0');
    for (int i = 0; i < 8; ++i) {
      bytes[static_cast<std::size_t>(i)] =
          static_cast<char>((static_cast<std::uint64_t>(number) >> (8 * i)) & 0xFF);
    }
    sha_.Update(bytes);
  }
  // Bit for bit; absent differs from every number.
  void AddReal(std::optional<double> real) {
    AddNumber(real.has_value() ? 1 : 0);
    AddNumber(std::bit_cast<std::int64_t>(real.value_or(0.0)));
  }
  // Call once.
  store::Digest Finish() { return sha_.Finish(); }

 private:
  Sha256 sha_;
};

}  // namespace assay::run
