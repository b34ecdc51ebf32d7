#include "client/formats/dictionary.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "evaluators/columns.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace assay::formats {
namespace {

constexpr std::size_t kFirstSlots = 64;
constexpr std::size_t kMaxBytes = std::numeric_limits<std::int32_t>::max();

}  // namespace

std::uint64_t Dictionary::Hash(std::string_view text) {
  return XXH3_64bits(text.data(), text.size());
}

std::int32_t Dictionary::Code(std::string_view text, std::uint64_t hash) {
  const std::uint32_t tag = Tag(hash);
  std::size_t place = tag & mask_;
  for (; slots_[place].code >= 0; place = (place + 1) & mask_) {
    if (slots_[place].tag == tag && Text(slots_[place].code) == text) {
      return slots_[place].code;
    }
  }
  if (bytes_.size() + text.size() > kMaxBytes) {
    return -1;
  }
  const std::int32_t code = size();
  slots_[place] = {.tag = tag, .code = code};
  bytes_.append(text);
  offsets_.push_back(static_cast<std::int32_t>(bytes_.size()));
  if (offsets_.size() * 8 > slots_.size() * 5) {
    Grow();
  }
  return code;
}

std::int32_t Dictionary::Find(std::string_view text) const {
  const std::uint32_t tag = Tag(Hash(text));
  for (std::size_t place = tag & mask_; slots_[place].code >= 0; place = (place + 1) & mask_) {
    if (slots_[place].tag == tag && Text(slots_[place].code) == text) {
      return slots_[place].code;
    }
  }
  return -1;
}

// A slot's place comes from its tag, so that no text has to be hashed again.
void Dictionary::Grow() {
  std::vector<Slot> grown(slots_.size() * 4);
  mask_ = grown.size() - 1;
  for (const Slot& slot : slots_) {
    if (slot.code >= 0) {
      std::size_t place = slot.tag & mask_;
      while (grown[place].code >= 0) {
        place = (place + 1) & mask_;
      }
      grown[place] = slot;
    }
  }
  slots_ = std::move(grown);
}

void Dictionary::Clear() {
  slots_.assign(kFirstSlots, Slot{});
  mask_ = kFirstSlots - 1;
  offsets_.assign(1, 0);
  bytes_.clear();
}

void Dictionary::CopyTo(Column& column) const {
  column.is_coded = true;
  column.text_offsets = offsets_;
  column.text_bytes = bytes_;
}

void Dictionary::MoveTo(Column& column) {
  column.is_coded = true;
  column.text_offsets = std::move(offsets_);
  column.text_bytes = std::move(bytes_);
  Clear();
}

}  // namespace assay::formats
