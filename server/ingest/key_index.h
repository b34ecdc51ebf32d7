#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace assay::ingest {

// The values that occur more than once in `hashes`, ascending, each once. Works through groups of
// hashes that fit in the cache; takes 8 bytes of memory a hash while it runs.
std::vector<std::uint64_t> FindRepeatedHashes(std::span<const std::uint64_t> hashes);

// Rows by the hash of their key: open addressing with linear probing, at most half full, 16 to 32
// bytes a row. Thread-compatible.
class KeyIndex {
 public:
  // Row i has hash `hashes[i]`; at most 2^31 - 1 rows.
  explicit KeyIndex(std::span<const std::uint64_t> hashes);

  // Starts to load what Find(hash) reads first. Call it some ten lookups ahead.
  void Prefetch(std::uint64_t hash) const { __builtin_prefetch(&slots_[Home(hash)]); }

  // The first row that may have `hash` and for which `is_match(row)` holds; -1 when there is none.
  // Rows of other hashes are offered now and then (when 32 bits agree), so `is_match` must decide.
  template <typename IsMatch>
  std::int64_t Find(std::uint64_t hash, IsMatch is_match) const {
    for (std::size_t i = Home(hash); slots_[i].row >= 0; i = (i + 1) & mask_) {
      if (slots_[i].tag == Tag(hash) && is_match(std::int64_t{slots_[i].row})) {
        return slots_[i].row;
      }
    }
    return -1;
  }

 private:
  struct Slot {
    std::int32_t row = -1;  // -1: free
    std::uint32_t tag = 0;
  };

  std::size_t Home(std::uint64_t hash) const { return static_cast<std::size_t>(hash) & mask_; }
  static std::uint32_t Tag(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }

  std::size_t mask_;
  std::vector<Slot> slots_;
};

}  // namespace assay::ingest
