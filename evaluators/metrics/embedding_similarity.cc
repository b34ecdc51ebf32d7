#include "evaluators/metrics/embedding_similarity.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "evaluators/metrics/cosine.h"

namespace assay {
namespace {

constexpr std::string_view kReference = "reference_embedding";
constexpr std::string_view kEmbedding = "embedding";

bool IsVector(std::optional<ColumnType> type) {
  return type == ColumnType::kFloat32Vector || type == ColumnType::kFloat64Vector;
}

std::span<const float> Floats(const Column& column, std::int64_t row) {
  const auto dimension = static_cast<std::size_t>(column.dimension);
  return std::span(column.floats).subspan(static_cast<std::size_t>(row) * dimension, dimension);
}

std::span<const double> Doubles(const Column& column, std::int64_t row) {
  const auto dimension = static_cast<std::size_t>(column.dimension);
  return std::span(column.doubles).subspan(static_cast<std::size_t>(row) * dimension, dimension);
}

std::optional<double> CosineOfRow(const Column& a, const Column& b, std::int64_t row) {
  if (a.type == ColumnType::kFloat32Vector) {
    return b.type == ColumnType::kFloat32Vector ? Cosine(Floats(a, row), Floats(b, row))
                                                : Cosine(Floats(a, row), Doubles(b, row));
  }
  return b.type == ColumnType::kFloat32Vector ? Cosine(Doubles(a, row), Floats(b, row))
                                              : Cosine(Doubles(a, row), Doubles(b, row));
}

absl::Status CheckVector(std::string_view side, std::string_view name,
                         std::optional<ColumnType> type) {
  if (!type) {
    return MissingColumn(side, name);
  }
  return IsVector(type) ? absl::OkStatus()
                        : WrongColumnType(side, name, *type, "float32_vector or float64_vector");
}

class EmbeddingSimilarity : public Evaluator {
 public:
  explicit EmbeddingSimilarity(EvaluatorSpec spec) : descriptors_(1) {
    MetricDescriptor& cosine = descriptors_.front();
    cosine.id = "cosine";
    cosine.definition_id = "assay/cosine/1";
    cosine.lowest = -1;
    cosine.formula =
        "sum of products of the components of embedding and reference embedding, divided by both "
        "Euclidean norms; summed in double";
    cosine.undefined = "a vector is missing, zero, or holds NaN or infinity";
    cosine.source = "scikit-learn cosine_similarity, but a zero vector has no cosine";
    spec.options = {"cosine"};
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
    return status;
  }

  absl::Status Score(const EvaluationBatch& batch, std::span<ScoreColumn> scores) const override {
    ScoreColumn& cosines = scores[0];
    cosines.values.assign(static_cast<std::size_t>(batch.num_rows), 0);
    cosines.is_defined.assign(static_cast<std::size_t>(batch.num_rows), 0);
    const Column* const reference = batch.example(kReference);
    const Column* const embedding = batch.output(kEmbedding);
    if (reference == nullptr || embedding == nullptr) {
      return absl::OkStatus();
    }
    if (reference->dimension != embedding->dimension) {
      return absl::FailedPreconditionError(absl::StrFormat(
          "output column 'embedding': has %d components, 'reference_embedding' has %d",
          embedding->dimension, reference->dimension));
    }
    for (std::int64_t row = 0; row < batch.num_rows; ++row) {
      if (!reference->IsValid(row) || !embedding->IsValid(row)) {
        continue;
      }
      if (const std::optional<double> cosine = CosineOfRow(*reference, *embedding, row)) {
        cosines.values[static_cast<std::size_t>(row)] = *cosine;
        cosines.is_defined[static_cast<std::size_t>(row)] = 1;
      }
    }
    return absl::OkStatus();
  }

 private:
  std::vector<MetricDescriptor> descriptors_;
  std::string spec_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<const Evaluator>> MakeEmbeddingSimilarity(
    const EvaluatorSpec& spec) {
  for (const std::string& option : spec.options) {
    if (option != "cosine") {
      return absl::InvalidArgumentError(
          absl::StrFormat("embedding_similarity: unknown metric '%s'; there is cosine", option));
    }
  }
  return std::make_unique<EmbeddingSimilarity>(spec);
}

std::vector<std::string> EmbeddingSimilarityOptions(const ColumnTypes& columns) {
  return IsVector(columns.example(kReference)) && IsVector(columns.output(kEmbedding))
             ? std::vector<std::string>{"cosine"}
             : std::vector<std::string>();
}

}  // namespace assay
