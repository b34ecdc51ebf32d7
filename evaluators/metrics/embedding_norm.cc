#include "evaluators/metrics/embedding_norm.h"

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

constexpr std::string_view kEmbedding = "embedding";
constexpr std::string_view kNorm = "embedding_norm";

class EmbeddingNorm final : public Evaluator {
 public:
  explicit EmbeddingNorm(EvaluatorSpec spec) {
    spec.options = {std::string(kNorm)};
    MetricDescriptor& norm = descriptors_.emplace_back();
    norm.id = kNorm;
    norm.definition_id = "assay/embedding_norm/1";
    norm.direction = Direction::kNone;
    norm.highest = std::numeric_limits<double>::infinity();
    norm.formula = "Euclidean norm of the embedding; summed in double";
    norm.undefined = "the vector is missing, zero, or holds NaN or infinity";
    norm.source = "numpy.linalg.norm";
    spec_ = FormatEvaluatorSpec(spec);
    AddInstance(spec, descriptors_);
  }

  const std::string& spec() const override { return spec_; }
  std::span<const MetricDescriptor> metrics() const override { return descriptors_; }
  std::vector<std::string> example_columns() const override { return {}; }
  std::vector<std::string> output_columns() const override { return {std::string(kEmbedding)}; }

  absl::Status Check(const ColumnTypes& columns) const override {
    const std::optional<ColumnType> type = columns.output(kEmbedding);
    if (!type) {
      return MissingColumn("output", kEmbedding);
    }
    return IsVector(*type)
               ? absl::OkStatus()
               : WrongColumnType("output", kEmbedding, *type, "float32_vector or float64_vector");
  }

  absl::Status Score(const EvaluationBatch& batch, std::span<ScoreColumn> scores) const override {
    ScoreColumn& norms = scores[0];
    norms.values.assign(static_cast<std::size_t>(batch.num_rows), 0);
    norms.is_defined.assign(static_cast<std::size_t>(batch.num_rows), 0);
    const Column* const embedding = batch.output(kEmbedding);
    if (embedding == nullptr) {
      return absl::OkStatus();
    }
    for (std::int64_t row = 0; row < batch.num_rows; ++row) {
      if (!embedding->IsValid(row)) {
        continue;
      }
      if (const std::optional<VectorSimilarity> to_itself =
              CompareVectorRows(*embedding, row, *embedding, row)) {
        norms.values[static_cast<std::size_t>(row)] = to_itself->norm_a;
        norms.is_defined[static_cast<std::size_t>(row)] = 1;
      }
    }
    return absl::OkStatus();
  }

  std::vector<std::pair<std::string, std::int64_t>> Counts(
      const EvaluationBatch& batch) const override {
    return CountUnusable(batch.num_rows, batch.output(kEmbedding), "embedding");
  }

 private:
  std::vector<MetricDescriptor> descriptors_;
  std::string spec_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<const Evaluator>> MakeEmbeddingNorm(const EvaluatorSpec& spec) {
  for (const std::string& option : spec.options) {
    if (option != kNorm) {
      return absl::InvalidArgumentError(
          absl::StrFormat("embedding_norm: unknown metric '%s'; there is embedding_norm", option));
    }
  }
  return std::make_unique<EmbeddingNorm>(spec);
}

std::vector<std::string> EmbeddingNormOptions(const ColumnTypes& columns) {
  return EmbeddingNorm(EvaluatorSpec()).Check(columns).ok()
             ? std::vector<std::string>{std::string(kNorm)}
             : std::vector<std::string>();
}

}  // namespace assay
