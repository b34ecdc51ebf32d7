#include "evaluators/model/noise_floor.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "evaluators/status_macros.h"

namespace assay {
namespace {

// Of what is finite: a value that overflows in float32 says nothing about rounding, and would make
// every change pass for noise.
double LargestDifference(std::span<const double> a, std::span<const double> b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = std::fabs(a[i] - b[i]);
    largest = std::isfinite(difference) ? std::max(largest, difference) : largest;
  }
  return largest;
}

// Raises the floor of each layer to the largest difference from what was captured before.
class FloorObserver : public LayerObserver {
 public:
  FloorObserver(const Program& program, std::vector<const LayerCapture*> others,
                std::vector<double>& floor)
      : program_(program), others_(std::move(others)), floor_(floor) {}

  void OnDone(std::size_t step, std::int64_t first_row, std::span<const double> values) override {
    const auto begin = static_cast<std::size_t>(first_row * program_.steps[step].out);
    for (const LayerCapture* const other : others_) {
      const auto before = std::span(other->layer(step)).subspan(begin, values.size());
      floor_[step] = std::max(floor_[step], LargestDifference(before, values));
    }
  }

 private:
  const Program& program_;
  const std::vector<const LayerCapture*> others_;
  std::vector<double>& floor_;
};

}  // namespace

absl::StatusOr<std::vector<double>> MeasureNoiseFloor(const ReferenceModel& model,
                                                      std::span<const float> features,
                                                      const LayerCapture& referee) {
  const Numerics deployed = {Dtype::kF32, {}, {}};
  ASSAY_ASSIGN_OR_RETURN(const Forward in_order, Forward::Make(model, deployed));
  ASSAY_ASSIGN_OR_RETURN(const Forward permuted,
                         Forward::Make(model, deployed, SumOrder::kDescending));
  const Program& program = in_order.program();
  std::vector<double> floor(program.steps.size());
  LayerCapture floats(program.steps.size());
  FloorObserver against_referee(program, {&referee}, floor);
  ObserverPair both(floats, against_referee);
  ASSAY_RETURN_IF_ERROR(in_order.Run(features, both));
  FloorObserver against_both(program, {&referee, &floats}, floor);
  ASSAY_RETURN_IF_ERROR(permuted.Run(features, against_both));
  return floor;
}

}  // namespace assay
