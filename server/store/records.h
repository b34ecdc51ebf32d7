#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "evaluators/columns.h"
#include "evaluators/compare/comparison.h"
#include "evaluators/evaluator.h"
#include "evaluators/metrics/embedding_change.h"

namespace assay::store {

// Plain records as the store keeps them. Ids are positive and grow; they are unique over all kinds,
// so that one id names the owner of a column whatever it is. Times are microseconds since the Unix
// epoch, UTC.

using Id = std::int64_t;
using Digest = std::array<std::uint8_t, 32>;  // SHA-256

inline constexpr Id kDefaultProject = 1;
inline constexpr std::int64_t kChunkRows = 4096;
// Text column of a model version: its weights file in pieces, a row each.
inline constexpr char kWeightsColumn[] = "weights";

// `sha256:` and 64 hex digits.
std::string DigestText(const Digest& digest);

// Which table of an owner a column belongs to.
enum class Table : std::uint8_t { kRows = 1, kDocuments = 2 };

struct ColumnRecord {
  std::int32_t number = 0;  // position within its owner, from 0; unique over both tables
  Table table = Table::kRows;
  std::string name;
  ColumnType type = ColumnType::kText;
  std::int32_t dimension = 0;
  std::int64_t null_count = 0;
  Digest digest{};
};

// A chunk ready to be stored: at most kChunkRows rows of one column.
struct EncodedChunk {
  Digest hash{};  // of the canonical form: type and values, dictionaries resolved
  std::int64_t num_rows = 0;
  std::int64_t null_count = 0;
  std::string bytes;  // storage form, self-contained
};

struct ProjectRecord {
  Id id = 0;
  std::string name;
};

struct DatasetRecord {
  Id id = 0;
  std::string name;
  std::int64_t created_us = 0;
};

struct DatasetVersionRecord {
  Id id = 0;
  Id dataset_id = 0;
  std::string dataset_name;
  std::int64_t number = 0;
  Digest digest{};
  std::int64_t num_rows = 0;
  std::int64_t num_documents = 0;
  std::int64_t created_us = 0;
};

struct ModelRecord {
  Id id = 0;
  std::string name;
  std::int64_t created_us = 0;
};

struct ModelVersionRecord {
  Id id = 0;
  Id model_id = 0;
  std::string model_name;
  std::int64_t number = 0;  // of a derived version: of the version it was derived from
  Digest digest{};
  bool external = true;
  std::map<std::string, std::string> config;
  // Empty: not declared.
  std::string activation;
  std::string weights_digest;
  std::string architecture;
  std::string dtype;
  std::string quantization;
  std::string preprocessing;
  // Of versions with artifacts, whose fields above are filled from them. Weights are the column
  // kWeightsColumn of the version itself, or of `base_id` when that is not 0.
  std::string architecture_json;  // assay.architecture/v1 in its one spelling
  std::string numerics;           // what it runs in; see NumericsText
  std::string derivation;  // declared changes of the base, `fc1.gelu=silu`; empty: not derived
  Id base_id = 0;
  std::int64_t created_us = 0;
};

struct OutputSetRecord {
  Id id = 0;
  Id dataset_version_id = 0;
  Id model_version_id = 0;
  Digest digest{};          // of the columns, the dataset version and the model version
  Digest content_digest{};  // of the columns alone: equal outputs are equal whoever made them
  std::int64_t num_rows = 0;
  std::string machine;  // empty: unknown
  // True: output i answers example i. Otherwise the hidden column `$example_row` (INT64) of the
  // set says which.
  bool is_aligned = false;
  std::int64_t created_us = 0;
};

enum class UploadKind : std::uint8_t { kDataset = 1, kOutputSet = 2 };
enum class UploadState : std::uint8_t { kOpen = 1, kCommitted = 2 };

struct UploadRecord {
  Id id = 0;
  UploadKind kind = UploadKind::kDataset;
  UploadState state = UploadState::kOpen;
  std::string dataset_name;   // kDataset
  Id dataset_version_id = 0;  // kOutputSet
  Id model_version_id = 0;    // kOutputSet
  std::string machine;        // kOutputSet
  std::int64_t next_sequence = 0;
  std::int64_t num_rows = 0;
  std::int64_t num_documents = 0;
  Id result_id = 0;              // dataset version or output set, once committed
  bool already_existed = false;  // the result was there before
  std::int64_t created_us = 0;
  std::int64_t updated_us = 0;
};

enum class RunState : std::uint8_t {
  kQueued = 1,
  kRunning = 2,
  kSucceeded = 3,
  kFailed = 4,
  kCancelled = 5,
};
inline bool HasEnded(RunState state) { return state >= RunState::kSucceeded; }

struct SummaryRecord {
  std::string metric;
  std::string cohort;  // "COLUMN=VALUE"; empty: all
  std::optional<double> value;
  std::int64_t num_rows = 0;
  std::int64_t num_undefined = 0;
  std::optional<double> lower;
  std::optional<double> upper;
};

struct RunRecord {
  Id id = 0;
  Id dataset_version_id = 0;
  Id output_set_id = 0;
  Id model_version_id = 0;
  std::string row_filter;               // canonical
  std::vector<std::string> evaluators;  // canonical
  std::vector<MetricDescriptor> metrics;
  Digest spec_digest{};
  RunState state = RunState::kQueued;
  std::string error;
  std::int64_t num_rows = 0;
  std::int32_t shard_chunks = 0;  // chunks that each kScore job covers; set when the run is made
  std::int64_t num_rows_done = 0;
  std::int64_t num_scored = 0;
  std::int64_t num_missing = 0;
  std::int64_t num_errors = 0;
  std::int64_t num_filtered = 0;
  std::vector<std::string> notes;
  std::optional<Digest> result_digest;
  std::string trace_id;        // 32 hex digits
  std::string parent_span_id;  // 16 hex digits; the call that made the run
  std::string request_id;      // empty: none
  std::string build;
  std::string isa;
  std::int64_t created_us = 0;
  std::optional<std::int64_t> started_us;
  std::optional<std::int64_t> ended_us;
};

// What the summarising step of a run found.
struct RunResult {
  std::vector<SummaryRecord> summaries;
  std::vector<ResultTable> tables;  // names are unique
  std::int64_t num_scored = 0;
  std::int64_t num_missing = 0;
  std::int64_t num_errors = 0;
  std::int64_t num_filtered = 0;
  std::vector<std::string> notes;
  Digest result_digest{};
};

enum class Fairness : std::uint8_t { kUnknown = 0, kClean = 1, kConfounded = 2, kUnproven = 3 };

struct FieldDifference {
  std::string field;
  std::string baseline;
  std::string candidate;
};

// A group of rows that a search proposed on one half of the rows and tested on the other.
struct SliceRecord {
  std::string cohort;  // "COLUMN=VALUE", or two joined by ","
  std::string metric;
  std::int64_t num_search_rows = 0;
  std::optional<double> search_delta;
  std::int64_t num_test_rows = 0;
  std::optional<double> delta;
  std::optional<double> lower;  // two-sided 95 % interval of delta
  std::optional<double> upper;
  std::optional<double> p;  // one-sided, H0: not worse; never 0
  std::optional<double> q;  // Benjamini-Hochberg over the slices
};

struct SliceSearchRecord {
  std::string metric;  // empty: no search was made
  std::uint64_t seed = 0;
  std::int64_t min_rows = 0;
  std::int64_t num_considered = 0;
  std::vector<SliceRecord> slices;
};

enum class RowBucket : std::uint8_t {
  kAny = 0,        // in a query every row; in a row: none of the others (a tie between several
                   // outputs, a change of a metric without direction)
  kBroken = 1,     // right before, wrong after; for other metrics: worse
  kFixed = 2,      // wrong before, right after; for other metrics: better
  kBothWrong = 3,  // wrong both times; for other metrics: equal
  kBothRight = 4,
  kUnpaired = 5,  // scored on one side only
  kChanged = 6,   // another example under the same key
};

// One example, before and after. Texts are shortened to 1,000 characters, whole code points.
struct RowRecord {
  std::int64_t row = 0;
  std::string key;
  RowBucket bucket = RowBucket::kAny;
  std::optional<double> baseline_score;
  std::optional<double> candidate_score;
  std::string input;
  std::string expected;
  std::string baseline_output;
  std::string candidate_output;
  std::string baseline_trace_id;
  std::string candidate_trace_id;
  std::vector<std::string> cohorts;  // "COLUMN=VALUE"
};

// The first rows by a metric, worst first, and how many there are.
struct RowListRecord {
  std::string metric;  // empty: no list
  std::int64_t num_rows = 0;
  std::int64_t num_broken = 0;
  std::vector<RowRecord> rows;
};

// Which examples of a dataset version flipped between right and wrong when two output sets were
// compared.
struct FlipsRecord {
  Id dataset_version_id = 0;
  Id baseline_output_set_id = 0;
  Id candidate_output_set_id = 0;
  std::string bits;  // one an example, from the lowest of the first byte; empty: nothing can flip
};

// Means over the measured rows of a cohort, as of EmbeddingChange.
struct EmbeddingChangeCell {
  std::string cohort;  // "COLUMN=VALUE"; empty: all rows
  std::int64_t num_rows = 0;
  std::optional<double> cosine;
  std::optional<double> l2;
  std::optional<double> neighbor_overlap;
  std::optional<double> procrustes_residual;
};

// What happened to the embeddings between the two runs of a comparison; see EmbeddingChange.
struct EmbeddingChangeRecord {
  std::int32_t baseline_dimension = 0;
  std::int32_t candidate_dimension = 0;
  std::int64_t num_paired = 0;
  std::int64_t num_sampled = 0;    // of num_paired: all of them, or a sample spread evenly
  std::int64_t num_neighbors = 0;  // k of neighbor_overlap
  bool same_space = false;         // vectors compare directly: cosine and l2 are there
  UnusableVectors baseline_unusable;
  UnusableVectors candidate_unusable;
  EmbeddingSpread baseline_spread;
  EmbeddingSpread candidate_spread;
  std::optional<double> debiased_cka;
  std::vector<EmbeddingChangeCell> cells;  // all measured rows first
};

// What a comparison found; complete once the state is kSucceeded.
struct ComparisonResult {
  Fairness fairness = Fairness::kUnknown;
  std::vector<FieldDifference> confounds;
  std::vector<FieldDifference> unproven;  // fields that a claim needs and a side does not declare
  std::string claim;                      // in words; empty: none
  std::vector<FieldDifference> model_differences;
  std::int64_t num_paired = 0;
  std::int64_t num_only_baseline = 0;
  std::int64_t num_only_candidate = 0;
  std::int64_t num_changed = 0;  // equal keys, other content
  std::int64_t num_baseline_errors = 0;
  std::int64_t num_candidate_errors = 0;
  std::optional<double> coverage;  // share of the baseline's scored examples that pair
  std::optional<double> baseline_error_rate;
  std::optional<double> candidate_error_rate;
  bool identical_outputs = false;
  std::vector<MetricComparison> metrics;
  Behavior behavior;
  std::optional<EmbeddingChangeRecord> embedding_change;  // absent: a side has no embeddings
  std::string flip_metric;                                // empty: none
  std::int64_t num_broken = 0;
  std::int64_t num_fixed = 0;
  std::int64_t num_both_wrong = 0;
  std::int64_t num_both_right = 0;
  std::vector<BudgetResult> budgets;
  std::vector<GateResult> gates;
  SliceSearchRecord slices;
  std::uint64_t seed = 0;
  std::int64_t num_draws = 0;  // 0: nothing was resampled
  std::vector<std::string> warnings;
  Verdict verdict = Verdict::kNone;
  std::string summary;
  int exit_code = 0;
  // Stored with the comparison and read on their own.
  FlipsRecord flips;
  std::vector<RowListRecord> row_lists;
};

// A name for a run that others are compared with. Setting it again makes a new record; the newest
// counts.
struct BaselineRecord {
  Id id = 0;
  std::string name;
  Id run_id = 0;
  std::string reason;
  std::string actor;
  std::int64_t created_us = 0;
  std::optional<std::int64_t> expires_us;  // from then on it holds no more
};

struct ComparisonRecord {
  Id id = 0;
  Id baseline_run_id = 0;
  Id candidate_run_id = 0;
  Policy policy;
  bool allow_confounded = false;
  std::vector<std::string> cohort_pairs;  // "COLUMN*COLUMN"
  bool find_slices = false;
  Id baseline_id = 0;    // the record of the baseline that named the first run; 0: none
  Digest spec_digest{};  // of runs, policy and options
  RunState state = RunState::kQueued;
  std::string error;
  ComparisonResult result;
  std::string trace_id;
  std::string parent_span_id;
  std::string request_id;
  std::int64_t created_us = 0;
  std::optional<std::int64_t> ended_us;
};

enum class JobKind : std::uint8_t {
  kScore = 1,      // score one shard of a run
  kSummarize = 2,  // summarise a run whose shards are all scored
  kCompare = 3,    // compute a comparison
};

// Pieces of work of all runs and comparisons.
struct JobCounts {
  std::int64_t num_queued = 0;   // ready, and no worker has it
  std::int64_t num_running = 0;  // leased to a worker
};

// A lease on a piece of work. Every result names the fence; one from an older lease is rejected.
struct JobLease {
  Id job_id = 0;
  JobKind kind = JobKind::kScore;
  Id project_id = 0;
  Id target_id = 0;        // run or comparison
  std::int32_t shard = 0;  // kScore
  std::int64_t fence = 0;
  std::int32_t attempt = 0;  // counts from 1
};

// A page of a list, newest first. `before` is exclusive; 0 starts at the newest.
struct PageRequest {
  Id before = 0;
  std::int32_t size = 50;
};

struct StoreFinding {
  std::string where;
  std::string problem;
};

}  // namespace assay::store
