// Expected values of the ONNX project for the operators that we have.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "evaluators/kernels/float_activation.h"
#include "evaluators/kernels/packed_codes.h"
#include "evaluators/kernels/softmax.h"
#include "evaluators/model/linear.h"
#include "evaluators/model/normalization.h"
#include "evaluators/model/quantization.h"
#include "tests/unit/evaluators/kernels/levels.h"
#include "tests/unit/evaluators/onnx_case.h"

namespace assay {
namespace {

using Values = std::vector<double>;

std::int64_t Product(std::span<const std::int64_t> sizes) {
  std::int64_t product = 1;
  for (const std::int64_t size : sizes) {
    product *= size;
  }
  return product;
}

// The values of `tensor` for each element of `shape`, sizes matched from the right.
Values Broadcast(const OnnxTensor& tensor, const std::vector<std::int64_t>& shape) {
  Values values;
  const std::size_t lead = shape.size() - tensor.shape.size();
  for (std::int64_t i = 0; i < Product(shape); ++i) {
    std::int64_t rest = i;
    std::int64_t at = 0;
    std::int64_t stride = 1;
    for (std::size_t axis = shape.size(); axis-- > lead;) {
      const std::int64_t size = tensor.shape[axis - lead];
      at += size == 1 ? 0 : (rest % shape[axis]) * stride;
      rest /= shape[axis];
      stride *= size;
    }
    values.push_back(tensor.values[static_cast<std::size_t>(at)]);
  }
  return values;
}

Values Activate(const Activation& activation, const Values& x) {
  const std::vector<float> inputs(x.begin(), x.end());
  std::vector<float> y(inputs.size());
  ApplyFloatActivation(activation, inputs, y);
  return {y.begin(), y.end()};
}

Values Scaled(Values values, double factor) {
  for (double& value : values) {
    value *= factor;
  }
  return values;
}

Values Selu(const OnnxCase& test) {
  const double alpha = test.Attribute("alpha", 1.6732632423543772);
  const double gamma = test.Attribute("gamma", 1.0507009873554805);
  return Scaled(Activate({ActivationKind::kElu, alpha}, test.inputs[0].values), gamma);
}

Values Prelu(const OnnxCase& test) {
  const Values slopes = Broadcast(test.inputs[1], test.inputs[0].shape);
  Values y;
  for (std::size_t i = 0; i < slopes.size(); ++i) {
    y.push_back(Activate({ActivationKind::kPrelu, slopes[i]}, {test.inputs[0].values[i]})[0]);
  }
  return y;
}

std::size_t AxisOf(const OnnxCase& test) {
  const auto axis = static_cast<std::int64_t>(test.Attribute("axis", -1));
  const std::int64_t rank = std::ssize(test.inputs[0].shape);
  return static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
}

// Along one axis.
Values SoftmaxOf(const OnnxCase& test, bool is_log) {
  const std::span<const std::int64_t> shape(test.inputs[0].shape);
  const std::size_t axis = AxisOf(test);
  const std::int64_t inner = Product(shape.subspan(axis + 1));
  const std::int64_t size = shape[axis];
  Values y = test.inputs[0].values;
  for (std::int64_t first = 0; first < std::ssize(y); ++first) {
    if (first / inner % size != 0) {
      continue;
    }
    Values line;
    for (std::int64_t i = 0; i < size; ++i) {
      line.push_back(y[static_cast<std::size_t>(first + i * inner)]);
    }
    EXPECT_TRUE((is_log ? LogSoftmax(line, 1, line) : Softmax(line, 1, line)).ok());
    for (std::int64_t i = 0; i < size; ++i) {
      y[static_cast<std::size_t>(first + i * inner)] = line[static_cast<std::size_t>(i)];
    }
  }
  return y;
}

// Over the axes from `axis` on.
Values LayerNormOf(const OnnxCase& test) {
  const std::span<const std::int64_t> shape(test.inputs[0].shape);
  const auto width = static_cast<std::size_t>(Product(shape.subspan(AxisOf(test))));
  const Values beta = test.inputs.size() > 2 ? test.inputs[2].values : Values();
  Values y = test.inputs[0].values;
  for (std::size_t begin = 0; begin < y.size(); begin += width) {
    const auto row = std::span(y).subspan(begin, width);
    LayerNorm(row, test.inputs[1].values, beta, test.Attribute("epsilon", 1e-5), row);
  }
  return y;
}

Values Transposed(const OnnxTensor& matrix) {
  Values values;
  for (std::int64_t column = 0; column < matrix.shape[1]; ++column) {
    for (std::int64_t row = 0; row < matrix.shape[0]; ++row) {
      values.push_back(matrix.values[static_cast<std::size_t>(row * matrix.shape[1] + column)]);
    }
  }
  return values;
}

// alpha A B + beta C, with B as the weights of a layer.
Values Gemm(const OnnxCase& test) {
  const OnnxTensor& a = test.inputs[0];
  const OnnxTensor& b = test.inputs[1];
  const bool is_a_transposed = test.Attribute("transA", 0) != 0;
  const bool is_b_transposed = test.Attribute("transB", 0) != 0;
  const std::int64_t rows = a.shape[is_a_transposed ? 1 : 0];
  const std::int64_t depth = a.shape[is_a_transposed ? 0 : 1];
  const std::int64_t columns = b.shape[is_b_transposed ? 0 : 1];
  const Values left = is_a_transposed ? Transposed(a) : a.values;
  const Linear<float> layer(is_b_transposed ? b.values : Transposed(b), {}, depth, columns);
  std::vector<float> products(static_cast<std::size_t>(rows * columns));
  layer.Multiply(std::vector<float>(left.begin(), left.end()), rows, products);
  Values y = Scaled({products.begin(), products.end()}, test.Attribute("alpha", 1));
  if (test.inputs.size() > 2) {
    const Values c = Broadcast(test.inputs[2], {rows, columns});
    for (std::size_t i = 0; i < y.size(); ++i) {
      y[i] += test.Attribute("beta", 1) * c[i];
    }
  }
  return y;
}

// (A - a) (B - b) with whole zero points.
Values IntegerProduct(const OnnxCase& test) {
  const OnnxTensor& a = test.inputs[0];
  const OnnxTensor& b = test.inputs[1];
  const double zero_of_b = test.inputs[3].values[0];
  std::vector<std::int8_t> codes;
  for (const double value : Transposed(b)) {
    codes.push_back(static_cast<std::int8_t>(value - zero_of_b));
  }
  const std::vector<std::uint8_t> x(a.values.begin(), a.values.end());
  const PackedCodes packed(codes, b.shape[1], b.shape[0]);
  std::vector<std::int32_t> sums(static_cast<std::size_t>(a.shape[0] * b.shape[1]));
  packed.Multiply(x.data(), a.shape[0], a.shape[1], sums.data(), b.shape[1]);
  Values y;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const std::int32_t row_sum = packed.row_sums()[i % packed.row_sums().size()];
    y.push_back(sums[i] - test.inputs[2].values[0] * row_sum);
  }
  return y;
}

Values Codes(const OnnxTensor& x, const InputCode& code) {
  const std::vector<float> values(x.values.begin(), x.values.end());
  std::vector<std::int16_t> codes(values.size());
  QuantizeInput(values, code, false, codes);
  return {codes.begin(), codes.end()};
}

Values Quantized(const OnnxCase& test) {
  return Codes(test.inputs[0], {static_cast<float>(test.inputs[1].values[0]),
                                static_cast<std::int32_t>(test.inputs[2].values[0])});
}

// Scale and zero point are checked to the bit.
Values DynamicallyQuantized(const OnnxCase& test) {
  Values values = test.inputs[0].values;
  const InputCode code = Calibrate(*ParseQuantization("static_asym_u8_per_tensor_minmax"), values);
  EXPECT_EQ(code.scale, static_cast<float>(test.outputs[1].values[0]));
  EXPECT_EQ(code.zero_point, test.outputs[2].values[0]);
  return Codes(test.inputs[0], code);
}

// An operator, what we have for it, and how many cases the package holds of it.
struct Operator {
  std::string name;
  Values (*run)(const OnnxCase& test);
  std::size_t num_cases;
};

template <ActivationKind kKind>
Values Plain(const OnnxCase& test) {
  return Activate({kKind, 0}, test.inputs[0].values);
}

const std::vector<Operator>& Operators() {
  static const std::vector<Operator> kOperators = {
      {"Relu", Plain<ActivationKind::kRelu>, 1},
      {"Sigmoid", Plain<ActivationKind::kSigmoid>, 2},
      {"Tanh", Plain<ActivationKind::kTanh>, 2},
      {"Softplus", Plain<ActivationKind::kSoftplus>, 2},
      {"Softsign", Plain<ActivationKind::kSoftsign>, 2},
      {"HardSwish", Plain<ActivationKind::kHardswish>, 1},
      {"LeakyRelu",
       [](const OnnxCase& test) {
         return Activate({ActivationKind::kLeakyRelu, test.Attribute("alpha", 0.01)},
                         test.inputs[0].values);
       },
       3},
      {"Elu",
       [](const OnnxCase& test) {
         return Activate({ActivationKind::kElu, test.Attribute("alpha", 1)}, test.inputs[0].values);
       },
       3},
      {"Selu", Selu, 3},
      {"PRelu", Prelu, 2},
      {"Softmax", [](const OnnxCase& test) { return SoftmaxOf(test, false); }, 7},
      {"LogSoftmax", [](const OnnxCase& test) { return SoftmaxOf(test, true); }, 7},
      {"LayerNormalization", LayerNormOf, 19},
      {"Gemm", Gemm, 11},
      {"MatMulInteger", IntegerProduct, 1},
      {"DynamicQuantizeLinear", DynamicallyQuantized, 3},
      {"QuantizeLinear", Quantized, 1},
  };
  return kOperators;
}

// Those with one scale for all channels, for quantisers.
std::vector<OnnxCase> CasesOf(const std::string& op) {
  static const std::vector<OnnxCase> kCases = ReadOnnxCases();
  std::vector<OnnxCase> cases;
  for (const OnnxCase& test : kCases) {
    if (test.op != op) {
      continue;  // and may have fewer inputs
    }
    const bool has_axis = op == "QuantizeLinear" && test.inputs[1].values.size() > 1;
    if (!has_axis) {
      cases.push_back(test);
    }
  }
  return cases;
}

class OnnxNodeTest : public testing::TestWithParam<Operator> {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kOnnxNodeTests)) {
      GTEST_SKIP() << "libonnx-testdata is not installed";
    }
  }

 private:
  const LevelScope restore_;
};

TEST_P(OnnxNodeTest, GivesTheExpectedOutputsAtEveryLevel) {
  // The tolerance of ONNX's own loader.
  constexpr double kRelative = 1e-3;
  constexpr double kAbsolute = 1e-7;
  const std::vector<OnnxCase> cases = CasesOf(GetParam().name);
  EXPECT_GE(cases.size(), GetParam().num_cases);
  for (const Isa isa : Levels()) {
    ASSERT_TRUE(SelectIsa(isa));
    for (const OnnxCase& test : cases) {
      const Values actual = GetParam().run(test);
      const Values& expected = test.outputs[0].values;
      ASSERT_EQ(actual.size(), expected.size()) << test.name;
      for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_NEAR(actual[i], expected[i], kAbsolute + kRelative * std::fabs(expected[i]))
            << test.name << " at " << IsaName(isa);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Operators, OnnxNodeTest, testing::ValuesIn(Operators()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace assay
