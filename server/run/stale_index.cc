#include "server/run/stale_index.h"

#include <algorithm>
#include <string>

#include "evaluators/model/forward.h"
#include "server/base/status_macros.h"

namespace assay::run {
namespace {

struct Encoded {
  std::vector<double> queries;
  std::vector<double> documents;
  std::int64_t width = 0;
};

absl::StatusOr<std::vector<double>> Encode(const Forward& forward,
                                           std::span<const float> features) {
  const Program& program = forward.program();
  LayerCapture capture(program.steps.size(), std::vector<int>{program.embedding});
  ASSAY_RETURN_IF_ERROR(forward.Run(features, capture));
  return capture.TakeLayer(static_cast<std::size_t>(program.embedding));
}

absl::StatusOr<Encoded> EncodeBoth(const StoredModel& stored, const ModelRows& rows,
                                   const ModelDocuments& documents) {
  ASSAY_ASSIGN_OR_RETURN(const Forward forward, Forward::Make(stored.model, stored.numerics));
  if (forward.program().embedding == kInput) {
    return absl::FailedPreconditionError("the model has no embedding to search by");
  }
  Encoded encoded;
  encoded.width =
      forward.program().steps[static_cast<std::size_t>(forward.program().embedding)].out;
  ASSAY_ASSIGN_OR_RETURN(encoded.queries, Encode(forward, rows.features));
  ASSAY_ASSIGN_OR_RETURN(encoded.documents, Encode(forward, documents.features));
  return encoded;
}

}  // namespace

absl::StatusOr<SearchComparison> CompareSearch(const StoredModel& baseline,
                                               const StoredModel& candidate, const ModelRows& rows,
                                               const ModelDocuments& documents) {
  ASSAY_ASSIGN_OR_RETURN(const Encoded before, EncodeBoth(baseline, rows, documents));
  ASSAY_ASSIGN_OR_RETURN(const Encoded after, EncodeBoth(candidate, rows, documents));
  if (before.width != after.width) {
    return absl::FailedPreconditionError("the embeddings have different widths");
  }
  const std::int64_t depth = std::min(kSearchDepth, documents.num_documents);
  std::vector<std::int64_t> num_relevant;
  for (const std::vector<std::int32_t>& relevant : documents.relevant) {
    num_relevant.push_back(std::ssize(relevant));
  }
  const auto is_relevant = [&documents](std::int64_t query, std::int32_t document) {
    return std::ranges::binary_search(documents.relevant[static_cast<std::size_t>(query)],
                                      document);
  };
  const std::vector<std::int32_t> reference =
      SearchExactly(before.queries, before.documents, before.width, depth);
  const auto measure = [&](const std::vector<std::int32_t>& rankings) {
    SearchSide side;
    side.quality = MeasureRetrieval(rankings, depth, num_relevant, is_relevant);
    side.top_jaccard = MeanJaccard(reference, rankings, depth);
    for (std::size_t top = 0; top < rankings.size(); top += static_cast<std::size_t>(depth)) {
      side.top1_changed += rankings[top] != reference[top] ? 1 : 0;
    }
    return side;
  };
  return SearchComparison{
      measure(reference),
      measure(SearchExactly(after.queries, after.documents, after.width, depth)),
      measure(SearchExactly(after.queries, before.documents, before.width, depth))};
}

}  // namespace assay::run
