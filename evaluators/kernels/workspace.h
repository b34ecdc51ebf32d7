#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace assay::kernels {

constexpr std::align_val_t kWorkspaceAlignment{64};

struct FreeWorkspace {
  void operator()(std::byte* bytes) const { ::operator delete[](bytes, kWorkspaceAlignment); }
};

// At least `size` values, uninitialised and aligned, that belong to the calling thread until its
// next call. Kept between calls: fresh pages would cost more than the products made in them.
template <typename T>
T* ThreadWorkspace(std::int64_t size) {
  thread_local std::unique_ptr<std::byte[], FreeWorkspace> bytes;
  thread_local std::int64_t capacity = 0;
  if (capacity < size) {
    bytes.reset();
    bytes.reset(static_cast<std::byte*>(
        ::operator new[](static_cast<std::size_t>(size) * sizeof(T), kWorkspaceAlignment)));
    capacity = size;
  }
  return reinterpret_cast<T*>(bytes.get());
}

}  // namespace assay::kernels
