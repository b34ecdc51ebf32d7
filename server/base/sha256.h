#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

namespace assay {

using Sha256Digest = std::array<std::uint8_t, 32>;

// SHA-256 of bytes that come in pieces. Owned by one thread.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&& other) noexcept;
  Sha256& operator=(Sha256&& other) noexcept;

  void Update(std::string_view bytes);
  // The digest of everything so far. Call once; the object is then used up.
  Sha256Digest Finish();

  static Sha256Digest Of(std::string_view bytes);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace assay
