#include "server/run/row_scan.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/run/score_columns.h"

namespace assay::run {
namespace {

constexpr std::string_view kCohortPrefix = "cohort.";

void Serially(std::int64_t n, const std::function<void(std::int64_t)>& body) {
  for (std::int64_t i = 0; i < n; ++i) {
    body(i);
  }
}

// The first `capacity` places of all that were offered, in ascending order of rows.
class FirstPlaces {
 public:
  explicit FirstPlaces(std::size_t capacity) : capacity_(capacity) {}

  // True when Offer would keep a later row of that order: one that is equal to the last stands
  // behind it. Offer it, or Count it.
  bool Takes(double order) const {
    return places_.size() < capacity_ || (capacity_ > 0 && order < places_.front().order);
  }
  void Count() { ++num_offered_; }
  void Offer(const RowPlace& place) {
    Count();
    if (places_.size() == capacity_) {
      std::pop_heap(places_.begin(), places_.end());
      places_.pop_back();
    }
    places_.push_back(place);
    std::push_heap(places_.begin(), places_.end());
  }
  std::int64_t num_offered() const { return num_offered_; }
  std::vector<RowPlace> TakeSorted() {
    std::sort_heap(places_.begin(), places_.end());
    return std::move(places_);
  }

 private:
  const std::size_t capacity_;
  std::vector<RowPlace> places_;  // a heap, the last place in front
  std::int64_t num_offered_ = 0;
};

RowBucket BucketOf(const MetricDescriptor& metric, double baseline, double candidate) {
  const double sign = metric.direction == Direction::kLower ? -1 : 1;
  const double change = (candidate - baseline) * sign;
  if (metric.direction == Direction::kNone && change != 0) {
    return RowBucket::kAny;  // Neither better nor worse.
  }
  if (metric.kind != MetricKind::kBinaryMean) {
    return change < 0 ? RowBucket::kBroken : change > 0 ? RowBucket::kFixed : RowBucket::kBothWrong;
  }
  // With several outputs an example is right when most are; a tie belongs nowhere.
  if (baseline == 0.5 || candidate == 0.5) {
    return RowBucket::kAny;
  }
  const bool was_right = (baseline > 0.5) == (sign > 0);
  const bool is_right = (candidate > 0.5) == (sign > 0);
  return was_right ? (is_right ? RowBucket::kBothRight : RowBucket::kBroken)
                   : (is_right ? RowBucket::kFixed : RowBucket::kBothWrong);
}

// Where the rows of a chunk stand, worst first; infinite for an unpaired row.
void OrderChunk(const MetricDescriptor& metric, const ScoreArray& baseline,
                const ScoreArray& candidate, std::vector<double>& order) {
  order.resize(candidate.values.size());
  const double sign = metric.direction == Direction::kLower ? -1 : 1;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const double change = (candidate.values[i] - baseline.values[i]) * sign;
    const bool is_paired = (baseline.defined[i] & candidate.defined[i]) != 0;
    order[i] = is_paired ? change : std::numeric_limits<double>::infinity();
  }
  if (metric.direction == Direction::kNone) {
    for (double& each : order) {
      each = std::isinf(each) ? each : -std::fabs(each);
    }
  }
}

// Scores of one run at consecutive rows of the candidate's dataset version.
class ScoreSource {
 public:
  static absl::StatusOr<ScoreSource> Open(store::Store& store, store::Id project, store::Id run,
                                          const std::string& metric, std::int64_t num_rows,
                                          const Pairing* pairing) {
    ASSAY_ASSIGN_OR_RETURN(const std::vector<store::ColumnRecord> columns,
                           ListRowColumns(store, project, run));
    const store::ColumnRecord* const column = FindColumn(columns, metric);
    if (column == nullptr && num_rows > 0) {
      return absl::DataLossError(absl::StrFormat("runs/%d: column '%s' is missing", run, metric));
    }
    ScoreSource source(store, project, run, column == nullptr ? store::ColumnRecord{} : *column,
                       num_rows);
    if (pairing != nullptr && !pairing->is_identity) {
      source.pairing_ = pairing;
      ASSAY_RETURN_IF_ERROR(
          LoadScores(store, project, run, source.column_, num_rows, Serially, source.all_));
    }
    return source;
  }

  // Reads chunk `number` of the candidate's rows, `size` of them.
  absl::Status Seek(std::int64_t number, std::int64_t size) {
    chunk_.values.resize(static_cast<std::size_t>(size));
    chunk_.defined.resize(static_cast<std::size_t>(size));
    if (pairing_ != nullptr) {
      for (std::int64_t i = 0; i < size; ++i) {
        const std::int64_t row = pairing_->SameKeyRow(number * store::kChunkRows + i);
        const auto from = static_cast<std::size_t>(std::max<std::int64_t>(row, 0));
        const auto to = static_cast<std::size_t>(i);
        chunk_.defined[to] = row < 0 ? 0 : all_.defined[from];
        chunk_.values[to] = row < 0 ? 0 : all_.values[from];
      }
      return absl::OkStatus();
    }
    ASSAY_ASSIGN_OR_RETURN(const Column column,
                           store_.columns().ReadChunk(project_, run_, column_, number));
    ASSAY_RETURN_IF_ERROR(CheckChunk(column, column_, number, num_rows_));
    UnpackScores(column, chunk_.values, chunk_.defined);
    return absl::OkStatus();
  }

  // Scores of the chunk read last.
  const ScoreArray& chunk() const { return chunk_; }
  // Of every row of the baseline's dataset version; empty where it is the candidate's.
  const ScoreArray& all() const { return all_; }

 private:
  ScoreSource(store::Store& store, store::Id project, store::Id run, store::ColumnRecord column,
              std::int64_t num_rows)
      : store_(store),
        project_(project),
        run_(run),
        column_(std::move(column)),
        num_rows_(num_rows) {}

  store::Store& store_;
  store::Id project_;
  store::Id run_;
  store::ColumnRecord column_;
  std::int64_t num_rows_;
  const Pairing* pairing_ = nullptr;
  ScoreArray all_;  // with a pairing: the baseline's rows
  ScoreArray chunk_;
};

// Which rows belong to the cohort asked for.
class CohortTest {
 public:
  static absl::StatusOr<CohortTest> Open(store::Store& store, const RunInputs& inputs,
                                         const std::string& cohort) {
    CohortTest test(store, inputs);
    if (cohort.empty()) {
      return test;
    }
    const std::size_t equals = cohort.find('=');
    if (equals == std::string::npos) {
      return absl::InvalidArgumentError(
          absl::StrFormat("cohort: want COLUMN=VALUE, not '%s'", cohort));
    }
    const std::string name = absl::StrFormat("%s%s", kCohortPrefix, cohort.substr(0, equals));
    test.column_ = FindColumn(inputs.example_columns, name);
    test.value_ = cohort.substr(equals + 1);
    if (test.column_ == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrFormat("cohort: unknown column '%s'", cohort.substr(0, equals)));
    }
    return test;
  }

  absl::Status Seek(std::int64_t number) {
    if (column_ != nullptr) {
      ASSAY_ASSIGN_OR_RETURN(chunk_, store_.columns().ReadChunk(inputs_.project, inputs_.dataset.id,
                                                                *column_, number));
      ASSAY_RETURN_IF_ERROR(CheckChunk(chunk_, *column_, number, inputs_.dataset.num_rows));
    }
    return absl::OkStatus();
  }

  bool Holds(std::int64_t i) {
    if (column_ == nullptr) {
      return true;
    }
    const bool holds = chunk_.IsValid(i) && chunk_.Text(i) == value_;
    is_found_ |= holds;
    return holds;
  }

  // True when some row belongs to the cohort.
  bool is_found() const { return column_ == nullptr || is_found_; }
  // INVALID_ARGUMENT when none does.
  absl::Status CheckFound() const {
    return is_found() ? absl::OkStatus()
                      : absl::InvalidArgumentError(
                            absl::StrFormat("cohort: no example has %s=%s",
                                            column_->name.substr(kCohortPrefix.size()), value_));
  }

 private:
  CohortTest(store::Store& store, const RunInputs& inputs) : store_(store), inputs_(inputs) {}

  store::Store& store_;
  const RunInputs& inputs_;
  const store::ColumnRecord* column_ = nullptr;
  std::string value_;
  Column chunk_;
  bool is_found_ = false;
};

// The positions that a query names, ascending; none: all.
class NamedRows {
 public:
  explicit NamedRows(std::vector<std::int64_t> rows) : rows_(std::move(rows)) {
    std::ranges::sort(rows_);
  }
  bool are_all() const { return rows_.empty(); }
  bool Holds(std::int64_t row) const { return are_all() || std::ranges::binary_search(rows_, row); }
  // True when a row from `begin` to before `end` is among them.
  bool HoldsAny(std::int64_t begin, std::int64_t end) const {
    const auto first = std::ranges::lower_bound(rows_, begin);
    return are_all() || (first != rows_.end() && *first < end);
  }

 private:
  std::vector<std::int64_t> rows_;
};

// Offers the rows of one chunk that have a score on a side and are asked for.
class ChunkScan {
 public:
  ChunkScan(const MetricDescriptor& metric, RowBucket bucket, const NamedRows& named,
            const Pairing& pairing, CohortTest& cohort, FirstPlaces& first)
      : metric_(metric),
        bucket_(bucket),
        named_(named),
        pairing_(pairing),
        cohort_(cohort),
        first_(first) {}

  void Scan(const ScoreArray& baseline, const ScoreArray& candidate, std::int64_t first_row) {
    OrderChunk(metric_, baseline, candidate, order_);
    for (std::size_t i = 0; i < order_.size(); ++i) {
      // Asked of every row, so that it knows whether the cohort exists.
      const bool is_member = cohort_.Holds(static_cast<std::int64_t>(i));
      if (!is_member || (baseline.defined[i] | candidate.defined[i]) == 0) {
        continue;
      }
      const std::int64_t row = first_row + static_cast<std::int64_t>(i);
      if (!named_.Holds(row)) {
        continue;
      }
      if (bucket_ != RowBucket::kAny && BucketAt(baseline, candidate, row, i) != bucket_) {
        continue;
      }
      const double order =
          pairing_.HasChanged(row) ? std::numeric_limits<double>::infinity() : order_[i];
      if (!first_.Takes(order)) {
        first_.Count();
        continue;
      }
      first_.Offer({.order = order,
                    .row = row,
                    .bucket = BucketAt(baseline, candidate, row, i),
                    .baseline = baseline.values[i],
                    .candidate = candidate.values[i],
                    .has_baseline = baseline.defined[i] != 0,
                    .has_candidate = candidate.defined[i] != 0});
    }
  }

 private:
  RowBucket BucketAt(const ScoreArray& baseline, const ScoreArray& candidate, std::int64_t row,
                     std::size_t i) const {
    if (pairing_.HasChanged(row)) {
      return RowBucket::kChanged;
    }
    return (baseline.defined[i] & candidate.defined[i]) == 0
               ? RowBucket::kUnpaired
               : BucketOf(metric_, baseline.values[i], candidate.values[i]);
  }

  const MetricDescriptor& metric_;
  const RowBucket bucket_;
  const NamedRows& named_;
  const Pairing& pairing_;
  CohortTest& cohort_;
  FirstPlaces& first_;
  std::vector<double> order_;  // of the chunk at hand
};

// Offers the scored examples that only the baseline's dataset version has; they count behind the
// `num_candidate_rows` of the candidate's.
absl::Status ScanBaselineOnly(const Pairing& pairing, const ScoreArray& scores, RowBucket bucket,
                              const NamedRows& named, std::int64_t num_candidate_rows,
                              CohortTest& cohort, FirstPlaces& first) {
  std::vector<std::uint8_t> has_other(scores.values.size(), 0);
  for (const std::int32_t row : pairing.same_key) {
    if (row >= 0) {
      has_other[static_cast<std::size_t>(row)] = 1;
    }
  }
  const bool is_wanted = bucket == RowBucket::kAny || bucket == RowBucket::kUnpaired;
  constexpr double kLast = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < has_other.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    if (row % store::kChunkRows == 0) {
      ASSAY_RETURN_IF_ERROR(cohort.Seek(row / store::kChunkRows));
    }
    const bool is_member = cohort.Holds(row % store::kChunkRows);
    if (!is_wanted || !is_member || has_other[i] != 0 || scores.defined[i] == 0 ||
        !named.Holds(num_candidate_rows + row)) {
      continue;
    }
    if (!first.Takes(kLast)) {
      first.Count();
      continue;
    }
    first.Offer({.order = kLast,
                 .row = num_candidate_rows + row,
                 .bucket = RowBucket::kUnpaired,
                 .baseline = scores.values[i],
                 .candidate = 0,
                 .has_baseline = true,
                 .has_candidate = false});
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ScannedRows> ScanRows(store::Store& store, store::Id project,
                                     const ScannedSides& sides, const MetricDescriptor& metric,
                                     const RowQuery& query) {
  ASSAY_ASSIGN_OR_RETURN(ScoreSource baseline,
                         ScoreSource::Open(store, project, sides.baseline_run, metric.id,
                                           sides.baseline.dataset.num_rows, &sides.pairing));
  ASSAY_ASSIGN_OR_RETURN(ScoreSource candidate,
                         ScoreSource::Open(store, project, sides.candidate_run, metric.id,
                                           sides.candidate.dataset.num_rows, nullptr));
  ASSAY_ASSIGN_OR_RETURN(CohortTest cohort, CohortTest::Open(store, sides.candidate, query.cohort));

  const std::int64_t skip = std::clamp<std::int64_t>(
      query.offset_rank, 0, sides.candidate.dataset.num_rows + sides.baseline.dataset.num_rows);
  FirstPlaces first(static_cast<std::size_t>(skip + std::max(query.limit, 0)));
  const NamedRows named(query.rows);
  ChunkScan scan(metric, query.bucket, named, sides.pairing, cohort, first);
  for (std::int64_t number = 0; number < sides.candidate.num_chunks(); ++number) {
    const std::int64_t begin = number * store::kChunkRows;
    const std::int64_t size = std::min(store::kChunkRows, sides.candidate.dataset.num_rows - begin);
    if (!named.HoldsAny(begin, begin + size)) {
      continue;
    }
    ASSAY_RETURN_IF_ERROR(baseline.Seek(number, size));
    ASSAY_RETURN_IF_ERROR(candidate.Seek(number, size));
    ASSAY_RETURN_IF_ERROR(cohort.Seek(number));
    scan.Scan(baseline.chunk(), candidate.chunk(), begin);
  }
  bool is_cohort_of_baseline = false;
  // A version without the cohort's column has no example of it.
  absl::StatusOr<CohortTest> baseline_cohort =
      CohortTest::Open(store, sides.baseline, query.cohort);
  if (!sides.pairing.is_identity && baseline_cohort.ok()) {
    ASSAY_RETURN_IF_ERROR(ScanBaselineOnly(sides.pairing, baseline.all(), query.bucket, named,
                                           sides.candidate.dataset.num_rows, *baseline_cohort,
                                           first));
    is_cohort_of_baseline = baseline_cohort->is_found();
  }
  if (!is_cohort_of_baseline && named.are_all()) {
    ASSAY_RETURN_IF_ERROR(cohort.CheckFound());
  }

  ScannedRows scanned;
  scanned.total_rows = first.num_offered();
  std::vector<RowPlace> places = first.TakeSorted();
  const std::int64_t skipped = std::min(skip, std::ssize(places));
  scanned.places.assign(places.begin() + skipped, places.end());
  return scanned;
}

}  // namespace assay::run
