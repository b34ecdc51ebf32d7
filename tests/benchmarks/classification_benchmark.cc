// Evaluator time of accuracy, macro F1 and the confusion matrix over 1 M labels of 77 classes in
// chunks as the store keeps them, beside a bare loop over the same labels as plain integers.
//
// Usage: classification_benchmark

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_format.h"
#include "evaluators/registry.h"

namespace {

constexpr std::int64_t kNumRows = 1'000'000;
constexpr std::int64_t kChunkRows = 4096;
constexpr std::int32_t kNumLabels = 77;
constexpr int kRepeats = 7;

assay::Column CodedLabels(const std::vector<std::int32_t>& codes, std::int64_t begin,
                          std::int64_t end) {
  assay::Column column;
  column.name = "label";
  column.type = assay::ColumnType::kText;
  column.is_coded = true;
  for (std::int32_t label = 0; label < kNumLabels; ++label) {
    assay::AppendText(column, absl::StrFormat("intent_number_%d", label));
  }
  column.codes.assign(codes.begin() + begin, codes.begin() + end);
  column.num_rows = end - begin;
  return column;
}

template <typename Body>
double BestMilliseconds(Body body) {
  double best = 1e30;
  for (int i = 0; i < kRepeats; ++i) {
    const auto start = std::chrono::steady_clock::now();
    body();
    const std::chrono::duration<double, std::milli> elapsed =
        std::chrono::steady_clock::now() - start;
    best = std::min(best, elapsed.count());
  }
  return best;
}

}  // namespace

int main() {
  std::mt19937 random(77);
  std::vector<std::int32_t> gold;
  std::vector<std::int32_t> predicted;
  for (std::int64_t i = 0; i < kNumRows; ++i) {
    gold.push_back(static_cast<std::int32_t>(random() % kNumLabels));
    predicted.push_back(random() % 10 == 0 ? static_cast<std::int32_t>(random() % kNumLabels)
                                           : gold.back());
  }
  std::vector<assay::Column> gold_chunks;
  std::vector<assay::Column> predicted_chunks;
  for (std::int64_t begin = 0; begin < kNumRows; begin += kChunkRows) {
    const std::int64_t end = std::min(begin + kChunkRows, kNumRows);
    gold_chunks.push_back(CodedLabels(gold, begin, end));
    predicted_chunks.push_back(CodedLabels(predicted, begin, end));
  }

  const auto evaluator = assay::MakeEvaluator("ground_truth_match:accuracy,macro_f1");
  if (!evaluator.ok()) {
    std::fprintf(stderr, "%s\n", evaluator.status().ToString().c_str());
    return 1;
  }
  std::vector<std::int64_t> rows(kChunkRows);
  std::iota(rows.begin(), rows.end(), 0);
  double macro_f1 = 0;
  double hits = 0;
  std::size_t cells = 0;
  const double evaluator_ms = BestMilliseconds([&] {
    const auto state = (*evaluator)->NewCorpusState();
    std::vector<assay::ScoreColumn> scores(1);
    hits = 0;
    for (std::size_t i = 0; i < gold_chunks.size(); ++i) {
      const assay::EvaluationBatch batch = {
          .num_rows = gold_chunks[i].num_rows,
          .example =
              [&](std::string_view name) { return name == "label" ? &gold_chunks[i] : nullptr; },
          .output =
              [&](std::string_view name) {
                return name == "label" ? &predicted_chunks[i] : nullptr;
              }};
      if (!(*evaluator)->Score(batch, scores).ok()) {
        return;
      }
      hits += std::accumulate(scores[0].values.begin(), scores[0].values.end(), 0.0);
      state->Add(batch, std::span(rows).first(static_cast<std::size_t>(batch.num_rows)));
    }
    macro_f1 = state->Values()[0].value_or(-1);
    cells = static_cast<std::size_t>(state->Tables()[0].columns[0].num_rows);
  });

  std::int64_t bare_hits = 0;
  const double bare_ms = BestMilliseconds([&] {
    std::vector<std::int64_t> counts(kNumLabels * kNumLabels);
    for (std::size_t i = 0; i < gold.size(); ++i) {
      ++counts[static_cast<std::size_t>(gold[i] * kNumLabels + predicted[i])];
    }
    bare_hits = 0;
    for (std::size_t label = 0; label < kNumLabels; ++label) {
      bare_hits += counts[label * kNumLabels + label];
    }
  });
  std::printf("accuracy %.6f (bare loop %.6f), macro F1 %.6f, %zu cells\n",
              hits / static_cast<double>(kNumRows),
              static_cast<double>(bare_hits) / static_cast<double>(kNumRows), macro_f1, cells);
  std::printf("evaluator %.2f ms, bare loop %.2f ms, ratio %.1f\n", evaluator_ms, bare_ms,
              evaluator_ms / bare_ms);
  return 0;
}
