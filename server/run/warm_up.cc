#include "server/run/warm_up.h"

#include <algorithm>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/run/output_index.h"
#include "server/run/run_inputs.h"

namespace assay::run {
namespace {

constexpr std::int64_t kDefaultMost = 10;
constexpr std::int64_t kDefaultShare = 100;  // one of so many

// 1 where one of the first outputs answers the example, by the rows of the side's dataset version.
absl::StatusOr<std::vector<std::uint8_t>> FirstExamples(store::Store& store, store::Id project,
                                                        const ComparedSide& side,
                                                        std::int64_t num_outputs) {
  std::vector<std::uint8_t> is_first(side.status.size(), 0);
  if (num_outputs == 0) {
    return is_first;
  }
  ASSAY_ASSIGN_OR_RETURN(const RunInputs inputs,
                         OpenRunInputs(store, project, side.facts.outputs.id));
  if (inputs.outputs.is_aligned) {
    std::fill_n(is_first.begin(), std::min<std::int64_t>(num_outputs, std::ssize(is_first)),
                std::uint8_t{1});
    return is_first;
  }
  std::int64_t num_left = num_outputs;
  ASSAY_RETURN_IF_ERROR(ReadExampleRows(store, inputs, [&](std::int64_t example) {
    if (num_left > 0) {
      is_first[static_cast<std::size_t>(example)] = 1;
      --num_left;
    }
  }));
  return is_first;
}

}  // namespace

std::int64_t DefaultWarmUp(std::int64_t num_outputs) {
  return std::min(kDefaultMost, num_outputs / kDefaultShare);
}

void WarmUp::Remove(MetricScores& scores) const {
  for (std::size_t row = 0; row < is_left_out.size(); ++row) {
    if (is_left_out[row] != 0) {
      scores.baseline.defined[row] = 0;
      scores.candidate.defined[row] = 0;
    }
  }
}

std::string WarmUp::Note() const {
  if (num_examples == 0) {
    return "";
  }
  const std::string outputs =
      num_baseline == num_candidate
          ? absl::StrFormat("the first %d outputs of each side", num_baseline)
          : absl::StrFormat("the first %d outputs of the baseline and %d of the candidate",
                            num_baseline, num_candidate);
  return absl::StrFormat(
      "times leave out %d examples as warm-up: %s, in the order they were pushed, because a "
      "process that has just started is slow; warmup_rows = 0 in the policy keeps them",
      num_examples, outputs);
}

absl::StatusOr<WarmUp> FindWarmUp(store::Store& store, store::Id project, const ComparedRows& rows,
                                  std::optional<std::int64_t> num_outputs) {
  const auto count = [num_outputs](const ComparedSide& side) {
    const std::int64_t num_rows = side.facts.outputs.num_rows;
    return std::min(num_outputs.value_or(DefaultWarmUp(num_rows)), num_rows);
  };
  WarmUp warm_up;
  warm_up.num_baseline = count(rows.baseline);
  warm_up.num_candidate = count(rows.candidate);
  if (warm_up.num_baseline == 0 && warm_up.num_candidate == 0) {
    return warm_up;
  }
  ASSAY_ASSIGN_OR_RETURN(const std::vector<std::uint8_t> before,
                         FirstExamples(store, project, rows.baseline, warm_up.num_baseline));
  ASSAY_ASSIGN_OR_RETURN(warm_up.is_left_out,
                         FirstExamples(store, project, rows.candidate, warm_up.num_candidate));
  for (std::size_t row = 0; row < warm_up.is_left_out.size(); ++row) {
    const std::int64_t other = rows.pairing.BaselineRow(static_cast<std::int64_t>(row));
    if (other >= 0 && before[static_cast<std::size_t>(other)] != 0) {
      warm_up.is_left_out[row] = 1;
    }
    warm_up.num_examples += warm_up.is_left_out[row];
  }
  return warm_up;
}

}  // namespace assay::run
