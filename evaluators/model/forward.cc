#include "evaluators/model/forward.h"

#include <algorithm>
#include <memory>
#include <type_traits>
#include <utility>

#include "absl/strings/str_format.h"
#include "evaluators/kernels/float_activation.h"
#include "evaluators/kernels/softmax.h"
#include "evaluators/model/linear.h"
#include "evaluators/model/normalization.h"
#include "evaluators/model/safetensors.h"
#include "evaluators/status_macros.h"

namespace assay {
namespace {

// Rows between two calls of an observer for one layer.
constexpr std::int64_t kTileRows = 1024;

// Rows of a step that one thread computes at a time.
constexpr std::int64_t kBlockRows = 128;

// Room for the results of a step, not initialised: its pages are first touched by the threads that
// compute them.
template <typename T>
class Results {
 public:
  std::span<T> Resize(std::int64_t size) {
    if (capacity_ < size) {
      values_ = std::make_unique_for_overwrite<T[]>(static_cast<std::size_t>(size));
      capacity_ = size;
    }
    size_ = size;
    return {values_.get(), static_cast<std::size_t>(size_)};
  }
  std::span<const T> values() const { return {values_.get(), static_cast<std::size_t>(size_)}; }

 private:
  std::unique_ptr<T[]> values_;
  std::int64_t capacity_ = 0;
  std::int64_t size_ = 0;
};

// `n` rows of `width` from row `begin` on.
template <typename T>
std::span<T> RowsOf(std::span<T> values, std::int64_t width, std::int64_t begin, std::int64_t n) {
  return values.subspan(static_cast<std::size_t>(begin * width),
                        static_cast<std::size_t>(n * width));
}

// The products of a network, one a step; nullptr where the step is none.
template <typename T>
using Products = std::vector<std::unique_ptr<const Linear<T>>>;
using QuantizedProducts = std::vector<std::unique_ptr<const QuantizedLinear>>;

// Each row of `width` values from its last to its first.
template <typename T>
std::vector<T> RowsReversed(std::span<const T> rows, std::int64_t width) {
  std::vector<T> reversed(rows.begin(), rows.end());
  for (auto row = reversed.begin(); row != reversed.end(); row += width) {
    std::reverse(row, row + width);
  }
  return reversed;
}

// Runs `row(x, y)` in double for each row, rounding once where T is float.
template <typename T, typename Row>
absl::Status ByRow(std::span<const T> x, std::int64_t in, std::span<T> y, std::int64_t out,
                   const Row& row) {
  std::vector<double> from(static_cast<std::size_t>(in));
  std::vector<double> to(static_cast<std::size_t>(out));
  const std::size_t num_rows = x.size() / from.size();
  for (std::size_t r = 0; r < num_rows; ++r) {
    std::copy_n(x.begin() + static_cast<std::ptrdiff_t>(r * from.size()), from.size(),
                from.begin());
    ASSAY_RETURN_IF_ERROR(row(std::span<const double>(from), std::span<double>(to)));
    std::transform(to.begin(), to.end(), y.begin() + static_cast<std::ptrdiff_t>(r * to.size()),
                   [](double value) { return static_cast<T>(value); });
  }
  return absl::OkStatus();
}

}  // namespace

class Forward::Impl {
 public:
  absl::Status Prepare(const ReferenceModel& model, const Numerics& numerics, SumOrder order) {
    dtype_ = numerics.dtype;
    is_reversed_ = order == SumOrder::kDescending;
    if (dtype_ == Dtype::kBf16 || dtype_ == Dtype::kF16) {
      model_ = model.WithTensors(dtype_ == Dtype::kBf16 ? RoundedToBfloat16 : RoundedToHalf);
    } else {
      model_ = model;
    }
    program_ = MakeProgram(model_.architecture());
    for (const Step& step : program_.steps) {
      ASSAY_RETURN_IF_ERROR(AddProduct(step, numerics));
    }
    return absl::OkStatus();
  }

  const Program& program() const { return program_; }
  std::int64_t num_features() const { return model_.architecture().num_features; }

  // On the calling thread when `parallel_for` is nullptr.
  absl::Status Run(std::span<const float> features, LayerObserver& observer,
                   const ParallelFor* parallel_for) const {
    const bool is_double = dtype_ != Dtype::kF32 && dtype_ != Dtype::kInt8;
    return is_double ? RunTiles<double>(features, observer, parallel_for)
                     : RunTiles<float>(features, observer, parallel_for);
  }

 private:
  absl::Status AddProduct(const Step& step, const Numerics& numerics) {
    doubles_.emplace_back();
    floats_.emplace_back();
    quantized_.emplace_back();
    if (step.type != StepType::kLinear) {
      return absl::OkStatus();
    }
    const std::span<const double> weight = model_.Tensor(step.tensor + ".weight");
    const std::span<const double> bias = model_.Tensor(step.tensor + ".bias");
    if (dtype_ == Dtype::kF32) {
      const std::vector<double> reversed =
          is_reversed_ ? RowsReversed(weight, step.in) : std::vector<double>();
      floats_.back() = std::make_unique<Linear<float>>(is_reversed_ ? reversed : weight, bias,
                                                       step.in, step.out);
    } else if (dtype_ != Dtype::kInt8) {
      doubles_.back() = std::make_unique<Linear<double>>(weight, bias, step.in, step.out);
    } else {
      std::optional<InputCode> input;
      if (numerics.scheme.range == QuantizationScheme::Range::kStatic) {
        const auto found = numerics.inputs.find(step.name);
        if (found == numerics.inputs.end()) {
          return absl::FailedPreconditionError(
              absl::StrFormat("layer '%s' has not been calibrated", step.name));
        }
        input = found->second;
      }
      quantized_.back() = std::make_unique<QuantizedLinear>(weight, bias, step.in, step.out,
                                                            numerics.scheme, input);
    }
    return absl::OkStatus();
  }

  template <typename T>
  absl::Status RunTiles(std::span<const float> features, LayerObserver& observer,
                        const ParallelFor* parallel_for) const {
    const std::int64_t num_rows = static_cast<std::int64_t>(features.size()) / num_features();
    std::vector<Results<T>> results(program_.steps.size());
    std::vector<T> input;
    for (std::int64_t row = 0; row < num_rows; row += kTileRows) {
      const std::int64_t rows = std::min(kTileRows, num_rows - row);
      input.resize(static_cast<std::size_t>(rows * num_features()));
      for (std::size_t i = 0; i < input.size(); ++i) {
        const double feature = features[static_cast<std::size_t>(row * num_features()) + i];
        input[i] = static_cast<T>(feature * model_.architecture().scale);
      }
      ASSAY_RETURN_IF_ERROR(RunTile<T>(input, row, rows, results, observer, parallel_for));
    }
    return absl::OkStatus();
  }

  template <typename T>
  absl::Status RunTile(const std::vector<T>& input, std::int64_t first_row, std::int64_t rows,
                       std::vector<Results<T>>& results, LayerObserver& observer,
                       const ParallelFor* parallel_for) const {
    const auto read = [&](int step) -> std::span<const T> {
      return step == kInput ? input : results[static_cast<std::size_t>(step)].values();
    };
    for (std::size_t i = 0; i < program_.steps.size(); ++i) {
      const Step& step = program_.steps[i];
      observer.OnStart(i);
      const std::span<T> y = results[i].Resize(rows * step.out);
      ASSAY_RETURN_IF_ERROR(RunBlocks<T>(i, rows, read(step.a), read(step.b), y, parallel_for));
      observer.OnComputed(i, first_row, rows);
      if (!observer.WantsResults(i)) {
        continue;
      }
      if constexpr (std::is_same_v<T, double>) {
        observer.OnDone(i, first_row, y);
      } else {
        observer.OnDone(i, first_row, std::vector<double>(y.begin(), y.end()));
      }
    }
    return absl::OkStatus();
  }

  // Rows do not depend on each other, so blocks of them may run at once.
  template <typename T>
  absl::Status RunBlocks(std::size_t i, std::int64_t rows, std::span<const T> a,
                         std::span<const T> b, std::span<T> y,
                         const ParallelFor* parallel_for) const {
    const Step& step = program_.steps[i];
    const std::int64_t num_blocks = (rows + kBlockRows - 1) / kBlockRows;
    if (parallel_for == nullptr || num_blocks < 2) {
      return RunStep<T>(i, rows, a, b, y);
    }
    const bool reads_b = step.type == StepType::kGate || step.type == StepType::kAdd;
    std::vector<absl::Status> statuses(static_cast<std::size_t>(num_blocks));
    (*parallel_for)(num_blocks, [&](std::int64_t block) {
      const std::int64_t begin = block * kBlockRows;
      const std::int64_t n = std::min(kBlockRows, rows - begin);
      statuses[static_cast<std::size_t>(block)] =
          RunStep<T>(i, n, RowsOf(a, step.in, begin, n),
                     reads_b ? RowsOf(b, step.out, begin, n) : std::span<const T>(),
                     RowsOf(y, step.out, begin, n));
    });
    for (const absl::Status& status : statuses) {
      ASSAY_RETURN_IF_ERROR(status);
    }
    return absl::OkStatus();
  }

  template <typename T>
  void Multiply(std::size_t step, std::int64_t rows, std::span<const T> a, std::span<T> y) const {
    if constexpr (std::is_same_v<T, double>) {
      doubles_[step]->Multiply(a, rows, y);
    } else if (floats_[step] != nullptr && is_reversed_) {
      floats_[step]->Multiply(RowsReversed(a, program_.steps[step].in), rows, y);
    } else if (floats_[step] != nullptr) {
      floats_[step]->Multiply(a, rows, y);
    } else {
      quantized_[step]->Multiply(a, rows, y);
    }
  }

  // Only float32 imitates the speed of deployments; the others round the double value once.
  template <typename T>
  void Activate(const Activation& activation, std::span<const T> x, std::span<T> y) const {
    if constexpr (std::is_same_v<T, float>) {
      if (dtype_ == Dtype::kF32) {
        ApplyFloatActivation(activation, x, y);
        return;
      }
    }
    ApplyActivation(activation, x, y);
  }

  template <typename T>
  absl::Status RunStep(std::size_t i, std::int64_t rows, std::span<const T> a, std::span<const T> b,
                       std::span<T> y) const {
    const Step& step = program_.steps[i];
    switch (step.type) {
      case StepType::kLinear:
        Multiply<T>(i, rows, a, y);
        return absl::OkStatus();
      case StepType::kActivation:
        if (step.slopes.empty()) {
          Activate<T>(step.activation, a, y);
        } else {
          ApplyPrelu(model_.Tensor(step.slopes), a, y);
        }
        return absl::OkStatus();
      case StepType::kGate:
        Activate<T>(step.activation, a, y);
        for (std::size_t k = 0; k < y.size(); ++k) {
          y[k] *= b[k];
        }
        return absl::OkStatus();
      case StepType::kAdd:
        for (std::size_t k = 0; k < y.size(); ++k) {
          y[k] = a[k] + b[k];
        }
        return absl::OkStatus();
      default:
        return ByRow<T>(a, step.in, y, step.out,
                        [&](std::span<const double> from, std::span<double> to) {
                          return RunRow(step, from, to);
                        });
    }
  }

  absl::Status RunRow(const Step& step, std::span<const double> from, std::span<double> to) const {
    switch (step.type) {
      case StepType::kFusedGate:
        ApplyGatedUnit(step.activation, step.order, from, to);
        break;
      case StepType::kLayerNorm:
        LayerNorm(from, model_.Tensor(step.tensor + ".weight"),
                  model_.Tensor(step.tensor + ".bias"), step.epsilon, to);
        break;
      case StepType::kRmsNorm:
        RmsNorm(from, model_.Tensor(step.tensor + ".weight"), step.epsilon, to);
        break;
      case StepType::kSoftmax: {
        const absl::Status status = Softmax(from, step.temperature, to);
        return status.ok() ? status
                           : absl::InvalidArgumentError(absl::StrFormat(
                                 "layer '%s': %s", step.name, std::string(status.message())));
      }
      default:
        L2Norm(from, to);
    }
    return absl::OkStatus();
  }

  Dtype dtype_ = Dtype::kF64;
  bool is_reversed_ = false;
  ReferenceModel model_;
  Program program_;
  Products<double> doubles_;
  Products<float> floats_;
  QuantizedProducts quantized_;
};

absl::StatusOr<Forward> Forward::Make(const ReferenceModel& model, const Numerics& numerics,
                                      SumOrder order) {
  auto impl = std::make_unique<Impl>();
  ASSAY_RETURN_IF_ERROR(impl->Prepare(model, numerics, order));
  return Forward(std::move(impl));
}

Forward::Forward(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
Forward::~Forward() = default;
Forward::Forward(Forward&&) noexcept = default;
Forward& Forward::operator=(Forward&&) noexcept = default;

const Program& Forward::program() const { return impl_->program(); }
std::int64_t Forward::num_features() const { return impl_->num_features(); }

absl::Status Forward::Run(std::span<const float> features, LayerObserver& observer) const {
  return impl_->Run(features, observer, nullptr);
}

absl::Status Forward::Run(std::span<const float> features, LayerObserver& observer,
                          const ParallelFor& parallel_for) const {
  return impl_->Run(features, observer, &parallel_for);
}

LayerCapture::LayerCapture(std::size_t num_steps, const std::vector<int>& steps)
    : layers_(num_steps), wanted_(std::vector<bool>(num_steps, false)) {
  for (const int step : steps) {
    if (step != kInput) {
      (*wanted_)[static_cast<std::size_t>(step)] = true;
    }
  }
}

void LayerCapture::OnDone(std::size_t step, std::int64_t /*first_row*/,
                          std::span<const double> values) {
  layers_[step].insert(layers_[step].end(), values.begin(), values.end());
}

absl::StatusOr<InputCodes> CalibrateInputs(const ReferenceModel& model,
                                           const QuantizationScheme& scheme,
                                           std::span<const float> features) {
  if (features.empty()) {
    return absl::InvalidArgumentError("the calibration slice has no rows");
  }
  ASSAY_ASSIGN_OR_RETURN(const Forward forward, Forward::Make(model, {}));
  LayerCapture capture(forward.program().steps.size());
  ASSAY_RETURN_IF_ERROR(forward.Run(features, capture));
  std::vector<double> input(features.begin(), features.end());
  for (double& value : input) {
    value *= model.architecture().scale;
  }
  InputCodes codes;
  for (const Step& step : forward.program().steps) {
    if (step.type == StepType::kLinear) {
      std::vector<double> values =
          step.a == kInput ? input : capture.layer(static_cast<std::size_t>(step.a));
      codes[step.name] = Calibrate(scheme, values);
    }
  }
  return codes;
}

}  // namespace assay
