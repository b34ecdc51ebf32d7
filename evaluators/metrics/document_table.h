#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"

namespace assay {

// Finds the numbers of texts: a hash table that is filled anew for every query and whose memory is
// kept. Texts are compared in full, so equal hashes do no harm. Thread-compatible.
class DocumentTable {
 public:
  // Forgets everything; then at most `size` texts may be added.
  void Reset(std::size_t size) {
    const std::size_t num_slots = std::bit_ceil(size + size / 2 + 1);
    slots_.assign(num_slots, Slot());
    mask_ = num_slots - 1;
  }
  // The number of `text`, or -1; then `number` is added as its number. `text_of` gives the text of
  // a number that was added.
  template <typename TextOf>
  std::int32_t FindOrAdd(std::string_view text, std::int32_t number, TextOf text_of) {
    // Of Abseil's own view: that of the standard library goes through the slower std::hash.
    const auto hash = static_cast<std::uint64_t>(
        absl::Hash<absl::string_view>()(absl::string_view(text.data(), text.size())));
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    std::size_t place = hash & mask_;
    for (; slots_[place].number >= 0; place = (place + 1) & mask_) {
      if (slots_[place].tag == tag && text_of(slots_[place].number) == text) {
        return slots_[place].number;
      }
    }
    slots_[place] = {.tag = tag, .number = number};
    return -1;
  }

 private:
  struct Slot {
    std::uint32_t tag = 0;
    std::int32_t number = -1;
  };
  std::vector<Slot> slots_;  // a power of two
  std::size_t mask_ = 0;
};

}  // namespace assay
