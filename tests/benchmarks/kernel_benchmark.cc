// Kernels of the reference model on one thread, each beside its limit in the same run: the MLP
// 768-3072-768 with GELU beside oneDNN with packed weights, the int8 product beside oneDNN's
// u8s8s32, activations beside a plain copy. Times are CPU time of the thread, so that a busy
// machine disturbs less; but two threads against one, of the whole network as the server runs it,
// are wall time.
//
// Usage: OMP_NUM_THREADS=1 kernel_benchmark

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <dnnl.hpp>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "evaluators/kernels/activation.h"
#include "evaluators/kernels/float_activation.h"
#include "evaluators/kernels/isa.h"
#include "evaluators/kernels/packed_codes.h"
#include "evaluators/kernels/packed_matrix.h"
#include "evaluators/model/forward.h"
#include "evaluators/model/reference_model.h"
#include "server/base/thread_pool.h"
#include "server/run/parallel_for.h"

namespace {

using assay::Isa;
using dnnl::memory;

constexpr std::int64_t kWidth = 768;
constexpr std::int64_t kHidden = 3072;
const assay::Activation kGelu = {assay::ActivationKind::kGelu, 0};

double CpuSeconds() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double BestOf(int rounds, const std::function<void()>& work) {
  double best = 1e9;
  for (int round = 0; round < rounds; ++round) {
    const double begin = CpuSeconds();
    work();
    best = std::min(best, CpuSeconds() - begin);
  }
  return best;
}

template <typename T>
std::vector<T> Normals(std::int64_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<T> normal(0, T{0.05});
  std::vector<T> values(static_cast<std::size_t>(size));
  std::generate(values.begin(), values.end(), [&] { return normal(random); });
  return values;
}

// oneDNN's product of `rows` x `in` with packed weights of `out` x `in`, GELU behind it if asked.
class ReferenceProduct {
 public:
  ReferenceProduct(std::int64_t rows, std::int64_t in, std::int64_t out, memory::data_type x,
                   memory::data_type w, memory::data_type y, bool has_gelu)
      : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {
    const memory::desc x_desc({rows, in}, x, memory::format_tag::ab);
    const memory::desc w_desc({in, out}, w, memory::format_tag::any);
    const memory::desc y_desc({rows, out}, y, memory::format_tag::ab);
    dnnl::primitive_attr attributes;
    if (has_gelu) {
      dnnl::post_ops after;
      after.append_eltwise(1, dnnl::algorithm::eltwise_gelu_erf, 0, 0);
      attributes.set_post_ops(after);
    }
    const dnnl::matmul::primitive_desc description(dnnl::matmul::desc(x_desc, w_desc, y_desc),
                                                   attributes, engine_);
    product_ = dnnl::matmul(description);
    x_ = memory(x_desc, engine_);
    w_ = memory(description.weights_desc(), engine_);
    y_ = memory(y_desc, engine_);
    for (const memory& buffer : {x_, w_, y_}) {
      std::memset(buffer.get_data_handle(), 0, buffer.get_desc().get_size());
    }
  }
  void Run() {
    product_.execute(stream_, {{DNNL_ARG_SRC, x_}, {DNNL_ARG_WEIGHTS, w_}, {DNNL_ARG_DST, y_}});
    stream_.wait();
  }

 private:
  dnnl::engine engine_;
  dnnl::stream stream_;
  dnnl::matmul product_;
  memory x_, w_, y_;
};

template <typename T>
double MlpSeconds(std::int64_t batch) {
  const std::vector<T> x = Normals<T>(batch * kWidth, 1);
  const std::vector<T> bias(static_cast<std::size_t>(kHidden), T{0.1});
  const assay::PackedMatrix<T> up(Normals<T>(kHidden * kWidth, 2), kHidden, kWidth);
  const assay::PackedMatrix<T> down(Normals<T>(kWidth * kHidden, 3), kWidth, kHidden);
  std::vector<T> hidden(static_cast<std::size_t>(batch * kHidden));
  std::vector<T> y(static_cast<std::size_t>(batch * kWidth));
  return BestOf(15, [&] {
    up.Multiply(x.data(), batch, kWidth, bias, hidden.data(), kHidden);
    if constexpr (sizeof(T) == sizeof(float)) {
      assay::ApplyFloatActivation(kGelu, hidden, hidden);
    }
    down.Multiply(hidden.data(), batch, kHidden, {}, y.data(), kWidth);
  });
}

void MeasureMlp() {
  using Type = memory::data_type;
  for (const std::int64_t batch : {256, 32, 1}) {
    ReferenceProduct up(batch, kWidth, kHidden, Type::f32, Type::f32, Type::f32, true);
    ReferenceProduct down(batch, kHidden, kWidth, Type::f32, Type::f32, Type::f32, false);
    const double reference = BestOf(15, [&] {
      up.Run();
      down.Run();
    });
    const double floats = MlpSeconds<float>(batch);
    const double doubles = MlpSeconds<double>(batch);
    std::printf(
        "MLP 768-3072-768, batch %d: oneDNN %.2f ms, float32 %.2f ms (%.0f %% of oneDNN), "
        "double without GELU %.2f ms (%.0f %% of float32)\n",
        static_cast<int>(batch), reference * 1e3, floats * 1e3, 100 * reference / floats,
        doubles * 1e3, 100 * floats / doubles);
  }
}

double WallSeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// A network 768-3072-768 with GELU, weights of a fixed seed.
assay::ReferenceModel LargeMlp() {
  const auto architecture = assay::ParseArchitecture(
      R"({"format":"assay.architecture/v1","input":{"features":768},"outputs":{"embedding":"down"},)"
      R"("blocks":[{"type":"linear","name":"up","in":768,"out":3072,"bias":false,)"
      R"("activation":"gelu"},{"type":"linear","name":"down","in":3072,"out":768,"bias":false}]})");
  const std::vector<float> up = Normals<float>(kHidden * kWidth, 2);
  const std::vector<float> down = Normals<float>(kWidth * kHidden, 3);
  const std::size_t bytes = up.size() * sizeof(float);
  const std::string header =
      R"({"up.weight":{"dtype":"F32","shape":[3072,768],"data_offsets":[0,)" +
      std::to_string(bytes) +
      R"(]},"down.weight":{"dtype":"F32","shape":[768,3072],"data_offsets":[)" +
      std::to_string(bytes) + "," + std::to_string(2 * bytes) + "]}}";
  const std::uint64_t header_bytes = header.size();
  std::string file(reinterpret_cast<const char*>(&header_bytes), sizeof(header_bytes));
  file += header;
  file.append(reinterpret_cast<const char*>(up.data()), bytes);
  file.append(reinterpret_cast<const char*>(down.data()), bytes);
  return *assay::ReferenceModel::Load(*architecture, file);
}

// Wants no results: what is measured is the computation.
class NoObserver : public assay::LayerObserver {
 public:
  bool WantsResults(std::size_t /*step*/) const override { return false; }
};

void MeasureThreads() {
  constexpr std::int64_t kBatch = 256;
  constexpr int kRounds = 25;
  const assay::Numerics numerics = {assay::Dtype::kF32, {}, {}};
  const auto forward = *assay::Forward::Make(LargeMlp(), numerics);
  const std::vector<float> features = Normals<float>(kBatch * kWidth, 1);
  assay::ThreadPool pool(1);
  const assay::ParallelFor two = assay::run::MakeParallelFor(pool, 1);
  NoObserver observer;
  double one_thread = 1e9;
  double two_threads = 1e9;
  // In turn, so that both meet the same machine.
  for (int round = 0; round < kRounds; ++round) {
    const double begin = WallSeconds();
    const bool is_ok = forward.Run(features, observer).ok();
    const double middle = WallSeconds();
    if (!is_ok || !forward.Run(features, observer, two).ok()) {
      std::printf("the network does not run\n");
      return;
    }
    one_thread = std::min(one_thread, middle - begin);
    two_threads = std::min(two_threads, WallSeconds() - middle);
  }
  std::printf(
      "MLP 768-3072-768, batch 256, float32 through Forward, wall time: one thread %.2f ms, "
      "two %.2f ms, %.2f times one (at least 1.8)\n",
      one_thread * 1e3, two_threads * 1e3, one_thread / two_threads);
}

void MeasureCodes() {
  constexpr std::int64_t kBatch = 256;
  using Type = memory::data_type;
  ReferenceProduct product(kBatch, kWidth, kHidden, Type::u8, Type::s8, Type::s32, false);
  const double reference = BestOf(30, [&] { product.Run(); });
  std::mt19937 random(4);
  std::vector<std::uint8_t> x(kBatch * kWidth);
  std::vector<std::int8_t> weights(kHidden * kWidth);
  std::generate(x.begin(), x.end(), [&] { return static_cast<std::uint8_t>(random()); });
  std::generate(weights.begin(), weights.end(), [&] { return static_cast<std::int8_t>(random()); });
  std::vector<std::int32_t> y(kBatch * kHidden);
  constexpr double kWork = 2e-9 * kBatch * kWidth * kHidden;
  std::printf("u8 x s8 256 x 768 x 3072: oneDNN %.0f Gop/s\n", kWork / reference);
  for (const Isa isa : {Isa::kV3, Isa::kV4}) {
    if (assay::SelectIsa(isa)) {
      const assay::PackedCodes packed(weights, kHidden, kWidth);
      const double seconds =
          BestOf(30, [&] { packed.Multiply(x.data(), kBatch, kWidth, y.data(), kHidden); });
      std::printf("  %s: %.0f Gop/s, %.0f %% of oneDNN\n", assay::ActiveIsaText().c_str(),
                  kWork / seconds, 100 * reference / seconds);
    }
  }
}

void MeasureActivations() {
  constexpr std::int64_t kSize = 10'000'000;
  std::vector<float> x = Normals<float>(kSize, 5);
  for (float& value : x) {
    value *= 40;
  }
  std::vector<float> y(x.size());
  const double copy = BestOf(15, [&] { std::copy(x.begin(), x.end(), y.begin()); });
  std::printf("copy of 10 M float32: %.2f G/s\n", 1e-9 * kSize / copy);
  using Kind = assay::ActivationKind;
  for (const auto& [kind, name] :
       {std::pair{Kind::kGelu, "gelu"}, std::pair{Kind::kSilu, "silu"},
        std::pair{Kind::kTanh, "tanh"}, std::pair{Kind::kSigmoid, "sigmoid"}}) {
    std::printf("  %s:", name);
    for (const Isa isa : {Isa::kV3, Isa::kV4}) {
      if (assay::SelectIsa(isa)) {
        const double seconds = BestOf(15, [&] { assay::ApplyFloatActivation({kind, 0}, x, y); });
        std::printf(" %s %.2f G/s, %.0f %% of copy;", std::string(IsaName(isa)).c_str(),
                    1e-9 * kSize / seconds, 100 * copy / seconds);
      }
    }
    std::printf("\n");
  }
}

}  // namespace

int main() {
  MeasureMlp();
  MeasureThreads();
  MeasureCodes();
  MeasureActivations();
  return 0;
}
