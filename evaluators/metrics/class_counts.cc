#include "evaluators/metrics/class_counts.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <tuple>

#include "evaluators/metrics/result_columns.h"

namespace assay {
namespace {

// 128 kB of counts; more labels than that are counted by hash.
constexpr std::size_t kMaxStride = 128;

std::optional<double> Ratio(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? std::nullopt
                    : std::optional(static_cast<double>(part) / static_cast<double>(whole));
}

// Mean of the measures that are defined, in the order of `classes`.
template <typename Measure>
std::optional<double> MeanOf(const std::vector<ClassTally>& classes, Measure measure) {
  double sum = 0;
  std::int64_t count = 0;
  for (const ClassTally& tally : classes) {
    if (const std::optional<double> value = measure(tally)) {
      sum += *value;
      ++count;
    }
  }
  return count == 0 ? std::nullopt : std::optional(sum / static_cast<double>(count));
}

}  // namespace

std::optional<double> ClassTally::Precision() const { return Ratio(hits, predicted); }
std::optional<double> ClassTally::Recall() const { return Ratio(hits, gold); }
std::optional<double> ClassTally::F1() const { return Ratio(2 * hits, gold + predicted); }

ClassCounts::ClassCounts(std::span<const std::string> declared) : num_declared_(declared.size()) {
  for (const std::string& label : declared) {
    labels_.Number(label);
  }
  Widen(num_declared_);
}

void ClassCounts::Widen(std::size_t num_labels) {
  if (num_labels <= stride_ || stride_ == kMaxStride) {
    return;
  }
  std::size_t stride = std::max<std::size_t>(stride_, 8);
  while (stride < std::min(num_labels, kMaxStride)) {
    stride *= 2;
  }
  std::vector<std::int64_t> square(stride * stride);
  for (std::size_t gold = 0; gold < stride_; ++gold) {
    for (std::size_t predicted = 0; predicted < stride_; ++predicted) {
      square[gold * stride + predicted] = square_[gold * stride_ + predicted];
    }
  }
  square_ = std::move(square);
  stride_ = stride;
}

void ClassCounts::Add(std::int32_t gold, std::int32_t predicted, std::int64_t count) {
  const auto row = static_cast<std::size_t>(gold);
  const auto column = static_cast<std::size_t>(predicted);
  if (row < stride_ && column < stride_) {
    square_[row * stride_ + column] += count;
  } else {
    others_[{gold, predicted}] += count;
  }
}

void ClassCounts::Count(std::int32_t gold, std::int32_t predicted) {
  Widen(labels_.texts().size());
  Add(gold, predicted, 1);
}

void ClassCounts::CountAll(std::span<const std::int32_t> gold,
                           std::span<const std::int32_t> predicted) {
  Widen(labels_.texts().size());
  for (std::size_t i = 0; i < gold.size(); ++i) {
    if (gold[i] >= 0 && predicted[i] >= 0) {
      Add(gold[i], predicted[i], 1);
    }
  }
}

template <typename Body>
void ClassCounts::ForEachCell(Body body) const {
  for (std::size_t i = 0; i < square_.size(); ++i) {
    if (square_[i] != 0) {
      body(static_cast<std::int32_t>(i / stride_), static_cast<std::int32_t>(i % stride_),
           square_[i]);
    }
  }
  for (const auto& [cell, count] : others_) {
    body(cell.first, cell.second, count);
  }
}

void ClassCounts::Merge(const ClassCounts& later) {
  std::vector<std::int32_t> number_of;
  for (const std::string& text : later.labels_.texts()) {
    number_of.push_back(labels_.Number(text));
  }
  Widen(labels_.texts().size());
  later.ForEachCell([&](std::int32_t gold, std::int32_t predicted, std::int64_t count) {
    Add(number_of[static_cast<std::size_t>(gold)], number_of[static_cast<std::size_t>(predicted)],
        count);
  });
}

std::vector<ClassTally> ClassCounts::Tallies() const {
  std::vector<ClassTally> tallies(labels_.texts().size());
  for (std::size_t i = 0; i < tallies.size(); ++i) {
    tallies[i].label = labels_.texts()[i];
  }
  ForEachCell([&](std::int32_t gold, std::int32_t predicted, std::int64_t count) {
    tallies[static_cast<std::size_t>(gold)].gold += count;
    tallies[static_cast<std::size_t>(predicted)].predicted += count;
    tallies[static_cast<std::size_t>(gold)].hits += gold == predicted ? count : 0;
  });
  return tallies;
}

std::vector<ClassTally> ClassCounts::Classes() const {
  std::vector<ClassTally> classes = Tallies();
  if (num_declared_ > 0) {
    classes.resize(num_declared_);
    return classes;
  }
  std::erase_if(classes, [](const ClassTally& tally) { return tally.gold == 0; });
  std::ranges::sort(classes, {}, &ClassTally::label);
  return classes;
}

ClassTally ClassCounts::TallyOf(std::string_view label) const {
  for (const ClassTally& tally : Tallies()) {
    if (tally.label == label) {
      return tally;
    }
  }
  return {};
}

std::optional<double> ClassCounts::MacroF1() const {
  return MeanOf(Classes(), [](const ClassTally& tally) { return tally.F1(); });
}

std::optional<double> ClassCounts::MicroF1() const {
  std::vector<ClassTally> labels = Tallies();
  if (num_declared_ > 0) {
    labels.resize(num_declared_);
  }
  ClassTally sum;
  for (const ClassTally& tally : labels) {
    sum.gold += tally.gold;
    sum.predicted += tally.predicted;
    sum.hits += tally.hits;
  }
  return sum.F1();
}

std::optional<double> ClassCounts::WeightedF1() const {
  double sum = 0;
  std::int64_t weight = 0;
  for (const ClassTally& tally : Classes()) {
    if (tally.gold > 0) {
      sum += static_cast<double>(tally.gold) * *tally.F1();
      weight += tally.gold;
    }
  }
  // Rounding must not lead above the largest F1 there can be.
  return weight == 0 ? std::nullopt
                     : std::optional(std::min(1.0, sum / static_cast<double>(weight)));
}

std::optional<double> ClassCounts::BalancedAccuracy() const {
  return MeanOf(Classes(), [](const ClassTally& tally) { return tally.Recall(); });
}

std::optional<double> ClassCounts::Mcc() const {
  // In doubles that hold integers exactly below 2^53; larger products round, in the order of the
  // texts, which no split changes.
  std::vector<ClassTally> labels = Tallies();
  std::ranges::sort(labels, {}, &ClassTally::label);
  double num_rows = 0;
  double hits = 0;
  double products = 0;
  double gold_squares = 0;
  double predicted_squares = 0;
  for (const ClassTally& tally : labels) {
    const auto gold = static_cast<double>(tally.gold);
    const auto predicted = static_cast<double>(tally.predicted);
    num_rows += gold;
    hits += static_cast<double>(tally.hits);
    products += gold * predicted;
    gold_squares += gold * gold;
    predicted_squares += predicted * predicted;
  }
  const double gold_spread = num_rows * num_rows - gold_squares;
  const double predicted_spread = num_rows * num_rows - predicted_squares;
  if (gold_spread <= 0 || predicted_spread <= 0) {
    return std::nullopt;
  }
  const double mcc =
      (hits * num_rows - products) / (std::sqrt(gold_spread) * std::sqrt(predicted_spread));
  return std::clamp(mcc, -1.0, 1.0);
}

ResultTable ClassCounts::ConfusionTable() const {
  struct ConfusionCell {
    std::string_view gold;
    std::string_view predicted;
    std::int64_t count;
  };
  std::vector<ConfusionCell> cells;
  ForEachCell([&](std::int32_t gold, std::int32_t predicted, std::int64_t count) {
    cells.push_back({labels_.texts()[static_cast<std::size_t>(gold)],
                     labels_.texts()[static_cast<std::size_t>(predicted)], count});
  });
  std::ranges::sort(cells, {}, [](const ConfusionCell& cell) {
    return std::tuple(-cell.count, cell.gold, cell.predicted);
  });
  cells.resize(std::min(cells.size(), kMaxCells));
  Column gold = ResultColumn("label", ColumnType::kText);
  Column predicted = ResultColumn("predicted", ColumnType::kText);
  Column count = ResultColumn("count", ColumnType::kInt64);
  for (const ConfusionCell& cell : cells) {
    AppendValue(gold, cell.gold);
    AppendValue(predicted, cell.predicted);
    AppendValue(count, cell.count);
  }
  return {.name = "confusion",
          .description =
              "examples by their label and the predicted label; cells that are not 0, largest "
              "first, at most 20,000 of them",
          .columns = {std::move(gold), std::move(predicted), std::move(count)}};
}

ResultTable ClassCounts::ClassTable() const {
  Column label = ResultColumn("label", ColumnType::kText);
  Column precision = ResultColumn("precision", ColumnType::kFloat64);
  Column recall = ResultColumn("recall", ColumnType::kFloat64);
  Column f1 = ResultColumn("f1", ColumnType::kFloat64);
  Column support = ResultColumn("support", ColumnType::kInt64);
  Column predicted = ResultColumn("predicted", ColumnType::kInt64);
  for (const ClassTally& tally : Classes()) {
    AppendValue(label, tally.label);
    AppendValue(precision, tally.Precision());
    AppendValue(recall, tally.Recall());
    AppendValue(f1, tally.F1());
    AppendValue(support, tally.gold);
    AppendValue(predicted, tally.predicted);
  }
  return {.name = "per_class",
          .description =
              "each class: precision = hits / outputs with the label, recall = hits / examples "
              "with it (support), f1 = 2 hits / both together",
          .columns = {std::move(label), std::move(precision), std::move(recall), std::move(f1),
                      std::move(support), std::move(predicted)}};
}

}  // namespace assay
