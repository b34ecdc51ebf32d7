#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

namespace assay::kernels {

constexpr std::align_val_t kWorkspaceAlignment{64};

struct Workspace {
  std::byte* bytes = nullptr;
  std::int64_t capacity = 0;  // in values

  Workspace() = default;
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  ~Workspace() { ::operator delete[](bytes, kWorkspaceAlignment); }
};

// At least `size` values, uninitialised and aligned, that belong to the calling thread until its
// next call. Kept between calls: fresh pages would cost more than the products made in them.
template <typename T>
T* ThreadWorkspace(std::int64_t size) {
  thread_local Workspace kept;
  if (kept.capacity < size) {
    std::byte* const grown = static_cast<std::byte*>(
        ::operator new[](static_cast<std::size_t>(size) * sizeof(T), kWorkspaceAlignment));
    ::operator delete[](kept.bytes, kWorkspaceAlignment);
    kept.bytes = grown;
    kept.capacity = size;
  }
  // The analyzer forgets that `bytes` was replaced.
  // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDelete)
  return reinterpret_cast<T*>(kept.bytes);
}

}  // namespace assay::kernels
