#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "evaluators/columns.h"

namespace assay {

// Which way a metric improves. kNone: no better or worse; such a metric cannot gate.
enum class Direction : std::uint8_t { kNone = 0, kHigher = 1, kLower = 2 };

// How a metric is summarised and compared.
enum class MetricKind : std::uint8_t {
  kBinaryMean = 1,  // mean of row scores that are 0 or 1
  kMean = 2,        // mean of row scores
  kCorpus = 3,      // computed from all rows together; no row scores
};

// What a metric is. The texts are shown to users as they are.
struct MetricDescriptor {
  std::string id;             // unique in a run: [INSTANCE/]NAME[@k][(rel=n)][\[class\]][.pNN]
  std::string definition_id;  // names the exact definition, e.g. "trec/nDCG@k/1"
  Direction direction = Direction::kHigher;
  MetricKind kind = MetricKind::kMean;
  double lowest = 0;  // range of the value, may be infinite
  double highest = 1;
  std::string unit;       // empty: none
  std::string formula;    // in words
  std::string undefined;  // when a row (or corpus) has no value
  std::string source;     // paper, trec_eval file, RFC
};

// Scores of one metric on one batch. value[i] counts only when is_defined[i] is 1.
struct ScoreColumn {
  std::vector<double> values;
  std::vector<std::uint8_t> is_defined;
};

// A result of a run that is no single number, such as a confusion matrix: columns of equal length.
struct ResultTable {
  std::string name;         // as `confusion`; `[INSTANCE/]confusion` in a run
  std::string description;  // what a row is, and each column that its name does not explain
  std::vector<Column> columns;
};

// Examples and their outputs, row i beside row i. A column that the data lack is nullptr. An output
// that is missing is a null row in every output column; rows in error never reach an evaluator.
struct EvaluationBatch {
  std::int64_t num_rows = 0;
  std::function<const Column*(std::string_view)> example;  // by column name
  std::function<const Column*(std::string_view)> output;
};

// Running state of a corpus metric over some rows. Merging is associative and gives the same bits
// for any split as long as states are merged in row order. Thread-compatible.
class CorpusState {
 public:
  virtual ~CorpusState() = default;
  // Adds rows `rows` of `batch`, which ascend.
  virtual void Add(const EvaluationBatch& batch, std::span<const std::int64_t> rows) = 0;
  // Adds the rows of `later`, which has the same dynamic type.
  virtual void Merge(const CorpusState& later) = 0;
  // Value of each of the evaluator's corpus metrics, in the order of metrics(); absent: undefined.
  virtual std::vector<std::optional<double>> Values() const = 0;
  // What there is to show beside the values.
  virtual std::vector<ResultTable> Tables() const { return {}; }
};

// Names of columns with their types, as a run sees them before it starts.
struct ColumnTypes {
  std::function<std::optional<ColumnType>(std::string_view)> example;
  std::function<std::optional<ColumnType>(std::string_view)> output;
  // Components of a vector; 0: no vector. May be empty.
  std::function<std::int32_t(std::string_view)> example_dimension;
  std::function<std::int32_t(std::string_view)> output_dimension;
  std::vector<std::string> example_names;
  std::vector<std::string> output_names;
};

// Scores outputs against examples. Immutable after construction and thread-safe; starts no thread,
// reads no clock.
class Evaluator {
 public:
  virtual ~Evaluator() = default;
  // Canonical specification, `[INSTANCE=]NAME[:OPTION,...]`: equal strings mean equal scores.
  virtual const std::string& spec() const = 0;
  // What it computes: metrics with row scores first, corpus metrics after them.
  virtual std::span<const MetricDescriptor> metrics() const = 0;
  // Names of the columns it reads, of examples and of outputs.
  virtual std::vector<std::string> example_columns() const = 0;
  virtual std::vector<std::string> output_columns() const = 0;
  // FAILED_PRECONDITION naming the column that is missing or has the wrong type.
  virtual absl::Status Check(const ColumnTypes& columns) const = 0;
  // True when a missing output has scores all the same (a judged query without a ranking scores 0)
  // and so pairs; otherwise a missing output is never passed to Score.
  virtual bool ScoresMissingOutputs() const { return false; }
  // Fills one ScoreColumn for each metric with row scores, in order; `scores` has that many.
  virtual absl::Status Score(const EvaluationBatch& batch, std::span<ScoreColumn> scores) const = 0;
  // A fresh state for the corpus metrics; nullptr when there are none.
  virtual std::unique_ptr<CorpusState> NewCorpusState() const { return nullptr; }
  // Facts about a batch that a reader should know, as name -> count, e.g. "tied at cut-off 10".
  // Counts of batches are added up.
  virtual std::vector<std::pair<std::string, std::int64_t>> Counts(
      const EvaluationBatch& /*batch*/) const {
    return {};
  }
};

// Runs `body(i)` for every i in [0, n), in any order and possibly at once. Returns when all have
// run.
using ParallelFor =
    std::function<void(std::int64_t n, const std::function<void(std::int64_t i)>& body)>;

}  // namespace assay
