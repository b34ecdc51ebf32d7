#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "evaluators/model/forward.h"

namespace assay::run {

// Adds up how long each layer of a network takes. Owned by one thread.
class LayerTimer : public LayerObserver {
 public:
  void OnStart(std::size_t /*step*/) override { start_ = std::chrono::steady_clock::now(); }
  void OnDone(std::size_t step, std::int64_t /*first_row*/,
              std::span<const double> /*values*/) override {
    if (totals_.size() <= step) {
      totals_.resize(step + 1);
    }
    totals_[step] += std::chrono::steady_clock::now() - start_;
  }
  // Of layer `step`; 0 when it has not run.
  std::int64_t TotalUs(std::size_t step) const {
    return step < totals_.size()
               ? std::chrono::duration_cast<std::chrono::microseconds>(totals_[step]).count()
               : 0;
  }

 private:
  std::chrono::steady_clock::time_point start_;
  std::vector<std::chrono::steady_clock::duration> totals_;
};

}  // namespace assay::run
