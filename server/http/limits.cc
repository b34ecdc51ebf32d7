#include "server/http/limits.h"

namespace assay::http {

bool Census::Enter(const std::string& ip_address, bool is_loopback) {
  const MutexLock lock(mutex_);
  if (num_connections_ >= limits_.max_connections) {
    return false;
  }
  int& of_address = by_address_[ip_address];
  if (!is_loopback && of_address >= limits_.max_connections_per_address) {
    return false;
  }
  ++of_address;
  ++num_connections_;
  return true;
}

void Census::Leave(const std::string& ip_address) {
  const MutexLock lock(mutex_);
  --num_connections_;
  const auto found = by_address_.find(ip_address);
  if (--found->second == 0) {
    by_address_.erase(found);
  }
}

bool Census::TakeBytes(std::uint64_t num_bytes) {
  const MutexLock lock(mutex_);
  if (num_bytes > limits_.max_body_bytes_in_hand - num_bytes_) {
    return false;
  }
  num_bytes_ += num_bytes;
  return true;
}

void Census::ReturnBytes(std::uint64_t num_bytes) {
  const MutexLock lock(mutex_);
  num_bytes_ -= num_bytes;
}

}  // namespace assay::http
