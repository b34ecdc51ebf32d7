#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "evaluators/columns.h"

namespace assay::formats {

// Texts numbered from 0 in order of first sight: a hash table of codes over the buffers that a
// coded column takes. Thread-compatible.
class Dictionary {
 public:
  Dictionary() { Clear(); }

  static std::uint64_t Hash(std::string_view text);
  // The code of `text`, a new one when it is unknown; -1 when the texts would pass 2 GiB.
  std::int32_t Code(std::string_view text) { return Code(text, Hash(text)); }
  std::int32_t Code(std::string_view text, std::uint64_t hash);
  // The code of `text`, or -1.
  std::int32_t Find(std::string_view text) const;
  // Start loading into the cache what Code will look at: first the table, then, some work later,
  // the text that it may find there.
  void PrefetchSlot(std::uint64_t hash) const {
    __builtin_prefetch(slots_.data() + (Tag(hash) & mask_));
  }
  void PrefetchText(std::uint64_t hash) const {
    const std::int32_t code = slots_[Tag(hash) & mask_].code;
    if (code >= 0) {
      __builtin_prefetch(bytes_.data() + offsets_[static_cast<std::size_t>(code)]);
    }
  }

  std::int32_t size() const { return static_cast<std::int32_t>(offsets_.size()) - 1; }
  std::size_t size_bytes() const { return bytes_.size(); }
  std::string_view Text(std::int32_t code) const {
    const auto i = static_cast<std::size_t>(code);
    return {bytes_.data() + offsets_[i], static_cast<std::size_t>(offsets_[i + 1] - offsets_[i])};
  }
  void Clear();

  // Makes this the dictionary of `column`.
  void CopyTo(Column& column) const;
  // The same, leaving this empty.
  void MoveTo(Column& column);

 private:
  struct Slot {
    std::uint32_t tag = 0;  // of the hash; its low bits say where the search starts
    std::int32_t code = -1;
  };

  static std::uint32_t Tag(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }
  void Grow();

  std::vector<Slot> slots_;  // a power of two, at most 5/8 full
  std::size_t mask_ = 0;
  std::vector<std::int32_t> offsets_;  // size() + 1
  std::string bytes_;
};

}  // namespace assay::formats
