#include "evaluators/metrics/embedding_similarity.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "evaluators/metrics/vector_rows.h"

namespace assay {
namespace {

constexpr std::string_view kReference = "reference_embedding";
constexpr std::string_view kEmbedding = "embedding";

absl::Status CheckVector(std::string_view side, std::string_view name,
                         std::optional<ColumnType> type) {
  if (!type) {
    return MissingColumn(side, name);
  }
  return IsVector(*type) ? absl::OkStatus()
                         : WrongColumnType(side, name, *type, "float32_vector or float64_vector");
}

// OK when a dimension is not known yet.
absl::Status CheckDimensions(std::int32_t reference, std::int32_t embedding) {
  return reference == embedding || reference == 0 || embedding == 0
             ? absl::OkStatus()
             : absl::FailedPreconditionError(absl::StrFormat(
                   "output column 'embedding': has %d components, 'reference_embedding' has %d",
                   embedding, reference));
}

// `similarity` is of a reference and an embedding, in this order.
double CosineOf(const VectorSimilarity& similarity) { return similarity.cosine; }
double DistanceOf(const VectorSimilarity& similarity) { return similarity.l2; }
double NormRatioOf(const VectorSimilarity& similarity) {
  return similarity.norm_b / similarity.norm_a;
}

struct Measure {
  std::string_view name;
  double (*value)(const VectorSimilarity& similarity);
  MetricDescriptor (*describe)();
};

MetricDescriptor DescribeCosine() {
  MetricDescriptor cosine;
  cosine.lowest = -1;
  cosine.formula =
      "sum of products of the components of embedding and reference embedding, divided by both "
      "Euclidean norms; summed in double";
  cosine.source = "scikit-learn cosine_similarity, but a zero vector has no cosine";
  return cosine;
}

MetricDescriptor DescribeDistance() {
  MetricDescriptor distance;
  distance.direction = Direction::kLower;
  distance.highest = std::numeric_limits<double>::infinity();
  distance.formula =
      "Euclidean norm of the embedding minus the reference embedding; summed in double";
  distance.source = "scipy.spatial.distance.euclidean";
  return distance;
}

MetricDescriptor DescribeNormRatio() {
  MetricDescriptor ratio;
  ratio.direction = Direction::kNone;
  ratio.highest = std::numeric_limits<double>::infinity();
  ratio.formula = "Euclidean norm of the embedding divided by that of the reference embedding";
  ratio.source = "numpy.linalg.norm";
  return ratio;
}

constexpr std::array<Measure, 3> kMeasures = {
    Measure{"cosine", CosineOf, DescribeCosine}, Measure{"l2", DistanceOf, DescribeDistance},
    Measure{"norm_ratio", NormRatioOf, DescribeNormRatio}};

class EmbeddingSimilarity : public Evaluator {
 public:
  // Every option of `spec` names a measure; with none, all of them are computed.
  explicit EmbeddingSimilarity(EvaluatorSpec spec) {
    const std::vector<std::string> wanted = std::exchange(spec.options, {});
    for (const Measure& measure : kMeasures) {
      if (wanted.empty() || std::ranges::count(wanted, measure.name) > 0) {
        spec.options.emplace_back(measure.name);
        measures_.push_back(&measure);
        MetricDescriptor& descriptor = descriptors_.emplace_back(measure.describe());
        descriptor.id = measure.name;
        descriptor.definition_id = absl::StrFormat("assay/%s/1", measure.name);
        descriptor.undefined = "a vector is missing, zero, or holds NaN or infinity";
      }
    }
    spec_ = FormatEvaluatorSpec(spec);
    AddInstance(spec, descriptors_);
  }

  const std::string& spec() const override { return spec_; }
  std::span<const MetricDescriptor> metrics() const override { return descriptors_; }
  std::vector<std::string> example_columns() const override { return {std::string(kReference)}; }
  std::vector<std::string> output_columns() const override { return {std::string(kEmbedding)}; }

  absl::Status Check(const ColumnTypes& columns) const override {
    absl::Status status = CheckVector("example", kReference, columns.example(kReference));
    status.Update(CheckVector("output", kEmbedding, columns.output(kEmbedding)));
    if (status.ok() && columns.example_dimension && columns.output_dimension) {
      status = CheckDimensions(columns.example_dimension(kReference),
                               columns.output_dimension(kEmbedding));
    }
    return status;
  }

  absl::Status Score(const EvaluationBatch& batch, std::span<ScoreColumn> scores) const override {
    for (ScoreColumn& column : scores) {
      column.values.assign(static_cast<std::size_t>(batch.num_rows), 0);
      column.is_defined.assign(static_cast<std::size_t>(batch.num_rows), 0);
    }
    const Column* const reference = batch.example(kReference);
    const Column* const embedding = batch.output(kEmbedding);
    if (reference == nullptr || embedding == nullptr) {
      return absl::OkStatus();
    }
    if (absl::Status status = CheckDimensions(reference->dimension, embedding->dimension);
        !status.ok()) {
      return status;
    }
    for (std::int64_t row = 0; row < batch.num_rows; ++row) {
      if (!reference->IsValid(row) || !embedding->IsValid(row)) {
        continue;
      }
      if (const std::optional<VectorSimilarity> similarity =
              CompareVectorRows(*reference, row, *embedding, row)) {
        for (std::size_t i = 0; i < measures_.size(); ++i) {
          scores[i].values[static_cast<std::size_t>(row)] = measures_[i]->value(*similarity);
          scores[i].is_defined[static_cast<std::size_t>(row)] = 1;
        }
      }
    }
    return absl::OkStatus();
  }

  std::vector<std::pair<std::string, std::int64_t>> Counts(
      const EvaluationBatch& batch) const override {
    std::vector<std::pair<std::string, std::int64_t>> counts =
        CountUnusable(batch.num_rows, batch.output(kEmbedding), "embedding");
    for (auto& count :
         CountUnusable(batch.num_rows, batch.example(kReference), "reference embedding")) {
      counts.push_back(std::move(count));
    }
    return counts;
  }

 private:
  std::vector<const Measure*> measures_;
  std::vector<MetricDescriptor> descriptors_;
  std::string spec_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<const Evaluator>> MakeEmbeddingSimilarity(
    const EvaluatorSpec& spec) {
  for (const std::string& option : spec.options) {
    if (std::ranges::count(kMeasures, option, &Measure::name) == 0) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "embedding_similarity: unknown metric '%s'; there are cosine, l2 and norm_ratio",
          option));
    }
  }
  return std::make_unique<EmbeddingSimilarity>(spec);
}

std::vector<std::string> EmbeddingSimilarityOptions(const ColumnTypes& columns) {
  return EmbeddingSimilarity(EvaluatorSpec()).Check(columns).ok()
             ? std::vector<std::string>{"cosine", "l2", "norm_ratio"}
             : std::vector<std::string>();
}

}  // namespace assay
