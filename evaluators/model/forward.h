#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluators/evaluator.h"
#include "evaluators/model/numerics.h"
#include "evaluators/model/program.h"
#include "evaluators/model/reference_model.h"

namespace assay {

// Watches a network run. Called on the thread that runs it.
class LayerObserver {
 public:
  virtual ~LayerObserver() = default;
  virtual void OnStart(std::size_t /*step*/) {}
  // The step is computed for rows [first_row, first_row + num_rows). OnDone follows where it is
  // wanted, after the results have been made doubles.
  virtual void OnComputed(std::size_t /*step*/, std::int64_t /*first_row*/,
                          std::int64_t /*num_rows*/) {}
  // Whether OnDone is to be called for a step. Asked once a call of Run or more often.
  virtual bool WantsResults(std::size_t /*step*/) const { return true; }
  // `values` are the results of a step for rows [first_row, first_row + n), row-major; they are
  // gone after the call.
  virtual void OnDone(std::size_t /*step*/, std::int64_t /*first_row*/,
                      std::span<const double> /*values*/) {}
};

// Hands every call to two observers.
class ObserverPair : public LayerObserver {
 public:
  ObserverPair(LayerObserver& first, LayerObserver& second) : first_(first), second_(second) {}
  void OnStart(std::size_t step) override {
    first_.OnStart(step);
    second_.OnStart(step);
  }
  void OnComputed(std::size_t step, std::int64_t first_row, std::int64_t num_rows) override {
    first_.OnComputed(step, first_row, num_rows);
    second_.OnComputed(step, first_row, num_rows);
  }
  bool WantsResults(std::size_t step) const override {
    return first_.WantsResults(step) || second_.WantsResults(step);
  }
  void OnDone(std::size_t step, std::int64_t first_row, std::span<const double> values) override {
    for (LayerObserver* const observer : {&first_, &second_}) {
      if (observer->WantsResults(step)) {
        observer->OnDone(step, first_row, values);
      }
    }
  }

 private:
  LayerObserver& first_;
  LayerObserver& second_;
};

// In which order float32 products add their terms.
enum class SumOrder : std::uint8_t {
  kAscending,   // as every run does
  kDescending,  // to see what the order alone does to results
};

// A network ready to run. A row's results depend on nothing but the row: neither on how many rows
// there are nor on where it stands. Immutable; thread-safe.
class Forward {
 public:
  // FAILED_PRECONDITION when a static scheme lacks the input code of a product.
  // `order` concerns kF32 alone.
  static absl::StatusOr<Forward> Make(const ReferenceModel& model, const Numerics& numerics,
                                      SumOrder order = SumOrder::kAscending);
  ~Forward();
  Forward(Forward&&) noexcept;
  Forward& operator=(Forward&&) noexcept;

  const Program& program() const;
  std::int64_t num_features() const;

  // Runs rows of `features` (as stored, before the input's scale), num_features each, on the
  // calling thread. INVALID_ARGUMENT when a softmax layer is given nothing but -inf.
  absl::Status Run(std::span<const float> features, LayerObserver& observer) const;
  // The same with the rows of each step shared out among the threads of `parallel_for`, which
  // changes no bit. The observer is called on the calling thread.
  absl::Status Run(std::span<const float> features, LayerObserver& observer,
                   const ParallelFor& parallel_for) const;

 private:
  class Impl;
  explicit Forward(std::unique_ptr<const Impl> impl);
  std::unique_ptr<const Impl> impl_;
};

// Keeps the results of every step, or of some.
class LayerCapture : public LayerObserver {
 public:
  explicit LayerCapture(std::size_t num_steps) : layers_(num_steps) {}
  LayerCapture(std::size_t num_steps, const std::vector<int>& steps);
  bool WantsResults(std::size_t step) const override { return !wanted_ || (*wanted_)[step]; }
  void OnDone(std::size_t step, std::int64_t first_row, std::span<const double> values) override;
  // Row-major, as many rows as ran.
  const std::vector<double>& layer(std::size_t step) const { return layers_[step]; }
  std::vector<double> TakeLayer(std::size_t step) { return std::move(layers_[step]); }

 private:
  std::vector<std::vector<double>> layers_;
  std::optional<std::vector<bool>> wanted_;
};

// Input codes of a static scheme, from rows of a calibration slice run by the referee.
// INVALID_ARGUMENT when there are no rows.
absl::StatusOr<InputCodes> CalibrateInputs(const ReferenceModel& model,
                                           const QuantizationScheme& scheme,
                                           std::span<const float> features);

}  // namespace assay
