#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "evaluators/evaluator.h"
#include "evaluators/metrics/label_numbers.h"

namespace assay {

// How one label fared: rows with it as example label, as predicted label, and as both.
struct ClassTally {
  std::string_view label;
  std::int64_t gold = 0;
  std::int64_t predicted = 0;
  std::int64_t hits = 0;

  // Absent where the denominator is 0.
  std::optional<double> Precision() const;
  std::optional<double> Recall() const;
  std::optional<double> F1() const;  // 2 hits / (gold + predicted)
};

// The confusion matrix and what follows from it. Counts are integers, so that neither the order of
// rows nor any split changes a bit. Thread-compatible.
//
// Classes are the declared labels; where none are declared, the labels that occur as example label.
// A predicted label that is no class is a miss of the row's example label and adds no class.
class ClassCounts {
 public:
  explicit ClassCounts(std::span<const std::string> declared);

  // Numbers for Count; declared labels are 0, 1, ... in their order.
  LabelNumbers& labels() { return labels_; }
  void Count(std::int32_t gold, std::int32_t predicted);
  // Rows of which either number is negative do not count.
  void CountAll(std::span<const std::int32_t> gold, std::span<const std::int32_t> predicted);
  void Merge(const ClassCounts& later);

  // The classes: in declared order, else by text.
  std::vector<ClassTally> Classes() const;
  // One label; nothing counted when it did not occur.
  ClassTally TallyOf(std::string_view label) const;

  // Mean F1 of the classes that occur as example or predicted label.
  std::optional<double> MacroF1() const;
  // 2 hits / (gold + predicted), summed over the declared labels, or over every label.
  std::optional<double> MicroF1() const;
  // Mean F1 of the classes, weighted by example labels.
  std::optional<double> WeightedF1() const;
  // Mean recall of the classes that occur as example label.
  std::optional<double> BalancedAccuracy() const;
  // Matthews correlation over every label (Gorodkin 2004); absent when either side has one label.
  std::optional<double> Mcc() const;

  // Columns `label`, `predicted`, `count`: cells that are not 0, largest first, at most kMaxCells.
  ResultTable ConfusionTable() const;
  // Columns `label`, `precision`, `recall`, `f1`, `support`, `predicted`: a row each class.
  ResultTable ClassTable() const;

  static constexpr std::size_t kMaxCells = 20'000;

 private:
  template <typename Body>
  void ForEachCell(Body body) const;        // body(gold, predicted, count)
  std::vector<ClassTally> Tallies() const;  // by number
  void Add(std::int32_t gold, std::int32_t predicted, std::int64_t count);
  void Widen(std::size_t num_labels);

  std::size_t num_declared_;
  LabelNumbers labels_;
  // Labels below stride_ are counted in a square, which is fast; the others one by one.
  std::size_t stride_ = 0;
  std::vector<std::int64_t> square_;
  absl::flat_hash_map<std::pair<std::int32_t, std::int32_t>, std::int64_t> others_;
};

}  // namespace assay
