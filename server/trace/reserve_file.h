#pragma once

#include <cstdint>
#include <filesystem>

namespace assay::trace {

// Disk space that is taken now so that it can be given up when there is no more. Thread-compatible.
class ReserveFile {
 public:
  // `path`: the file; empty: there is no reserve.
  ReserveFile(std::filesystem::path path, std::int64_t size_bytes);

  // Takes the space unless it is there. False when the disk has no room for it; a reserve that
  // cannot be had for another reason is done without.
  bool Take() const;
  // Takes the space if as much is free beside it. False when not.
  bool TakeBesideRoom() const;
  void GiveUp() const;
  // What the disk has left, beside the reserve; without bound when that cannot be told.
  std::int64_t FreeBytes() const;

 private:
  bool IsTaken() const;

  const std::filesystem::path path_;
  const std::int64_t size_bytes_;
};

}  // namespace assay::trace
