#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "evaluators/model/forward.h"

namespace assay::run {

// How long each layer of a network takes for all rows: the shortest of the runs that it watches.
// Owned by one thread.
class LayerTimer : public LayerObserver {
 public:
  using Time = std::chrono::steady_clock::time_point;
  explicit LayerTimer(std::function<Time()> now = std::chrono::steady_clock::now)
      : now_(std::move(now)) {}

  void OnStart(std::size_t /*step*/) override { start_ = now_(); }
  void OnComputed(std::size_t step, std::int64_t first_row, std::int64_t /*num_rows*/) override {
    const Duration taken = now_() - start_;
    if (layers_.size() <= step) {
      layers_.resize(step + 1);
    }
    Layer& layer = layers_[step];
    if (first_row == 0) {
      layer.best = Best(layer);
      layer.current = Duration::zero();
    }
    layer.current += taken;
  }
  bool WantsResults(std::size_t /*step*/) const override { return false; }
  // Of layer `step`; 0 when it has not run.
  std::int64_t BestUs(std::size_t step) const {
    return step < layers_.size()
               ? std::chrono::duration_cast<std::chrono::microseconds>(Best(layers_[step])).count()
               : 0;
  }

 private:
  using Duration = std::chrono::steady_clock::duration;
  struct Layer {
    Duration best = Duration::zero();     // of the runs before; zero: none
    Duration current = Duration::zero();  // of the run under way
  };
  static Duration Best(const Layer& layer) {
    return layer.best == Duration::zero() ? layer.current : std::min(layer.best, layer.current);
  }

  const std::function<Time()> now_;
  Time start_;
  std::vector<Layer> layers_;
};

}  // namespace assay::run
