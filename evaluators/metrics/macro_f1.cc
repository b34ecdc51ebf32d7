#include "evaluators/metrics/macro_f1.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace assay {

void MacroF1State::Add(const EvaluationBatch& batch, std::span<const std::int64_t> rows) {
  const Column* const gold_labels = batch.example("label");
  const Column* const predicted_labels = batch.output("label");
  if (gold_labels == nullptr || predicted_labels == nullptr) {
    return;
  }
  const std::vector<std::int32_t> gold = labels_.NumberRows(*gold_labels, rows);
  const std::vector<std::int32_t> predicted = labels_.NumberRows(*predicted_labels, rows);
  counts_.resize(labels_.texts().size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (gold[i] < 0 || predicted[i] < 0) {
      continue;
    }
    ++counts_[static_cast<std::size_t>(gold[i])].gold;
    ++counts_[static_cast<std::size_t>(predicted[i])].predicted;
    counts_[static_cast<std::size_t>(gold[i])].hits += gold[i] == predicted[i] ? 1 : 0;
  }
}

void MacroF1State::Merge(const CorpusState& later) {
  const auto& other = static_cast<const MacroF1State&>(later);
  for (std::size_t i = 0; i < other.counts_.size(); ++i) {
    const auto label = static_cast<std::size_t>(labels_.Number(other.labels_.texts()[i]));
    if (label >= counts_.size()) {
      counts_.resize(label + 1);
    }
    counts_[label].gold += other.counts_[i].gold;
    counts_[label].predicted += other.counts_[i].predicted;
    counts_[label].hits += other.counts_[i].hits;
  }
}

std::vector<std::optional<double>> MacroF1State::Values() const {
  std::vector<std::size_t> classes;
  for (std::size_t label = 0; label < counts_.size(); ++label) {
    if (counts_[label].gold > 0) {
      classes.push_back(label);
    }
  }
  if (classes.empty()) {
    return {std::nullopt};
  }
  // By text, so that the sum does not depend on the order in which labels were met.
  std::sort(classes.begin(), classes.end(), [this](std::size_t a, std::size_t b) {
    return labels_.texts()[a] < labels_.texts()[b];
  });
  double sum = 0;
  for (const std::size_t label : classes) {
    const Counts& counts = counts_[label];
    sum += 2.0 * static_cast<double>(counts.hits) /
           static_cast<double>(counts.gold + counts.predicted);
  }
  return {sum / static_cast<double>(classes.size())};
}

}  // namespace assay
