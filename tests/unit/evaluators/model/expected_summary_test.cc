// Every value of expected_summary.json that we compute: swaps, int8 schemes, health, search.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "evaluators/kernels/softmax.h"
#include "evaluators/model/diagnosis.h"
#include "evaluators/model/layer_comparison.h"
#include "evaluators/model/model_comparison.h"
#include "evaluators/model/retrieval.h"
#include "tests/unit/evaluators/model/model_runs.h"
#include "tests/unit/evaluators/model/reference_data.h"

namespace assay {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;
using testing::HasSubstr;

constexpr double kTolerance = 1e-9;  // relative

const element& Summary() {
  static simdjson::dom::parser parser;
  static const element summary =
      parser.load(std::string(ASSAY_TEST_DATA) + "/reference_models/expected_summary.json");
  return summary;
}

double Number(const element& from, const char* key) { return from[key].get_double(); }

void ExpectRelative(double actual, double expected, double tolerance, const std::string& what) {
  EXPECT_LE(std::fabs(actual - expected), tolerance * std::fabs(expected) + 1e-15)
      << what << ": " << actual << " for " << expected;
}

std::size_t Best(const std::vector<double>& logits, std::size_t row) {
  const auto begin = logits.begin() + static_cast<std::ptrdiff_t>(row * 10);
  return static_cast<std::size_t>(std::max_element(begin, begin + 10) - begin);
}

void ExpectDifference(const LayerDifference& difference, const element& expected, double tolerance,
                      const std::string& what) {
  ExpectRelative(difference.max_abs, Number(expected, "max_abs"), tolerance, what);
  ExpectRelative(difference.mean_abs, Number(expected, "mean_abs"), tolerance, what);
  ExpectRelative(difference.rmse, Number(expected, "rmse"), tolerance, what);
  ExpectRelative(*difference.relative_l2, Number(expected, "rel_l2"), tolerance, what);
  ExpectRelative(*difference.sqnr_db, Number(expected, "sqnr_db"), tolerance, what);
  ExpectRelative(*difference.cosine, Number(expected, "cosine_all"), tolerance, what);
  ExpectRelative(*difference.lowest_cosine, Number(expected, "cosine_row_min"), tolerance, what);
  ExpectRelative(*difference.mean_cosine, Number(expected, "cosine_row_mean"), tolerance, what);
}

// `per_layer_sqnr_db`, of the products themselves.
void ExpectLayers(const ReferenceModel& model, const LayerCapture& before,
                  const LayerCapture& after, const element& expected, const std::string& what) {
  const Program program = MakeProgram(model.architecture());
  int layers = 0;
  for (const auto& layer : object(expected["per_layer_sqnr_db"].value())) {
    const std::size_t step = StepNamed(model, std::string(layer.key));
    const LayerDifference difference =
        CompareLayer(before.layer(step), after.layer(step), program.steps[step].out);
    ExpectRelative(*difference.sqnr_db, layer.value.get_double(), kTolerance, what);
    ++layers;
  }
  EXPECT_EQ(layers, 3) << what;
}

// Everything the summary says of logits before and after.
void ExpectLogits(const std::vector<double>& before, const std::vector<double>& after,
                  const std::vector<std::int32_t>& labels, const element& expected,
                  const std::string& what) {
  ExpectDifference(CompareLayer(before, after, 10), expected, kTolerance, what);
  std::int64_t flips = 0;
  std::int64_t fixed = 0;
  std::int64_t broken = 0;
  double right_before = 0;
  double right_after = 0;
  double divergence = 0;
  double largest_divergence = 0;
  std::vector<double> p(10);
  std::vector<double> q(10);
  for (std::size_t row = 0; row < labels.size(); ++row) {
    const std::size_t a = Best(before, row);
    const std::size_t b = Best(after, row);
    const auto label = static_cast<std::size_t>(labels[row]);
    flips += a != b ? 1 : 0;
    fixed += a != label && b == label ? 1 : 0;
    broken += a == label && b != label ? 1 : 0;
    right_before += a == label ? 1 : 0;
    right_after += b == label ? 1 : 0;
    ASSERT_TRUE(LogSoftmax(std::span(before).subspan(row * 10, 10), 1, p).ok());
    ASSERT_TRUE(LogSoftmax(std::span(after).subspan(row * 10, 10), 1, q).ok());
    double row_divergence = 0;
    for (std::size_t i = 0; i < 10; ++i) {
      row_divergence += std::exp(p[i]) * (p[i] - q[i]);
    }
    divergence += row_divergence;
    largest_divergence = std::max(largest_divergence, row_divergence);
  }
  EXPECT_EQ(flips, expected["prediction_flips"].get_int64().value()) << what;
  EXPECT_EQ(fixed, expected["fixed"].get_int64().value()) << what;
  EXPECT_EQ(broken, expected["broken"].get_int64().value()) << what;
  const auto num_rows = static_cast<double>(labels.size());
  EXPECT_EQ(labels.size(), expected["n"].get_uint64().value()) << what;
  ExpectRelative(right_before / num_rows, Number(expected, "accuracy_before"), kTolerance, what);
  ExpectRelative(right_after / num_rows, Number(expected, "accuracy_after"), kTolerance, what);
  // Sums of terms that nearly cancel.
  ExpectRelative(divergence / num_rows, Number(expected, "mean_kl"), 1e-6, what);
  ExpectRelative(largest_divergence, Number(expected, "max_kl"), 1e-6, what);
  ExpectRelative(MeanLoss(before, labels, 10, 1), Number(expected, "nll_before"), kTolerance, what);
  ExpectRelative(MeanLoss(after, labels, 10, 1), Number(expected, "nll_after"), kTolerance, what);
}

class SummaryTest : public testing::TestWithParam<std::string> {
 protected:
  const ReferenceModel model_ = LoadReferenceModel(GetParam());
  const Digits test_ = LoadDigits("test");
  const element expected_ = Summary()["models"][GetParam()].value();
};

TEST_P(SummaryTest, SwapsGiveTheExpectedStatistics) {
  const std::size_t head = StepNamed(model_, "head");
  const LayerCapture before = Capture(model_, {}, test_.features);
  int swaps = 0;
  for (const auto& swap : object(expected_["swap_without_retraining"].value())) {
    const std::string name = GetParam() + " " + std::string(swap.key);
    const LayerCapture after = Capture(Swapped(model_, std::string(swap.key)), {}, test_.features);
    ExpectLogits(before.layer(head), after.layer(head), test_.labels, swap.value, name);
    for (const auto& layer : object(swap.value["per_layer"].value())) {
      const std::size_t step = StepNamed(model_, std::string(layer.key));
      const LayerDifference difference =
          CompareLayer(before.layer(step), after.layer(step),
                       MakeProgram(model_.architecture()).steps[step].out);
      ExpectRelative(*difference.sqnr_db, Number(layer.value, "sqnr_db"), kTolerance, name);
      ExpectRelative(*difference.relative_l2, Number(layer.value, "rel_l2"), kTolerance, name);
    }
    ++swaps;
  }
  EXPECT_GE(swaps, 4);
}

class HealthSummaryTest : public SummaryTest {};

TEST_P(HealthSummaryTest, HealthOfEveryActivationIsAsExpected) {
  const LayerCapture capture = Capture(model_, {}, test_.features);
  const Program program = MakeProgram(model_.architecture());
  const std::vector<double> input = ScaledInput(model_, test_.features);
  for (const auto& layer : object(expected_["activation_health_test"].value())) {
    std::string name(layer.key);
    name = name.ends_with(".gate") ? name.substr(0, name.size() - 5) + ".mul" : name + ".act";
    const auto health = HealthOf(program, StepNamed(model_, name), capture, input);
    ASSERT_TRUE(health.has_value());
    const std::string what = GetParam() + " " + name;
    ExpectRelative(health->pre_mean, Number(layer.value, "pre_mean"), kTolerance, what);
    ExpectRelative(health->pre_std, Number(layer.value, "pre_std"), kTolerance, what);
    ExpectRelative(health->mean, Number(layer.value, "post_mean"), kTolerance, what);
    ExpectRelative(health->std, Number(layer.value, "post_std"), kTolerance, what);
    ExpectRelative(health->zero_share, Number(layer.value, "zero_fraction"), kTolerance, what);
    ExpectRelative(health->negative_share, Number(layer.value, "negative_fraction"), kTolerance,
                   what);
    EXPECT_EQ(health->dead_units, layer.value["dead_units"].get_int64().value()) << what;
    EXPECT_EQ(health->constant_units, layer.value["constant_units"].get_int64().value()) << what;
    ExpectRelative(*health->kurtosis, Number(layer.value, "kurtosis_excess"), kTolerance, what);
    ExpectRelative(health->max_abs, Number(layer.value, "max_abs"), kTolerance, what);
    ExpectRelative(*health->outlier_ratio, Number(layer.value, "channel_absmax_over_median"),
                   kTolerance, what);
    ExpectRelative(*health->effective_rank, Number(layer.value, "effective_rank_entropy"),
                   kTolerance, what);
    ExpectRelative(*health->participation_ratio, Number(layer.value, "participation_ratio"),
                   kTolerance, what);
    ExpectRelative(health->min, Number(layer.value, "post_min"), kTolerance, what);
    ExpectRelative(health->max, Number(layer.value, "post_max"), kTolerance, what);
  }
}

INSTANTIATE_TEST_SUITE_P(All, HealthSummaryTest,
                         testing::Values("mlp_relu", "mlp_gelu", "mlp_silu", "ffn_swiglu",
                                         "embed_gelu"),
                         [](const auto& test) { return test.param; });

INSTANTIATE_TEST_SUITE_P(All, SummaryTest,
                         testing::Values("mlp_relu", "mlp_gelu", "mlp_silu", "ffn_swiglu"),
                         [](const auto& test) { return test.param; });

class QuantizedSummaryTest : public SummaryTest {};

TEST_P(QuantizedSummaryTest, SchemesGiveTheExpectedStatistics) {
  const Digits calibration = LoadDigits("calib");
  const std::size_t head = StepNamed(model_, "head");
  const LayerCapture before = Capture(model_, {}, test_.features);
  int schemes = 0;
  for (const auto& scheme : object(expected_["int8"].value())) {
    Numerics numerics;
    numerics.dtype = Dtype::kInt8;
    const auto parsed = ParseQuantization(scheme.key);
    if (!parsed.ok()) {
      EXPECT_THAT(std::string(scheme.key), HasSubstr("dynamic_tensor"));
      continue;
    }
    numerics.scheme = *parsed;
    if (parsed->range == QuantizationScheme::Range::kStatic) {
      numerics.inputs = *CalibrateInputs(model_, *parsed, calibration.features);
    }
    const LayerCapture after = Capture(model_, numerics, test_.features);
    ExpectLogits(before.layer(head), after.layer(head), test_.labels, scheme.value,
                 GetParam() + " " + std::string(scheme.key));
    ExpectLayers(model_, before, after, scheme.value, std::string(scheme.key));
    ++schemes;
  }
  EXPECT_EQ(schemes, 8);
}

TEST_P(QuantizedSummaryTest, SwapsUnderStaleCalibrationGiveTheExpectedStatistics) {
  object swaps;
  if (expected_["int8_swap_stale_calibration"].get(swaps) != simdjson::SUCCESS) {
    GTEST_SKIP() << "the expected values have no swaps under stale calibration for this model";
  }
  Numerics numerics;
  numerics.dtype = Dtype::kInt8;
  numerics.scheme = *ParseQuantization("static");
  numerics.inputs = *CalibrateInputs(model_, numerics.scheme, LoadDigits("calib").features);
  const std::size_t head = StepNamed(model_, "head");
  const LayerCapture before = Capture(model_, {}, test_.features);
  for (const auto& swap : swaps) {
    const LayerCapture after =
        Capture(Swapped(model_, std::string(swap.key)), numerics, test_.features);
    ExpectLogits(before.layer(head), after.layer(head), test_.labels, swap.value,
                 GetParam() + " " + std::string(swap.key));
  }
}

INSTANTIATE_TEST_SUITE_P(All, QuantizedSummaryTest,
                         testing::Values("mlp_relu", "mlp_gelu", "mlp_silu"),
                         [](const auto& test) { return test.param; });

class EmbeddingTest : public testing::Test {
 protected:
  std::vector<double> Encode(const ReferenceModel& model, const std::vector<float>& features) {
    return Capture(model, {}, features).layer(StepNamed(model, "norm"));
  }
  // Statistics of embeddings in int8, whose reference normalised them in float32.
  static constexpr double kFloatTolerance = 1e-6;
  RetrievalQuality Measure(const std::vector<std::int32_t>& rankings) {
    std::vector<std::int64_t> num_relevant;
    for (const std::int32_t label : test_.labels) {
      num_relevant.push_back(std::count(train_.labels.begin(), train_.labels.end(), label));
    }
    return MeasureRetrieval(rankings, 10, num_relevant,
                            [this](std::int64_t query, std::int32_t document) {
                              return test_.labels[static_cast<std::size_t>(query)] ==
                                     train_.labels[static_cast<std::size_t>(document)];
                            });
  }
  void ExpectQuality(const RetrievalQuality& quality, const element& expected,
                     const std::string& what) {
    ExpectRelative(quality.precision_at_1, Number(expected, "precision@1"), kTolerance, what);
    ExpectRelative(quality.precision_at_k, Number(expected, "precision@10"), kTolerance, what);
    ExpectRelative(quality.mrr, Number(expected, "mrr@10"), kTolerance, what);
    ExpectRelative(quality.ndcg, Number(expected, "ndcg@10"), kTolerance, what);
  }

  const ReferenceModel model_ = LoadReferenceModel("embed_gelu");
  const Digits train_ = LoadDigits("train");
  const Digits test_ = LoadDigits("test");
  const element expected_ = Summary()["models"]["embed_gelu"].value();
};

TEST_F(EmbeddingTest, SearchFindsTheExpectedDocuments) {
  const std::vector<std::int32_t> rankings =
      SearchExactly(Encode(model_, test_.features), Encode(model_, train_.features), 24, 10);
  const ExpectedTensors expected("embed_gelu.expected.safetensors");
  EXPECT_THAT(rankings, testing::ElementsAreArray(expected.Values("top10_train_positions")));
  ExpectQuality(Measure(rankings), expected_["retrieval_float64"].value(), "baseline");
}

TEST_F(EmbeddingTest, BothSidesAndStaleIndexAreAsExpected) {
  const std::vector<double> queries = Encode(model_, test_.features);
  const std::vector<double> documents = Encode(model_, train_.features);
  const std::vector<std::int32_t> reference = SearchExactly(queries, documents, 24, 10);
  for (const auto& swap : object(expected_["swap"].value())) {
    const std::string name(swap.key);
    const ReferenceModel swapped = Swapped(model_, name);
    const std::vector<double> new_queries = Encode(swapped, test_.features);
    const std::vector<std::int32_t> both =
        SearchExactly(new_queries, Encode(swapped, train_.features), 24, 10);
    const std::vector<std::int32_t> stale = SearchExactly(new_queries, documents, 24, 10);
    ExpectQuality(Measure(both), swap.value["both_sides"].value(), name);
    ExpectQuality(Measure(stale), swap.value["query_side_only (stale index)"].value(), name);
    ExpectRelative(MeanJaccard(reference, both, 10), Number(swap.value, "top10_jaccard_both"),
                   kTolerance, name);
    ExpectRelative(MeanJaccard(reference, stale, 10), Number(swap.value, "top10_jaccard_stale"),
                   1e-9, name);
    std::int64_t changed = 0;
    for (std::size_t i = 0; i < both.size(); i += 10) {
      changed += both[i] != reference[i] ? 1 : 0;
    }
    EXPECT_EQ(changed, swap.value["top1_changed_both"].get_int64().value()) << name;
    const LayerDifference difference = CompareLayer(queries, new_queries, 24);
    ExpectRelative(difference.max_abs, Number(swap.value, "max_abs"), kTolerance, name);
    ExpectRelative(*difference.mean_cosine, Number(swap.value, "embedding_cosine_mean"), kTolerance,
                   name);
    ExpectRelative(*difference.lowest_cosine, Number(swap.value, "embedding_cosine_min"),
                   kTolerance, name);
  }
}

TEST_F(EmbeddingTest, SchemesAgainstAnIndexInDoubleAreAsExpected) {
  const Digits calibration = LoadDigits("calib");
  const LayerCapture before = Capture(model_, {}, test_.features);
  const std::vector<double>& queries = before.layer(StepNamed(model_, "norm"));
  const std::vector<double> documents = Encode(model_, train_.features);
  const std::vector<std::int32_t> reference = SearchExactly(queries, documents, 24, 10);
  int schemes = 0;
  for (const auto& scheme : object(expected_["int8"].value())) {
    const auto parsed = ParseQuantization(scheme.key);
    if (!parsed.ok()) {
      continue;  // ranges of whole batches
    }
    const std::string name(scheme.key);
    Numerics numerics;
    numerics.dtype = Dtype::kInt8;
    numerics.scheme = *parsed;
    if (parsed->range == QuantizationScheme::Range::kStatic) {
      numerics.inputs = *CalibrateInputs(model_, *parsed, calibration.features);
    }
    const LayerCapture after = Capture(model_, numerics, test_.features);
    const std::vector<double>& quantized = after.layer(StepNamed(model_, "norm"));
    ExpectDifference(CompareLayer(queries, quantized, 24), scheme.value, kFloatTolerance, name);
    ExpectLayers(model_, before, after, scheme.value, name);
    const std::vector<std::int32_t> rankings = SearchExactly(quantized, documents, 24, 10);
    ExpectQuality(Measure(rankings), scheme.value["retrieval_float_index"].value(), name);
    ExpectRelative(MeanJaccard(reference, rankings, 10), Number(scheme.value, "top10_jaccard"),
                   kTolerance, name);
    ++schemes;
  }
  EXPECT_EQ(schemes, 8);
}

}  // namespace
}  // namespace assay
