#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "evaluators/compare/policy.h"
#include "evaluators/evaluator.h"

namespace assay {

// The verdict and what it rests on: the result of comparing two runs, in plain data. Filled by
// CompareScores and JudgeGates (gate.h); kept by the store; rendered elsewhere.

enum class Verdict : std::uint8_t {
  kNone = 0,          // nothing was asked for
  kPass = 1,          // proven not worse than the margin
  kRegressed = 2,     // proven worse than the margin
  kInconclusive = 3,  // the data do not decide
  kRefused = 4,       // could not be judged
};

// p and p_adjusted are absent where no test was made: identical outputs, or too few rows. Such a
// gate still counts in Holm's family.
struct GateResult {
  Gate gate;
  Verdict verdict = Verdict::kNone;
  std::optional<double> delta;  // candidate minus baseline
  std::optional<double> lower;  // one-sided 1 - alpha bounds of delta
  std::optional<double> upper;
  std::optional<double> p;           // one-sided, H0: not worse than the margin; never 0
  std::optional<double> p_adjusted;  // after correction over all gates
  std::int64_t num_rows = 0;
  std::optional<std::int64_t> rows_needed;
  std::string reason;
  std::optional<double> margin;  // on the scale of delta, >= 0
  std::optional<double> baseline;
  std::optional<double> candidate;
  std::string method;
};

// One metric over one cohort on paired rows with a defined score on both sides.
struct Cell {
  std::string cohort;  // "COLUMN=VALUE"; empty: all paired rows
  std::int64_t num_rows = 0;
  std::optional<double> baseline;
  std::optional<double> candidate;
  std::optional<double> delta;
  std::optional<double> lower;  // two-sided 95 % interval of delta
  std::optional<double> upper;
  std::optional<double> p;  // two-sided, H0: delta = 0; never 0
  std::optional<double> q;  // Benjamini-Hochberg over the cohorts of the metric
  std::string method;
  std::optional<double> effect_size;
  std::optional<double> minimum_detectable_effect;
  std::int64_t num_worse = 0;
  std::int64_t num_better = 0;
  std::optional<double> standard_error;  // of delta; cluster-robust with clusters
  std::optional<double> permutation_p;   // sign flips, two-sided, beside p; never 0
  // Random patterns behind permutation_p, or resamples behind the interval of a corpus metric; 0:
  // none, or an exact test. With `seed` they are the same every time.
  std::int64_t num_draws = 0;
  std::uint64_t seed = 0;
  std::int64_t num_clusters = 0;  // 0: rows are independent
  std::string note;               // what a reader must know of the evidence; may be empty
};

struct MetricComparison {
  MetricDescriptor metric;
  Cell overall;
  std::vector<Cell> cohorts;  // worst first: by the lower end of the signed interval
};

// A cohort column over all rows: value_of[row] indexes `values`, -1 for none.
struct CohortColumn {
  std::string name;  // without "cohort."; empty: `values` are whole names, as those of pairs are
  std::vector<std::string> values;
  std::vector<std::int32_t> value_of;
};

// "COLUMN=VALUE".
std::string CohortName(const CohortColumn& column, std::size_t value);

// How many answers differ between the sides.
struct Behavior {
  std::string column;  // what was compared: "label", "ranking", "text"; empty: nothing in common
  std::int64_t num_rows = 0;
  std::int64_t num_changed = 0;
  std::optional<double> lower;  // two-sided 95 % Clopper-Pearson interval of the share
  std::optional<double> upper;
};

// A limit of the policy on the data.
struct BudgetResult {
  std::string name;  // "coverage", "error_rate"
  double limit = 0;
  std::optional<double> value;
  Verdict verdict = Verdict::kNone;
  std::string reason;
};

// Row scores of one metric on both sides, aligned. defined bits are 0 or 1.
struct PairedScores {
  MetricDescriptor metric;
  std::span<const double> baseline;
  std::span<const double> candidate;
  std::span<const std::uint8_t> baseline_defined;
  std::span<const std::uint8_t> candidate_defined;
  bool is_averaged = false;  // right-or-wrong scores, averaged over several outputs of an example
};

inline constexpr std::uint64_t kDefaultSeed = 20'260'101;
inline constexpr std::int64_t kDefaultDraws = 10'000;

// How cells are tested.
struct TestOptions {
  // By row: the number of its cluster, -1 for a row that is one of its own. Empty: rows are
  // independent.
  std::span<const std::int32_t> cluster_of;
  std::uint64_t seed = kDefaultSeed;
  std::int64_t draws = kDefaultDraws;  // of permutations and resamples
};

// Overall and per-cohort cells of a metric with row scores. Bit-identical for any `parallel_for`.
MetricComparison CompareScores(const PairedScores& scores, std::span<const CohortColumn> cohorts,
                               const ParallelFor& parallel_for, const TestOptions& options = {});

// Cell of a metric without row scores: values and delta, no interval and no test.
Cell CorpusCell(std::string cohort, std::int64_t num_rows, std::optional<double> baseline,
                std::optional<double> candidate);

}  // namespace assay
