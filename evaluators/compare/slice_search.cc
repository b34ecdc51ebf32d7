#include "evaluators/compare/slice_search.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "evaluators/compare/gate_evidence.h"
#include "evaluators/compare/paired_summary.h"
#include "evaluators/statistics/multiplicity.h"
#include "evaluators/statistics/philox.h"

namespace assay {
namespace {

struct Term {
  std::size_t column = 0;
  std::int32_t value = 0;

  bool operator==(const Term&) const = default;
  bool operator<(const Term& other) const {
    return column != other.column ? column < other.column : value < other.value;
  }
};
using Terms = std::vector<Term>;  // by rising column

// The slices that values of one set of columns make, with enough rows in both halves.
struct Partition {
  std::vector<Terms> slices;
  std::vector<std::int32_t> slice_of;  // by row, -1: in none
};

// 1 for the rows of one half that have both scores.
struct Halves {
  std::vector<std::uint8_t> search;
  std::vector<std::uint8_t> test;
};

struct Candidate {
  Terms terms;
  std::int64_t num_rows = 0;
  double delta = 0;  // candidate minus baseline
  double drop = 0;   // signed so that worse is positive
  double z = 0;      // drop over its standard error
};

// Which half a row or a cluster belongs to: one random bit.
bool IsInSearchHalf(const RandomSource& source, std::uint32_t number, std::uint32_t kind) {
  const PhiloxCounter words = Philox(source.Counter(kind, number / 128), source.Key());
  return (words[number / 32 % 4] >> (number % 32) & 1U) != 0;
}

Halves Split(const PairedScores& scores, const TestOptions& options) {
  const RandomSource source{.seed = options.seed, .stream = StreamOf("slices/" + scores.metric.id)};
  const std::size_t num_rows = scores.baseline.size();
  Halves halves{std::vector<std::uint8_t>(num_rows), std::vector<std::uint8_t>(num_rows)};
  for (std::size_t row = 0; row < num_rows; ++row) {
    if ((scores.baseline_defined[row] & scores.candidate_defined[row]) == 0) {
      continue;
    }
    const std::int32_t cluster = options.cluster_of.empty() ? -1 : options.cluster_of[row];
    const bool is_search = cluster >= 0
                               ? IsInSearchHalf(source, static_cast<std::uint32_t>(cluster), 1)
                               : IsInSearchHalf(source, static_cast<std::uint32_t>(row), 0);
    (is_search ? halves.search : halves.test)[row] = 1;
  }
  return halves;
}

PairedScores Restrict(const PairedScores& scores, const std::vector<std::uint8_t>& half) {
  PairedScores restricted = scores;
  restricted.baseline_defined = half;
  restricted.candidate_defined = half;
  return restricted;
}

class Search {
 public:
  Search(const PairedScores& scores, std::span<const CohortColumn> cohorts,
         const ParallelFor& parallel_for, const SliceSearchOptions& options)
      : scores_(scores),
        cohorts_(cohorts),
        parallel_for_(parallel_for),
        options_(options),
        halves_(Split(scores, options.test)) {}

  SliceFindings Run() {
    SliceFindings result;
    result.seed = options_.test.seed;
    result.search_rows = std::count(halves_.search.begin(), halves_.search.end(), 1);
    result.test_rows = std::count(halves_.test.begin(), halves_.test.end(), 1);
    Partition all;
    all.slices.emplace_back();
    all.slice_of.assign(scores_.baseline.size(), 0);
    Extend(all, 0);
    result.num_searched = num_searched_;
    KeepWorst();
    for (const Candidate& candidate : candidates_) {
      result.slices.push_back(Test(candidate));
    }
    Adjust(result.slices);
    return result;
  }

 private:
  // Measures all conjunctions of `base` with values of columns from `first_column` on.
  void Extend(const Partition& base, std::size_t first_column) {
    if (static_cast<std::int64_t>(base.slices[0].size()) == options_.max_terms) {
      return;
    }
    for (std::size_t column = first_column; column < cohorts_.size(); ++column) {
      const Partition partition = Refine(base, column);
      if (partition.slices.empty()) {
        continue;
      }
      Measure(partition);
      Extend(partition, column + 1);
    }
  }

  Partition Refine(const Partition& base, std::size_t column) const {
    const CohortColumn& cohort = cohorts_[column];
    // Rows in the search and in the test half by slice of `base` and value.
    std::map<std::pair<std::int32_t, std::int32_t>, std::pair<std::int64_t, std::int64_t>> counts;
    const auto for_each = [&](const auto& body) {
      for (std::size_t row = 0; row < base.slice_of.size(); ++row) {
        if (base.slice_of[row] >= 0 && cohort.value_of[row] >= 0) {
          body(row, std::pair(base.slice_of[row], cohort.value_of[row]));
        }
      }
    };
    for_each([&](std::size_t row, const auto& key) {
      auto& [search, test] = counts[key];
      search += halves_.search[row];
      test += halves_.test[row];
    });
    Partition refined;
    std::map<std::pair<std::int32_t, std::int32_t>, std::int32_t> number;
    for (const auto& [key, count] : counts) {
      if (count.first >= options_.min_rows && count.second >= options_.min_rows) {
        number.emplace(key, static_cast<std::int32_t>(refined.slices.size()));
        Terms& terms =
            refined.slices.emplace_back(base.slices[static_cast<std::size_t>(key.first)]);
        terms.push_back({.column = column, .value = key.second});
      }
    }
    refined.slice_of.assign(base.slice_of.size(), -1);
    for_each([&](std::size_t row, const auto& key) {
      if (const auto found = number.find(key); found != number.end()) {
        refined.slice_of[row] = found->second;
      }
    });
    return refined;
  }

  void Measure(const Partition& partition) {
    const CohortColumn slices{.name = "",
                              .values = std::vector<std::string>(partition.slices.size()),
                              .value_of = partition.slice_of};
    const std::vector<PairedSummary> summaries =
        SummarizePairs(Restrict(scores_, halves_.search), std::span(&slices, 1), parallel_for_,
                       options_.test.cluster_of);
    for (std::size_t i = 0; i < partition.slices.size(); ++i) {
      ++num_searched_;
      const PairedSummary& summary = summaries[i + 1];
      const bool is_higher_better = scores_.metric.direction == Direction::kHigher;
      Candidate candidate{.terms = partition.slices[i],
                          .num_rows = summary.num_rows,
                          .delta = summary.delta,
                          .drop = is_higher_better ? -summary.delta : summary.delta};
      if (!std::isfinite(summary.delta)) {
        continue;
      }
      drop_of_[candidate.terms] = candidate.drop;
      const double n = static_cast<double>(summary.num_rows);
      const double error = summary.num_clusters > 0 ? summary.cluster_error
                                                    : summary.standard_deviation / std::sqrt(n);
      // Equal differences have no spread: as if the spread were as large as they are.
      candidate.z = error > 0 ? candidate.drop / error : std::sqrt(n);
      if (candidate.drop > 0 && DropsMoreThanItsParents(candidate)) {
        candidates_.push_back(std::move(candidate));
      }
    }
  }

  bool DropsMoreThanItsParents(const Candidate& candidate) const {
    if (candidate.terms.size() == 1) {
      return true;
    }
    for (std::size_t left_out = 0; left_out < candidate.terms.size(); ++left_out) {
      Terms parent = candidate.terms;
      parent.erase(parent.begin() + static_cast<std::ptrdiff_t>(left_out));
      const auto found = drop_of_.find(parent);
      if (found != drop_of_.end() && candidate.drop <= found->second) {
        return false;
      }
    }
    return true;
  }

  void KeepWorst() {
    // Parents of a conjunction may be measured after it, so they are looked at once more.
    std::erase_if(candidates_,
                  [this](const Candidate& each) { return !DropsMoreThanItsParents(each); });
    std::sort(candidates_.begin(), candidates_.end(), [](const Candidate& a, const Candidate& b) {
      if (a.z != b.z) {
        return a.z > b.z;
      }
      return a.terms.size() != b.terms.size() ? a.terms.size() < b.terms.size() : a.terms < b.terms;
    });
    candidates_.resize(std::min(candidates_.size(), static_cast<std::size_t>(options_.max_tested)));
  }

  FoundSlice Test(const Candidate& candidate) const {
    CohortColumn member{.name = "", .values = {""}, .value_of = {}};
    member.value_of.reserve(scores_.baseline.size());
    for (std::size_t row = 0; row < scores_.baseline.size(); ++row) {
      const bool is_member = std::all_of(
          candidate.terms.begin(), candidate.terms.end(),
          [&](const Term& term) { return cohorts_[term.column].value_of[row] == term.value; });
      member.value_of.push_back(is_member ? 0 : -1);
    }
    const PairedSummary summary =
        SummarizePairs(Restrict(scores_, halves_.test), std::span(&member, 1), parallel_for_,
                       options_.test.cluster_of)[1];
    FoundSlice slice{.search_rows = candidate.num_rows,
                     .search_delta = candidate.delta,
                     .num_rows = summary.num_rows,
                     .baseline = summary.baseline,
                     .candidate = summary.candidate,
                     .delta = summary.delta};
    for (const Term& term : candidate.terms) {
      const CohortColumn& cohort = cohorts_[term.column];
      slice.terms.push_back(absl::StrFormat("%s=%s", cohort.name,
                                            cohort.values[static_cast<std::size_t>(term.value)]));
    }
    const std::optional<GateBounds> bounds =
        BoundsOf(MakeGateEvidence(summary, scores_.metric), 0, options_.alpha);
    if (bounds.has_value()) {
      const bool is_higher_better = scores_.metric.direction == Direction::kHigher;
      slice.lower = is_higher_better ? bounds->lower : -bounds->upper;
      slice.upper = is_higher_better ? bounds->upper : -bounds->lower;
      slice.p = bounds->p;
    }
    return slice;
  }

  void Adjust(std::vector<FoundSlice>& slices) const {
    std::vector<double> p;
    p.reserve(slices.size());
    for (const FoundSlice& slice : slices) {
      p.push_back(slice.p);
    }
    const std::vector<double> q = BenjaminiHochbergAdjusted(p);
    for (std::size_t i = 0; i < slices.size(); ++i) {
      slices[i].q = q[i];
    }
    std::stable_sort(
        slices.begin(), slices.end(),
        [this](const FoundSlice& a, const FoundSlice& b) { return SureDrop(a) > SureDrop(b); });
  }

  // The drop that is left at the favourable end of the bounds.
  double SureDrop(const FoundSlice& slice) const {
    if (!slice.upper.has_value()) {
      return -std::numeric_limits<double>::infinity();
    }
    return scores_.metric.direction == Direction::kHigher ? -*slice.upper : *slice.lower;
  }

  const PairedScores& scores_;
  const std::span<const CohortColumn> cohorts_;
  const ParallelFor& parallel_for_;
  const SliceSearchOptions& options_;
  const Halves halves_;
  std::int64_t num_searched_ = 0;
  std::vector<Candidate> candidates_;
  std::map<Terms, double> drop_of_;
};

}  // namespace

absl::StatusOr<SliceFindings> FindRegressedSlices(const PairedScores& scores,
                                                  std::span<const CohortColumn> cohorts,
                                                  const ParallelFor& parallel_for,
                                                  const SliceSearchOptions& options) {
  if (scores.metric.direction == Direction::kNone || scores.metric.kind == MetricKind::kCorpus) {
    return absl::InvalidArgumentError(
        absl::StrFormat("metric: has no direction or no row scores, so no slice can be worse: '%s'",
                        scores.metric.id));
  }
  if (options.min_rows < 2 || options.max_terms < 1 || options.max_terms > 3 ||
      options.max_tested < 1 || !(options.alpha > 0 && options.alpha < 0.5)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "slice search: expected min_rows >= 2, max_terms 1 to 3, max_tested >= 1 and alpha in "
        "(0, 0.5): %d, %d, %d, %g",
        options.min_rows, options.max_terms, options.max_tested, options.alpha));
  }
  Search search(scores, cohorts, parallel_for, options);
  return search.Run();
}

}  // namespace assay
